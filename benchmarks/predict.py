"""Rows a second of `hagane predict`, beside training's encoding, beside reading and scoring alone, and scikit-learn.

    python benchmarks/predict.py [--rows 2_000_000] [--repeats 3] [--families logistic_reg,…] [--data ../shared/data]

The rows are those of Adult (14 columns that are read, 8 of them STRING), again and again, `fnlwgt` drawn anew. The
measurements take turns in one process, so that whatever else the machine does falls on all alike; medians are shown.
The limit is what no writer can go below: the rows are read, ONNX Runtime runs the whole graph, nothing is kept.
scikit-learn's pipeline (one-hot, scaling, logistic regression) reads Parquet by batches into pandas, and writes its
probabilities, predictions and the columns with pyarrow.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from hagane.bundle.bundle import Bundle
from hagane.data.column_data import columns_data
from hagane.data.open_table import open_table
from hagane.features.encode import encode
from hagane.features.label import fit_label
from hagane.features.ordered_map import ordered_map
from hagane.features.transform import Transform
from hagane.spec.spec import Model, Spec
from hagane.usable_cores import usable_cores
from hagane.workflow.predict import predict_file
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

NAMES = """age workclass fnlwgt education education_num marital_status occupation relationship race sex capital_gain
    capital_loss hours_per_week native_country income""".split()  # noqa: SIM905 — fifteen lines otherwise
NUMBERS = ("age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week")
LABEL = NAMES[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=lambda text: int(text.replace("_", "")), default=2_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--families", default="logistic_reg,dnn_classifier,boosted_tree_classifier")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        adult = read_adult(arguments.data / "adult" / "adult.data")
        source = repeated(adult, arguments.rows, folder / "rows.parquet")
        workspace = Workspace(folder / "workspace")
        for family in arguments.families.split(","):
            trained = train(Spec(data="f", label=LABEL, model=Model(type=family)), workspace=workspace, frame=adult)
            work = measurements(trained.bundle, source, folder, workspace)
            if family == "logistic_reg":
                work["scikit-learn"] = scikit_learn(adult.to_pandas(), source, folder)
            report(family, arguments.rows, take_turns(work, arguments.repeats))


def read_adult(path: Path) -> pa.Table:
    table = pa.csv.read_csv(path, read_options=pa.csv.ReadOptions(column_names=NAMES))
    texts = {name: pc.utf8_trim_whitespace(table[name]) for name in NAMES if name not in NUMBERS}
    return pa.table({name: texts.get(name, table[name]) for name in NAMES})


def repeated(table: pa.Table, rows: int, path: Path) -> Path:
    random, written = np.random.default_rng(0), 0
    with pq.ParquetWriter(path, table.schema) as writer:
        while written < rows:
            part = table.slice(0, rows - written)
            drawn = pa.array(random.integers(10_000, 1_500_000, len(part)))
            writer.write_table(part.set_column(NAMES.index("fnlwgt"), "fnlwgt", drawn))
            written += len(part)
    return path


def measurements(bundle: Path, source: Path, folder: Path, workspace: Workspace) -> dict[str, Callable[[], Any]]:
    """What is measured, by name; the limit last."""
    loaded, out = Bundle.load(bundle), folder / "out.parquet"
    transform = Transform.from_json(loaded.document("transform.json"))
    label = fit_label(open_table(source), LABEL, "classification")

    def encoded() -> None:
        encode(open_table(source), transform, label, folder / "encoded")
        shutil.rmtree(folder / "encoded")

    def limit() -> None:
        table = open_table(source)
        schema = table.schema.select(loaded.signature.names)
        batches = table.batches(schema.names, dictionary=True)
        threads = usable_cores()
        run = ordered_map(
            lambda batch: loaded.predict_columns(columns_data(batch, schema)), batches, num_threads=threads,
            waiting=threads + 2,
        )  # fmt: skip
        for _ in run:
            pass

    return {
        "predict": lambda: predict_file(bundle, str(source), out, workspace=workspace),
        "predict --columns ''": lambda: predict_file(bundle, str(source), out, workspace=workspace, columns=[]),
        "predict, a folder": lambda: predict_file(bundle, str(source), f"{folder}/parts/", workspace=workspace),
        "encode (training)": encoded,
        "read + whole graph": limit,
    }


def scikit_learn(adult: pd.DataFrame, source: Path, folder: Path) -> Callable[[], None]:
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    texts = [name for name in NAMES[:-1] if name not in NUMBERS]
    columns = make_column_transformer(
        (StandardScaler(), list(NUMBERS)), (OneHotEncoder(handle_unknown="ignore"), texts)
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=200)).fit(adult[NAMES[:-1]], adult[LABEL])

    def work() -> None:
        writer: pq.ParquetWriter | None = None
        with pq.ParquetFile(source) as file:
            for batch in file.iter_batches(65_536):
                frame = batch.to_pandas()
                probabilities = model.predict_proba(frame[NAMES[:-1]])
                found = pa.table(
                    {"predicted": model.classes_[probabilities.argmax(axis=1)], "prob": probabilities[:, 1]}
                )
                for name in NAMES:
                    found = found.append_column(name, batch[name])
                writer = writer or pq.ParquetWriter(folder / "sklearn.parquet", found.schema)
                writer.write_table(found)
        assert writer is not None
        writer.close()

    return work


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def take_turns(work: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[tuple[float, float]]]:
    costs: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
    for _ in range(repeats):
        for name, function in work.items():
            began, cpu = time.perf_counter(), cpu_seconds()
            function()
            costs[name].append((time.perf_counter() - began, cpu_seconds() - cpu))
    return costs


def report(family: str, rows: int, costs: dict[str, list[tuple[float, float]]]) -> None:
    print(f"\n{family}: {rows:,} rows, {usable_cores()} cores, {len(costs['predict'])} turns")
    medians = {name: [statistics.median(column) for column in zip(*runs, strict=True)] for name, runs in costs.items()}
    for name, (seconds, cpu) in medians.items():
        ratio = medians["predict"][1] / cpu
        print(
            f"{name:22s} {seconds:7.2f} s  {rows / seconds / 1e3:7.0f} k rows/s  {cpu:7.2f} s of CPU"
            f"  {rows / cpu / 1e3:7.0f} k rows/s of CPU; predict has {1 / ratio:.2f} of its rate"
        )


if __name__ == "__main__":
    main()
