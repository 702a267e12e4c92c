"""`find_outliers`: the rows that rules, fences or a forest call outliers, in one scan behind those that learn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from hagane.anomalies.bind_conditions import bind_conditions
from hagane.anomalies.fence import learn_fences, sampled_sql
from hagane.anomalies.isolation_forest import IsolationForest, scorable
from hagane.counted import counted
from hagane.data.check_pages import check_pages
from hagane.data.engine import quote_name
from hagane.data.no_rows import no_rows
from hagane.data.origin import parquet_sql
from hagane.data.table import BATCH_ROWS, ROW, Table, conform
from hagane.errors import DataError, Fault
from hagane.number_text import brief_text
from hagane.progress import SILENT, Progress
from hagane.spec.outliers import IsolationScore, Outliers
from hagane.sql.to_duckdb import to_duckdb
from hagane.types import Schema
from hagane.write_aside import write_aside

FOREST_ROWS = 65_536
"""A forest is fitted on at most about as many rows; each of its trees looks at 256."""
EXPLAINED_ROWS = 10_000
"""For at most as many outliers the columns that raise their scores are worked out."""
BY_SCORE = "isolation_score"
FOUND_SCHEMA = pa.schema(
    {
        ROW: pa.int64(),
        "hagane_outlier_rules": pa.list_(pa.string()),
        "hagane_isolation_score": pa.float64(),
        "hagane_outlier_columns": pa.list_(pa.string()),
    }
)
"""The columns of the file that says which rows are outliers."""


@dataclass(frozen=True, slots=True)
class FoundOutliers:
    """The outliers of a table, on disk."""

    path: Path
    """A Parquet file of `FOUND_SCHEMA`, in the engine's folder; by ascending `ROW`."""
    digest: str
    """Of the rows' numbers."""
    count: int
    num_rows: int
    """Rows looked at."""
    counts: dict[str, int]
    """Rule → rows that it found."""
    threshold: float | None
    notes: tuple[str, ...]

    @property
    def sql(self) -> str:
        """What stands after FROM in DuckDB."""
        return parquet_sql([self.path])

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """[count] the numbers (`ROW`) of the outliers, ascending."""
        rows: npt.NDArray[np.int64] = pq.read_table(self.path, columns=[ROW])[ROW].to_numpy()
        return rows


@dataclass(frozen=True, slots=True)
class _Forest:
    forest: IsolationForest
    threshold: float


def find_outliers(
    table: Table, outliers: Outliers, *, columns: Sequence[str], seed: int = 0, progress: Progress = SILENT
) -> FoundOutliers:
    """Every row of `table` that is an outlier; `columns` are those that the forest looks at.

    The same table and seed give the same rows. Raises ExpressionError for a rule that cannot be bound, DataError where
    more than `max_fraction` of the rows are outliers.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> table = open_table(pa.table({"x": [1.0, 2.0, 3.0, 4.0, 99.0]}))
    >>> find_outliers(table, Outliers(iqr={"x": 3}, max_fraction=0.5), columns=()).counts
    {'iqr.x': 1}
    """
    conditions = bind_conditions(outliers.rules, table.schema, where="outliers.rules")
    check_pages(table, progress)
    fences = learn_fences(table, outliers)
    tests = {f"rules.{name}": to_duckdb(condition) for name, condition in conditions.items()}
    tests |= {fence.rule: fence.sql for fence in fences.fences}
    forest = _fit(table, outliers.isolation_score, columns, seed, progress)
    counts = dict.fromkeys([*tests, *([BY_SCORE] if outliers.isolation_score else [])], 0)
    path, digest = table.engine.new_file("outliers", ".parquet"), hashlib.sha256()
    found = explained = 0
    with pq.ParquetWriter(path, FOUND_SCHEMA) as writer, progress.phase("outliers", total=table.num_rows) as phase:
        for batch in _batches(table, tests, forest):
            rows, hits = _look(batch, counts, forest, EXPLAINED_ROWS - explained)
            writer.write_table(hits)
            digest.update(hits.column(ROW).to_numpy().tobytes())
            found, explained = found + hits.num_rows, explained + hits.num_rows
            phase.advance(rows)
    _check_share(found, table.num_rows, outliers)
    threshold = forest.threshold if forest else None
    return FoundOutliers(path, digest.hexdigest(), found, table.num_rows, counts, threshold, fences.notes)


def copy_outliers(table: Table, found: FoundOutliers, path: Path) -> None:
    """Write the outliers of `table`, every column and why, to the Parquet file `path`, whole or not at all."""
    own = [name for name in FOUND_SCHEMA.names if name != ROW and name not in table.schema]
    more = ", ".join(f"found.{name}" for name in own)
    kept = ", ".join(f"rows.{quote_name(name)}" for name in table.schema.names)
    sql = (
        f"SELECT {kept}, {more}, rows.{ROW} + 1 AS {ROW} FROM data AS rows "
        f"JOIN {found.sql} AS found ON rows.{ROW} = found.{ROW} ORDER BY rows.{ROW}"
    )
    views = {"data": table.sql(with_row=True)}

    def copy(aside: Path) -> None:
        quoted = str(aside).replace("'", "''")
        table.engine.run(f"COPY ({sql}) TO '{quoted}' (FORMAT parquet)", views=views)

    write_aside(path, copy)


