"""What SQL costs beside what it stands for: CREATE MODEL, ML.PREDICT over a table, plain queries.

    python benchmarks/sql.py [--rows 10_000_000] [--training-rows 1_000_000] [--repeats 3] [--family logistic_reg]
                             [--only predict,create,queries] [--data ../shared/data]

`predict`: ML.PREDICT over a table of the workspace, read to its end (all columns, then counted by its answer), beside
`predict_batches`, which reads the same Parquet file, encodes, scores and keeps nothing. `create`: CREATE MODEL over a
table beside `train` of the very spec that the statement becomes. `queries`: a session's plain queries beside DuckDB's
own connection over the same file. The rows are those of Adult, again and again, `fnlwgt` drawn anew. What is compared
takes turns in one process; ratios are of medians, of seconds and of CPU seconds.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.data.open_table import open_table
from hagane.session.session import Session
from hagane.spec.spec import Model, Spec
from hagane.sql.parse_script import parse_script
from hagane.usable_cores import usable_cores
from hagane.workflow.predict import predict_batches
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace
from predict import LABEL, read_adult, repeated

QUERIES = {
    "sums by group": "SELECT education, sex, AVG(age) AS a, SUM(fnlwgt) AS f FROM people GROUP BY education, sex",
    "a join": (
        "SELECT COUNT(*) AS n, SUM(p.capital_gain) AS g FROM people p JOIN (SELECT occupation, AVG(age) AS age FROM "
        "people GROUP BY occupation) o USING (occupation) WHERE p.age > o.age"
    ),
    "a window": "SELECT MAX(r) AS r FROM (SELECT ROW_NUMBER() OVER (PARTITION BY education ORDER BY fnlwgt) AS r "
    "FROM people)",
    "few rows": "SELECT COUNT(*) AS n FROM people WHERE fnlwgt < 0",
}
Work = Mapping[str, Callable[[], Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=_number, default=10_000_000)
    parser.add_argument("--training-rows", type=_number, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--family", default="logistic_reg")
    parser.add_argument("--only", default="predict,create,queries")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        adult = read_adult(arguments.data / "adult" / "adult.data")
        adult = adult.rename_columns([each.replace("-", "_") for each in adult.column_names])
        asked = arguments.only.split(",")
        if "predict" in asked:
            predict(adult, arguments, folder)
        if "create" in asked:
            create(adult, arguments, folder)
        if "queries" in asked:
            queries(adult, arguments, folder)


def predict(adult: pa.Table, arguments: argparse.Namespace, folder: Path) -> None:
    """ML.PREDICT: at least 0.8 of the rate of encoding and predicting."""
    source = repeated(adult, arguments.rows, folder / "rows.parquet")
    session = Session(folder / "predict")
    spec = Spec(data="f", name="income", label=LABEL, model=Model(type=arguments.family))
    bundle = Bundle.load(train(spec, workspace=session.state.workspace, frame=adult).bundle)
    session.sql(f"CREATE TABLE people AS SELECT * FROM '{source}'")
    call = "ML.PREDICT(MODEL income, TABLE people)"
    counted = f"SELECT predicted_{LABEL} AS label, COUNT(*) AS n FROM {call} GROUP BY label ORDER BY label"

    def plain() -> None:
        deque(predict_batches(bundle, open_table(str(source))), maxlen=0)

    work = {
        "encode and predict": plain,
        "ML.PREDICT, all columns": lambda: deque(session.sql(f"SELECT * FROM {call}").batches(), maxlen=0),
        "ML.PREDICT, counted": lambda: session.sql(counted).arrow(),
        "ML.PREDICT, LIMIT 10": lambda: session.sql(f"SELECT * FROM {call} LIMIT 10").arrow(),
    }
    report(f"ML.PREDICT: {arguments.family}, {arguments.rows:,} rows", take_turns(work, arguments.repeats))


def create(adult: pa.Table, arguments: argparse.Namespace, folder: Path) -> None:
    """CREATE MODEL: at most 1.2 of what the Python API takes for the same spec."""
    from hagane.workflow.statement_spec import statement_spec

    source = repeated(adult, arguments.training_rows, folder / "training.parquet")
    session = Session(folder / "create")
    session.sql(f"CREATE TABLE people AS SELECT * FROM '{source}'")
    options = f"model_type = '{arguments.family.upper()}', input_label_cols = ['{LABEL}']"
    statement = f"CREATE OR REPLACE MODEL income OPTIONS ({options}) AS SELECT * FROM people"
    (parsed,) = parse_script(statement)
    spec = statement_spec(parsed).spec
    number = [0]

    def fresh(name: str) -> Workspace:
        """Nothing that was encoded before is found in the cache."""
        number[0] += 1
        return Workspace(folder / f"{name}-{number[0]}")

    def by_sql() -> None:
        again = Session(fresh("sql"))
        again.sql(f"CREATE VIEW people AS SELECT * FROM '{source}'")
        again.sql(statement)

    work = {"Python": lambda: train(_over(spec, source), workspace=fresh("python")), "CREATE MODEL": by_sql}
    report(f"CREATE MODEL: {arguments.family}, {arguments.training_rows:,} rows", take_turns(work, arguments.repeats))


def _over(spec: Any, source: Path) -> Any:
    from msgspec.structs import replace

    own = {"dialect": "duckdb"} if "dialect" in spec.__struct_fields__ else {}
    return replace(spec, data=str(source), tables={}, **own)


def queries(adult: pa.Table, arguments: argparse.Namespace, folder: Path) -> None:
    """Plain queries: DuckDB's speed within 5 %."""
    source = repeated(adult, arguments.rows, folder / "queried.parquet")
    session = Session(folder / "queries")
    session.sql(f"CREATE TABLE people AS SELECT * FROM '{source}'")
    (table,) = (session.state.workspace.root / "tables").rglob("*.parquet")
    connection = duckdb.connect()
    connection.execute("SET threads = " + str(usable_cores()))
    connection.execute(f"CREATE VIEW people AS SELECT * FROM '{table}'")
    for name, query in QUERIES.items():
        work = {
            "DuckDB": lambda query=query: connection.sql(query).to_arrow_table(),
            "session": lambda query=query: session.sql(query).arrow(),
        }
        report(f"{name}, {arguments.rows:,} rows", take_turns(work, max(5, arguments.repeats)))


def take_turns(work: Work, repeats: int) -> dict[str, list[tuple[float, float]]]:
    costs: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
    for _ in range(repeats):
        for name, function in work.items():
            began, cpu = time.perf_counter(), _cpu_seconds()
            function()
            costs[name].append((time.perf_counter() - began, _cpu_seconds() - cpu))
    return costs


def report(title: str, costs: Mapping[str, list[tuple[float, float]]]) -> None:
    """Medians, and those of the first as shares of each."""
    print(f"\n{title}, {usable_cores()} cores")
    medians = {name: [statistics.median(column) for column in zip(*runs, strict=True)] for name, runs in costs.items()}
    first = next(iter(medians.values()))
    for name, (seconds, cpu) in medians.items():
        print(
            f"{name:26s} {seconds:8.3f} s  {cpu:8.3f} s of CPU   "
            f"time × {seconds / first[0]:.2f}, CPU × {cpu / max(first[1], 1e-9):.2f}; "
            f"{first[0] / seconds:.2f} of the rate"
        )


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _number(text: str) -> int:
    return int(text.replace("_", ""))


if __name__ == "__main__":
    main()
