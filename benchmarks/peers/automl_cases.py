"""What `benchmarks/automl.py` asks of every system: tables, their label, and which rows are for testing."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import NamedTuple

import duckdb

from hagane.data.open_table import open_table
from hagane.fronts.demo_data import QUERY, unpack_flights

ADULT = ("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship")
ADULT += ("race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income")
TEST_SHARE = 0.2


class Case(NamedTuple):
    """A table to learn from."""

    label: str
    metric: str
    """`roc_auc`, or `root_mean_squared_error`."""
    query: str
    """DuckDB's SQL of all rows; `{folder}` is where the data lie, `{work}` a folder of the benchmark's own."""

    @property
    def is_number(self) -> bool:
        """Whether a number is predicted."""
        return self.metric == "root_mean_squared_error"


def _adult(file: str, skip: int) -> str:
    names = ", ".join(f"'{name}': '{'BIGINT' if name in _NUMBERS else 'VARCHAR'}'" for name in ADULT)
    return (
        f"SELECT * REPLACE (rtrim(income, '.') AS income) FROM read_csv('{{folder}}/adult/{file}', header = false, "
        f"skip = {skip}, delim = ', ', nullstr = '?', columns = {{{{{names}}}}})"
    )


_NUMBERS = ("age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week")

CASES: dict[str, Case] = {
    "adult": Case("income", "roc_auc", f"{_adult('adult.data', 0)} UNION ALL {_adult('adult.test', 1)}"),
    "bank_marketing": Case(
        "y", "roc_auc",
        "SELECT * EXCLUDE (duration) FROM read_csv('{work}/bank-additional-full.csv', delim = ';', header = true)",
    ),  # the duration is known only after the call
    "california_housing": Case(
        "median_house_value", "root_mean_squared_error", "FROM read_csv('{folder}/california_housing/housing.csv')"
    ),
    "chicago_taxi": Case(
        "big_tip", "roc_auc",
        "SELECT tips > 0.2 * fare AS big_tip, * EXCLUDE (tips, payment_type) "
        "FROM read_csv('{folder}/chicago_taxi/data.csv') WHERE tips IS NOT NULL AND fare IS NOT NULL",
    ),  # only trips that were paid by card have a tip on record
    "flights": Case("late", "roc_auc", QUERY),
}  # fmt: skip


def write_case(name: str, seed: int, shared: Path, folder: Path) -> Path:
    """A Parquet file of the case's rows with a column `part`, TRAIN or TEST, drawn with `seed`; made once."""
    file = folder / f"{name}-{seed}.parquet"
    if file.is_file():
        return file
    folder.mkdir(parents=True, exist_ok=True)
    query = CASES[name].query.format(folder=_source(name, shared, folder), work=folder)
    partial = file.with_suffix(".partial")
    with duckdb.connect() as engine:
        engine.register("given", open_table(query).query("SELECT * FROM data"))
        engine.execute("CREATE TEMP TABLE rows AS FROM given")
        engine.execute(
            f"COPY (SELECT *, CASE WHEN (hash(rowid, {seed}::BIGINT) >> 32) < {TEST_SHARE} * 4294967296 "
            f"THEN 'TEST' ELSE 'TRAIN' END AS part FROM rows ORDER BY rowid) TO '{partial}' (FORMAT parquet)"
        )
    partial.rename(file)
    return file


def _source(name: str, shared: Path, folder: Path) -> Path:
    """Where the data lie, unpacked where DuckDB cannot."""
    if name == "flights":
        return unpack_flights(folder / "flights")
    if name == "bank_marketing" and not (plain := folder / "bank-additional-full.csv").is_file():
        with gzip.open(shared / name / "bank-additional-full.csv.gz") as packed, plain.open("wb") as file:
            shutil.copyfileobj(packed, file)
    return shared