def _fit(
    table: Table, wanted: IsolationScore | None, columns: Sequence[str], seed: int, progress: Progress
) -> _Forest | None:
    if wanted is None:
        return None
    with progress.phase("isolation forest", total=None) as phase:
        forest = _fit_forest(table, wanted, columns, seed)
        phase.advance(min(table.num_rows, FOREST_ROWS))
    return forest


def _fit_forest(table: Table, wanted: IsolationScore, columns: Sequence[str], seed: int) -> _Forest:
    schema = scorable(table.schema.select(tuple(columns)).columns)
    listed = ", ".join(map(quote_name, schema.names))
    sql = f"SELECT {listed} FROM data WHERE {sampled_sql(table, FOREST_ROWS)} ORDER BY {ROW}"
    if not len(schema):
        step = "name others under isolation_score.columns"
        raise DataError(
            Fault(what="no column is there to score rows by", where="outliers.isolation_score", next_step=step)
        )
    sample = table.query(sql, with_row=True).combine_chunks()
    if not sample.num_rows:
        raise DataError(no_rows(table))
    batch = conform(sample.to_batches()[0], schema)
    forest = IsolationForest(batch, schema, seed=seed)
    if wanted.threshold is not None:
        return _Forest(forest, wanted.threshold)
    assert wanted.contamination is not None
    scores = forest.score(batch)
    return _Forest(forest, float(np.quantile(scores, 1 - wanted.contamination, method="higher")))


def _batches(table: Table, tests: dict[str, str], forest: _Forest | None) -> Iterator[pa.RecordBatch]:
    """ROW, what each test says, and the forest's columns; streamed in the table's order."""
    names = forest.forest.schema.names if forest else ()
    told = [f"coalesce({sql}, false) AS hagane_test_{i}" for i, sql in enumerate(tests.values())]
    listed = ", ".join([ROW, *told, *map(quote_name, names)])
    sql, views = f"SELECT {listed} FROM data", {"data": table.sql(with_row=True)}
    return table.engine.batches(sql, BATCH_ROWS, views=views)


def _look(
    batch: pa.RecordBatch, counts: dict[str, int], forest: _Forest | None, num_explained: int
) -> tuple[int, pa.Table]:
    """How many rows the batch has, and its outliers; `counts` grow."""
    num_tests = len(counts) - (BY_SCORE in counts)
    hits = [batch.column(1 + i).to_numpy(zero_copy_only=False) for i in range(num_tests)]
    scores = np.full(batch.num_rows, np.nan)
    schema = forest.forest.schema if forest else Schema(())
    columns = conform(batch.select([1 + num_tests + i for i in range(len(schema))]), schema) if forest else batch
    if forest is not None:
        scores = forest.forest.score(columns)
        hits.append(scores > forest.threshold)
    told = np.stack(hits, axis=1) if hits else np.zeros((batch.num_rows, 0), np.bool_)
    for name, hit in zip(counts, told.T, strict=True):
        counts[name] += int(hit.sum())
    chosen = np.flatnonzero(told.any(axis=1))
    causes = _causes(columns, chosen, num_explained, forest)
    rules = [[name for name, hit in zip(counts, told[i], strict=True) if hit] for i in chosen]
    score = pa.array(scores[chosen], mask=np.isnan(scores[chosen]))
    rows = batch.column(0).take(pa.array(chosen)).cast(pa.int64())
    arrays = [rows, pa.array(rules, pa.list_(pa.string())), score, pa.array(causes, pa.list_(pa.string()))]
    return batch.num_rows, pa.Table.from_arrays(arrays, schema=FOUND_SCHEMA)


def _causes(
    columns: pa.RecordBatch, chosen: npt.NDArray[np.int64], most: int, forest: _Forest | None
) -> list[tuple[str, ...] | None]:
    """The columns that raise the score of each chosen row; None beyond the first `most`."""
    explained = chosen[: max(0, most)]
    if forest is None or not len(explained):
        return [None] * len(chosen)
    found = forest.forest.contributions(columns.take(pa.array(explained)))
    return [*found, *([None] * (len(chosen) - len(found)))]


def _check_share(found: int, num_rows: int, outliers: Outliers) -> None:
    if found > outliers.max_fraction * num_rows:
        share = f"{brief_text(100 * found / num_rows, 3)} %"
        raise DataError(
            Fault(
                what=f"{found:,} of {counted(num_rows, 'row')} ({share}) are outliers",
                where="outliers",
                expected=f"at most {brief_text(100 * outliers.max_fraction, 3)} % (outliers.max_fraction)",
                next_step="make the rules less strict, or raise the limit",
            )
        )
