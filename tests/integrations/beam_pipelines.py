"""`python beam_pipelines.py BUNDLE OTHER_BUNDLE ROWS`: pipelines on Beam's local runner; what they gave, as JSON.

Runs in Beam's own environment, with no more of Hagane's packages than `pip install hagane` brings. ROWS is a JSON list.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileSystem
from apache_beam.metrics import MetricsFilter
from apache_beam.ml.inference.base import KeyedModelHandler, ModelMetadata, RunInference
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.util import assert_that, equal_to

from hagane.integrations.beam import ArrowBundleModelHandler, BadRow, BundleModelHandler

FOUND: dict[str, Any] = {}


class Elsewhere(FileSystem):  # type: ignore[misc]
    """`elsewhere://…`: a store of objects, which only Beam's file systems reach."""

    place = Path()

    @classmethod
    def scheme(cls) -> str:
        return "elsewhere"

    def join(self, base: str, *paths: str) -> str:
        return "/".join([base.rstrip("/"), *paths])

    def split(self, path: str) -> tuple[str, str]:
        head, _, tail = path.rpartition("/")
        return head, tail

    def open(self, path: str, mime_type: str = "", compression_type: str = CompressionTypes.AUTO) -> Any:
        try:
            return (Elsewhere.place / path.removeprefix("elsewhere://")).open("rb")
        except OSError as error:
            raise BeamIOError(str(error)) from error

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    mkdirs = has_dirs = _list = create = copy = rename = exists = size = last_updated = checksum = delete = _refuse
    metadata = _refuse


class Passenger(NamedTuple):
    x: float | None
    k: int | None
    job: str | None


def gathered(name: str, pcollection: Any) -> None:
    """Keep a collection's elements, of whatever worker, as JSON in a file."""
    place = Path.cwd() / f"{name}.json"

    def keep(elements: Any) -> None:
        place.write_text(f"[{','.join(elements)}]")

    assert_that(pcollection | f"{name} as JSON" >> beam.Map(as_json), keep, label=f"{name} gathered")


def as_json(element: Any) -> str:
    def plain(value: Any) -> Any:
        if isinstance(value, pa.RecordBatch):
            return value.to_pylist()
        if isinstance(value, BadRow):
            return {"faults": value.faults}
        return value.as_dict() if isinstance(value, beam.Row) else str(value)

    return json.dumps(element, default=plain)


def run(build: Callable[[beam.Pipeline], Any], *options: str) -> Any:
    pipeline = beam.Pipeline(options=PipelineOptions(["--runner=DirectRunner", *options]))
    build(pipeline)
    result = pipeline.run()
    result.wait_until_finish()
    return result


def main(bundle: str, other: str, rows: list[dict[str, Any]]) -> None:
    handler = BundleModelHandler(bundle, max_batch_size=7)
    FOUND["pickled"] = len(pickle.dumps(handler))

    def of_rows(pipeline: beam.Pipeline) -> None:
        created = pipeline | beam.Create(rows)
        gathered("dicts", created | "at most 7" >> RunInference(handler))
        typed = created | beam.Map(lambda row: beam.Row(**row))
        gathered("beam rows", typed | "rows" >> RunInference(BundleModelHandler(bundle)))
        named = created | beam.Map(lambda row: Passenger(**row))
        gathered("named tuples", named | "tuples" >> RunInference(BundleModelHandler(bundle)))
        keyed = created | beam.Map(lambda row: (row["k"], row))
        gathered("keyed", keyed | "keyed" >> RunInference(KeyedModelHandler(BundleModelHandler(bundle))))

    result = run(of_rows)
    distributions = result.metrics().query(MetricsFilter().with_namespace("BeamML_Hagane"))["distributions"]
    FOUND["metrics"] = sorted({metric.key.metric.name for metric in distributions})
    sizes = [each for each in distributions if each.key.metric.name == "inference_request_batch_size"]
    FOUND["most rows of a batch"] = [(each.key.step, each.result.max) for each in sizes]

    def of_batches(pipeline: beam.Pipeline) -> None:
        batches = [pa.RecordBatch.from_pylist(rows[start : start + 10]) for start in range(0, len(rows), 10)]
        gathered("arrow", pipeline | beam.Create(batches) | RunInference(ArrowBundleModelHandler(bundle)))

    run(of_batches)

    def of_bad_rows(pipeline: beam.Pipeline) -> None:
        bad = [*rows[:5], {"x": "wide", "k": 1.5, "job": "pilot"}, {"xx": 1.0}]
        created = pipeline | beam.Create(bad)
        gathered("returned", created | RunInference(BundleModelHandler(bundle, bad_rows="return")))
        raising = BundleModelHandler(bundle, max_batch_size=1)
        good, failed = created | "set aside" >> RunInference(raising).with_exception_handling()
        gathered("good", good)
        gathered("failed", failed.failed_inferences | beam.Map(lambda each: (each[0], repr(each[1][1])[:200])))

    run(of_bad_rows)

    def updated(pipeline: beam.Pipeline) -> None:
        told = pipeline | "told" >> beam.Create([ModelMetadata(model_id=other, model_name="other")])
        inferred = pipeline | beam.Create(rows[:3]) | RunInference(handler, model_metadata_pcoll=told)
        gathered("updated", inferred)

    run(updated)

    def in_processes(pipeline: beam.Pipeline) -> None:
        inferred = pipeline | beam.Create(rows) | beam.Reshuffle() | RunInference(BundleModelHandler(bundle))
        total = inferred | beam.combiners.Count.Globally()
        assert_that(total, equal_to([len(rows)]))

    run(in_processes, "--direct_running_mode=multi_processing", "--direct_num_workers=2")

    Elsewhere.place = Path(bundle).parent
    FOUND["fetched"] = BundleModelHandler(f"elsewhere://{Path(bundle).name}").load_model().bundle_id
    for name, uri in (("nowhere", "elsewhere://nowhere"), ("no folder", "/nowhere/at/all")):
        try:
            BundleModelHandler(uri).load_model()
        except Exception as error:
            FOUND[name] = f"{type(error).__name__}: {error}"
    FOUND["modules"] = sorted({"duckdb", "torch", "onnx", "sklearn", "lightgbm"} & set(sys.modules))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(Path(sys.argv[3]).read_text()))
    FOUND |= {path.stem: json.loads(path.read_text()) for path in Path.cwd().glob("*.json")}
    sys.stdout.write("\n" + json.dumps(FOUND) + "\n")
