"""The SQL expression that gives every row its part: 0 train, 1 eval, 2 test."""

from __future__ import annotations

from hagane.counted import counted
from hagane.data.engine import quote_name
from hagane.data.literal import literal
from hagane.data.quantiles import measure_quantiles, number_literal
from hagane.data.stratified_part import stratified_part
from hagane.data.table import Table
from hagane.errors import DataError, Fault, SpecError, nearest
from hagane.spec.spec import Split
from hagane.types import SqlType

HASH_RANGE = 2**32


def part_sql(table: Table, split: Split) -> str:
    """The expression for `split` over `table`'s columns; never NULL. Raises SpecError and DataError."""
    _check(table, split)
    match split.method:
        case "none":
            return "0"
        case "random":
            if split.stratify:
                return stratified_part(table, str(split.stratify), hash_bits(list(table.schema.names), split), split)
            return hashed_part(list(table.schema.names), split)
        case "key":
            return hashed_part([_column(split)], split)
        case "time":
            return _part_by_time(table, split)
        case "column":
            return _part_by_column(table, split)


def hashed_part(columns: list[str], split: Split) -> str:
    """Part by hash of columns: 32 bits of DuckDB's hash, mixed with the seed, compared with the fractions.

    Rows that are equal in these columns are always together. DuckDB does not promise its hash across versions; a test
    pins its values, so that an upgrade cannot change splits unnoticed.
    """
    bits = hash_bits(columns, split)
    test = round(split.test_fraction * HASH_RANGE)
    held_out = test + round(split.eval_fraction * HASH_RANGE)
    return f"CASE WHEN {bits} < {test} THEN 2 WHEN {bits} < {held_out} THEN 1 ELSE 0 END"


def hash_bits(columns: list[str], split: Split) -> str:
    """The SQL of a row's hash, from 0 to 2**32 - 1."""
    hashed = f"hash({', '.join(map(quote_name, columns))})"
    return f"(hash(xor({hashed}, hash(CAST({split.seed} AS BIGINT)))) >> 32)"


def _part_by_time(table: Table, split: Split) -> str:
    """Test is what comes last, eval what comes before it; NULL is train.

    A cut never falls between equal values: it moves to the nearer end of the tie, the later cut first.
    """
    column = quote_name(_column(split))
    num_rows = int(table.query(f"SELECT count({column}) AS n FROM data")["n"][0].as_py())
    branches, before = [], num_rows
    held_out = split.eval_fraction + split.test_fraction
    for part, fraction, share in ((2, split.test_fraction, split.test_fraction), (1, split.eval_fraction, held_out)):
        if fraction:
            start, before = _cut(table, column, 1 - share, (num_rows, before))
            branches += [f"WHEN {column} >= {start} THEN {part}"] if start else []
    return f"CASE {' '.join(branches)} ELSE 0 END" if branches else "0"


def _cut(table: Table, column: str, share: float, ranks: tuple[int, int]) -> tuple[str | None, int]:
    """First value (as a literal) and rank of a part that should begin after `share` of the rows.

    `ranks` are the number of rows and the rank below which it must begin. None where no value does: the part is empty.
    """
    num_rows, before = ranks
    target, wanted = _value_at(table, column, share), round(share * num_rows)
    if target is None:
        return None, before
    found = table.query(
        f"SELECT count(CASE WHEN {column} < {target} THEN 1 END) AS lower_rank, "
        f"count(CASE WHEN {column} <= {target} THEN 1 END) AS upper_rank, "
        f"min(CASE WHEN {column} >= {target} THEN {column} END) AS lower_value, "
        f"min(CASE WHEN {column} > {target} THEN {column} END) AS upper_value FROM data"
    )
    ends = [(found[f"{end}_rank"][0].as_py(), found[f"{end}_value"][0]) for end in ("lower", "upper")]
    possible = [(rank, value) for rank, value in ends if 0 < rank < before and value.is_valid]
    if not possible:
        return None, before
    rank, value = min(possible, key=lambda end: abs(end[0] - wanted))
    return literal(value), rank


_NUMBERS = {
    SqlType.TIMESTAMP: ("epoch_us({x})", "make_timestamptz({v})"),
    SqlType.DATE: ("({x} - DATE '1970-01-01')", "(DATE '1970-01-01' + {v})"),
}
"""Type that is no number → SQL of the number that it is, and back."""


