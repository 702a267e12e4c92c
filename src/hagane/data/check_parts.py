"""`check_parts`: a part without rows is refused, with what the rows themselves say of the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hagane.counted import counted
from hagane.data.engine import quote_name
from hagane.data.no_rows import no_rows
from hagane.data.part_names import PART_NAMES
from hagane.data.table import Table
from hagane.errors import DataError, Fault
from hagane.spec.spec import Split

MOST_NAMED = 10


def check_parts(table: Table, split: Split, counts: tuple[int, int, int]) -> None:
    """Raise DataError where a part that was asked for has none of `table`'s rows; `counts` are of train, eval and test.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> check_parts(open_table(pa.table({"age": [3, 3, 3]})), Split(), (3, 0, 0))
    Traceback (most recent call last):
    hagane.errors.DataError: the split leaves eval and test without rows
      where: split (random)
      expected: at least one row in each part that was asked for
      received: train 3, eval 0, test 0 of 3 rows; equal rows share a part, and no two rows differ
      next: bring more rows, other fractions, or another method; `method: none` trains on everything
    """
    by_fraction = split.method in ("random", "key", "time")
    asked = (True, by_fraction and split.eval_fraction > 0, by_fraction and split.test_fraction > 0)
    empty = [name for name, count, is_asked in zip(PART_NAMES, counts, asked, strict=True) if is_asked and not count]
    if not sum(counts):
        raise DataError(no_rows(table))
    if empty:
        present = _present(table)
        raise DataError(_without_values(present, split) or _empty(table, split, counts, empty, present))


def _without_values(present: Mapping[str, int], split: Split) -> Fault | None:
    """The fault of a table in which nothing stands, or nothing to divide the rows by."""
    if not any(present.values()):
        step = "look at the file, or at what the data query gives"
        return Fault(what="there are no values: every column is NULL in every row", next_step=step)
    if split.column is None or present[split.column]:
        return None
    return Fault(
        what=f"the column {split.column!r} is NULL in every row: it cannot divide them",
        where="split.column",
        next_step="choose another column, or another method",
    )


def _empty(
    table: Table, split: Split, counts: tuple[int, int, int], empty: list[str], present: Mapping[str, int]
) -> Fault:
    shown = ", ".join(f"{name} {count:,}" for name, count in zip(PART_NAMES, counts, strict=True))
    return Fault(
        what=f"the split leaves {' and '.join(empty)} without rows",
        where=f"split ({split.method}{f' by {split.column}' if split.column else ''})",
        expected="at least one row in each part that was asked for",
        received="; ".join(
            [f"{shown} of {counted(sum(counts), 'row')}", *_reasons(table, split, sum(counts), present)]
        ),
        next_step="bring more rows, other fractions, or another method; `method: none` trains on everything",
    )


def _reasons(table: Table, split: Split, num_rows: int, present: Mapping[str, int]) -> Iterator[str]:
    if split.method not in ("random", "key"):
        return
    by_key = split.method == "key" and split.column is not None
    hashed = ", ".join(map(quote_name, [str(split.column)] if by_key else table.schema.names))
    distinct = int(table.query(f"SELECT count(DISTINCT hash({hashed})) AS n FROM data")["n"][0].as_py())
    if by_key:
        values = counted(distinct, "value")
        yield f"rows of one key share a part, and {split.column} has {values}"
    elif distinct == 1:
        yield "equal rows share a part, and no two rows differ"
    elif distinct < num_rows:
        yield f"equal rows share a part, and no more than {distinct:,} of them differ"
    if without := [name for name, count in present.items() if not count]:
        more = " …" if len(without) > MOST_NAMED else ""
        yield f"NULL in every row: {', '.join(without[:MOST_NAMED])}{more}"


def _present(table: Table) -> dict[str, int]:
    """Column → rows in which it has a value."""
    counts = ", ".join(f"count({quote_name(name)}) AS c{i}" for i, name in enumerate(table.schema.names))
    (found,) = table.query(f"SELECT {counts} FROM data").to_pylist()
    return dict(zip(table.schema.names, found.values(), strict=True))
