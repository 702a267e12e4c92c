"""Hagane's side of `benchmarks/automl.py`.

    python -m peers.hagane_automl_contender FILE LABEL METRIC SECONDS FOLDER ANSWER

`automl` with a budget on the rows of FILE whose `part` is TRAIN, all of them (`split: none`: the test rows are the
benchmark's own), then the bundle's answers to those whose part is TEST; what one row takes through `Bundle.predict`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from peers.automl_answer import Answer, clocked_rows, folder_bytes


def main() -> None:
    began, processor = time.perf_counter(), time.process_time()
    file, label, metric, seconds, folder, answer = sys.argv[1:]
    from hagane.bundle.bundle import Bundle
    from hagane.data.open_table import open_table
    from hagane.spec.spec import Model, Spec, Split
    from hagane.spec.write_brief_yaml import write_brief_yaml
    from hagane.workflow.automl import automl
    from hagane.workflow.instances import instances_of
    from hagane.workflow.predict import predict_batches
    from hagane.workspace.workspace import Workspace

    rows = f"SELECT * EXCLUDE (part) FROM read_parquet('{file}') WHERE part = '{{part}}'"
    left = float(seconds) - (time.perf_counter() - began)  # imports are in the budget
    spec = Spec(
        data=rows.format(part="TRAIN"), label=label, split=Split(method="none"),
        model=Model(options={"budget": f"{left:.1f}s", "optimization_objective": metric}),
    )  # fmt: skip
    found = automl(spec, workspace=Workspace(Path(folder)))
    fitted = time.perf_counter() - began, time.process_time() - processor
    bundle, test = Bundle.load(found.trained.bundle), open_table(rows.format(part="TEST"))
    scores = [score for batch, _ in predict_batches(bundle, test) for score in _scores(batch, label, bundle)]
    one = next(iter(test.batches(bundle.signature.names, batch_rows=1000)))
    instances = instances_of(one)
    Answer(
        scores=scores,
        wall_seconds=fitted[0],
        processor_seconds=fitted[1],
        row_milliseconds=clocked_rows(lambda number: bundle.predict([instances[number]]), len(instances)),
        num_bytes=folder_bytes(found.trained.bundle),
        about="\n".join([*found.because, *(f"{step.step}: {step.seconds:.1f} s" for step in found.steps),
                         write_brief_yaml(found.spec)]),
    ).write(Path(answer))  # fmt: skip


def _scores(batch, label, bundle):  # type: ignore[no-untyped-def]
    """Of a batch of predictions: probabilities of the higher class, or numbers."""
    if bundle.signature.task == "regression":
        return batch.column(f"predicted_{label}").to_pylist()
    higher = bundle.signature.classes[-1]
    probabilities = batch.column(f"predicted_{label}_probs").to_pylist()
    return [next(each["prob"] for each in row if each["label"] == higher) for row in probabilities]


if __name__ == "__main__":
    main()