def _value_at(table: Table, column: str, share: float) -> str | None:
    """The value below which about `share` of the rows lie, as a literal; None where there is none."""
    type_ = next(each.type for each in table.schema if quote_name(each.name) == column)
    if type_ is SqlType.STRING:
        value = table.query(f"SELECT quantile_disc({column}, {share!r}) AS v FROM data")["v"][0]
        return literal(value) if value.is_valid else None
    number, back = _NUMBERS.get(type_, ("{x}", "{v}"))
    x = number.format(x=column)
    found = measure_quantiles(table.query, {x: [share]}, table.num_rows)[x]
    return None if found is None else back.format(v=number_literal(found[0]))


def _part_by_column(table: Table, split: Split) -> str:
    name = _column(split)
    column, eval_ = quote_name(name), 1 if split.eval_fraction else 0
    if table.schema[name].type is SqlType.BOOL:
        return f"CASE WHEN {column} IS FALSE THEN 0 ELSE {eval_} END"
    _check_words(table, name)
    return f"CASE upper(trim({column})) WHEN 'TEST' THEN 2 WHEN 'EVAL' THEN {eval_} ELSE 0 END"


def _check_words(table: Table, name: str) -> None:
    others = table.query(
        f"SELECT CAST({quote_name(name)} AS VARCHAR) AS word, count(*) AS n FROM data "
        f"WHERE coalesce(upper(trim({quote_name(name)})), '') NOT IN ('TRAIN', 'EVAL', 'TEST') "
        "GROUP BY ALL ORDER BY n DESC, word LIMIT 5"
    ).to_pylist()
    if others:
        shown = ", ".join(
            f"{'NULL' if row['word'] is None else repr(row['word'])} ({counted(row['n'], 'row')})" for row in others
        )
        raise DataError(
            Fault(
                what=f"column {name!r} does not say the part of every row",
                where="split.column",
                expected="'TRAIN', 'EVAL' or 'TEST' in every row, or a BOOL column",
                received=shown,
                next_step="filter these rows out in the query, or rename the values there",
            )
        )


def _column(split: Split) -> str:
    assert split.column is not None
    return split.column


def _check(table: Table, split: Split) -> None:
    faults = [*_fraction_faults(split), *_column_faults(table, split)]
    if faults:
        raise SpecError(*faults)


def _fraction_faults(split: Split) -> list[Fault]:
    faults = [
        Fault(
            what=f"{name} is no fraction", where=f"split.{name}", expected="at least 0 and below 1", received=str(value)
        )
        for name, value in (("eval_fraction", split.eval_fraction), ("test_fraction", split.test_fraction))
        if not 0 <= value < 1
    ]
    if not faults and split.eval_fraction + split.test_fraction >= 1:
        total = split.eval_fraction + split.test_fraction
        faults.append(
            Fault(
                what="eval and test leave nothing to train on",
                where="split",
                expected="eval_fraction + test_fraction below 1",
                received=f"{total:g}",
            )
        )
    return faults


_COLUMN_TYPES = {
    "key": tuple(SqlType),
    "time": (SqlType.TIMESTAMP, SqlType.DATE, SqlType.INT64, SqlType.FLOAT64, SqlType.STRING),
    "column": (SqlType.STRING, SqlType.BOOL),
}
"""Split method that needs a column → the types it may have."""


def _column_faults(table: Table, split: Split) -> list[Fault]:
    names = table.schema.names
    if split.method == "random" and split.stratify and split.stratify not in table.schema:
        column = str(split.stratify)
        return [Fault(what=f"no column {column!r}", where="split.stratify", nearest=nearest(column, names))]
    if split.method not in _COLUMN_TYPES:
        return []
    if split.column is None:
        return [
            Fault(
                what=f"a split by {split.method} needs a column", where="split.column", expected=", ".join(names[:20])
            )
        ]
    if split.column not in table.schema:
        return [Fault(what=f"no column {split.column!r}", where="split.column", nearest=nearest(split.column, names))]
    type_, allowed = table.schema[split.column].type, _COLUMN_TYPES[split.method]
    if type_ in allowed:
        return []
    return [
        Fault(
            what=f"column {split.column!r} cannot say the part",
            where="split.column",
            expected=" or ".join(allowed),
            received=type_.value,
        )
    ]
