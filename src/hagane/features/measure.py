"""Everything that the analyzers of a transform ask of one relation, in as few scans as it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from hagane.data.quantiles import Query, measure_quantiles
from hagane.features.analyzers.analyzer import SORTED, Aggregates, Measured, ValueCounts
from hagane.features.moments import Moments, measure_moments
from hagane.features.sorted_values import SortedValues
from hagane.types import SqlType

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS_A_SCAN = 16
"""Vocabularies that are counted in one scan: each keeps a hash table of its own while the scan lasts."""


class Question(NamedTuple):
    """What is asked about one argument (DuckDB SQL over `data`)."""

    argument: str
    type: SqlType
    aggregates: Aggregates


def measure(query: Query, questions: Sequence[Question], *, num_rows: int, is_columnar: bool = False) -> list[Measured]:
    """The answers, in order: moments share a scan, other aggregates share one, vocabularies one for every 16.

    All are exact, in memory that does not grow with the rows: quantiles are selected (`hagane.data.quantiles`), and
    DuckDB keeps the hash table of a vocabulary on disk where it must.

    `is_columnar`: reading one column costs nothing for the others, and each vocabulary is counted in a scan of its own
    (a fifth faster than grouping sets, measured on Parquet).
    """
    moments = _moments(query, questions)
    scalars = _scalars(query, questions)
    quantiles = _quantiles(query, questions, num_rows)
    ordered = _sorted(query, questions)
    counts = _counts(query, questions, 1 if is_columnar else COLUMNS_A_SCAN) | _tokens(query, questions)
    return [
        Measured(
            {
                **scalars.get(index, {}),
                **quantiles.get(index, {}),
                **_named(moments.get(question.argument)),
                **ordered.get(index, {}),
            },
            counts.get(index, ()),
        )
        for index, question in enumerate(questions)
    ]


def _named(moments: Moments | None) -> dict[str, object]:
    return {} if moments is None else dict(moments._asdict())


def _moments(query: Query, questions: Sequence[Question]) -> dict[str, Moments]:
    arguments = list(dict.fromkeys(q.argument for q in questions if q.aggregates.moments))
    return dict(zip(arguments, measure_moments(query, arguments), strict=True))


def _scalars(query: Query, questions: Sequence[Question]) -> dict[int, dict[str, object]]:
    arguments: dict[str, str] = {}
    aggregates: dict[str, str] = {}
    wanted: dict[int, dict[str, str]] = {}
    for index, (argument, type_, asked) in enumerate(questions):
        for name, template in asked.scalars.items():
            x = arguments.setdefault(clean(argument, type_), f"a{len(arguments)}")
            alias = aggregates.setdefault(template.format(x=x), f"r{len(aggregates)}")
            wanted.setdefault(index, {})[name] = alias
    if not aggregates:
        return {}
    inner = ", ".join(f"{sql} AS {alias}" for sql, alias in arguments.items())
    outer = ", ".join(f"{sql} AS {alias}" for sql, alias in aggregates.items())
    row = query(f"SELECT {outer} FROM (SELECT {inner} FROM data)").to_pylist()[0]
    return {index: {name: row[alias] for name, alias in names.items()} for index, names in wanted.items()}


def _quantiles(query: Query, questions: Sequence[Question], num_rows: int) -> dict[int, dict[str, object]]:
    """One argument's fractions are asked for together, whatever analyzers they are for."""
    wanted: dict[str, dict[float, None]] = {}
    for argument, type_, asked in questions:
        for fractions in asked.quantiles.values():
            wanted.setdefault(clean(argument, type_), {}).update(dict.fromkeys(fractions))
    found = measure_quantiles(query, {argument: list(each) for argument, each in wanted.items()}, num_rows)
    answers: dict[int, dict[str, object]] = {}
    for index, (argument, type_, asked) in enumerate(questions):
        for name, fractions in asked.quantiles.items():
            x = clean(argument, type_)
            values = found[x]
            at = None if values is None else dict(zip(wanted[x], values, strict=True))
            answers.setdefault(index, {})[name] = None if at is None else [at[fraction] for fraction in fractions]
    return answers


def _sorted(query: Query, questions: Sequence[Question]) -> dict[int, dict[str, object]]:
    """A scan each, so that one column at a time is in memory twice."""
    found: dict[str, SortedValues] = {}
    answers: dict[int, dict[str, object]] = {}
    for index, (argument, type_, asked) in enumerate(questions):
        if asked.sorted:
            x = clean(argument, type_)
            if x not in found:
                column = query(f"SELECT {x} AS x FROM data")["x"]
                found[x] = SortedValues.of(column.drop_null().to_numpy())
            answers[index] = {SORTED: found[x]}
    return answers


def _counts(query: Query, questions: Sequence[Question], columns_a_scan: int) -> dict[int, tuple[tuple[Any, int], ...]]:
    by_argument: dict[str, list[int]] = {}
    for index, question in enumerate(questions):
        if question.aggregates.counts:
            by_argument.setdefault(clean(question.argument, question.type), []).append(index)
    arguments, answers = list(by_argument), {}
    for start in range(0, len(arguments), columns_a_scan):
        chunk = arguments[start : start + columns_a_scan]
        asked = [[questions[index].aggregates.counts for index in by_argument[argument]] for argument in chunk]
        each = [counts for group in asked for counts in group if counts]
        least, most = min(counts.min_count for counts in each), max(counts.limit for counts in each)
        # Vocabularies are cut to size where they are counted; NULL's count takes a place.
        order = ", ".join(["n DESC", *(f"a{position}" for position in range(len(chunk)))])
        cut = f" ORDER BY {order} LIMIT {most + 1}"
        if len(chunk) > 1:
            cut = f" QUALIFY row_number() OVER (PARTITION BY which ORDER BY {order}) <= {most + 1}"
        table = query(_grouping_sets(chunk, least) + cut)
        for position, argument in enumerate(chunk):
            found = _one_set(table, position, len(chunk))
            for index in by_argument[argument]:
                answers[index] = _top(found, questions[index].aggregates.counts or ValueCounts())
    return answers


def _tokens(query: Query, questions: Sequence[Question]) -> dict[int, tuple[tuple[Any, int], ...]]:
    """A scan each: an element counts once an array."""
    answers = {}
    for index, (argument, _, asked) in enumerate(questions):
        if asked.tokens is not None:
            least, most = asked.tokens
            tokens = f"SELECT unnest(list_distinct({argument})) AS value FROM data"
            counted = f"SELECT value, count(*) AS count FROM ({tokens}) GROUP BY value HAVING count(*) >= {least}"
            answers[index] = _top(query(f"{counted} ORDER BY count DESC, value LIMIT {most}"), asked.tokens)
    return answers


def _grouping_sets(arguments: Sequence[str], min_count: int) -> str:
    names = [f"a{i}" for i in range(len(arguments))]
    inner = ", ".join(f"{sql} AS {name}" for sql, name in zip(arguments, names, strict=True))
    sets = ", ".join(f"({name})" for name in names)
    listed = ", ".join(names)
    return (
        f"SELECT {listed}, count(*) AS n, grouping({listed}) AS which FROM (SELECT {inner} FROM data) "
        f"GROUP BY GROUPING SETS ({sets}) HAVING count(*) >= {min_count}"
    )


def _one_set(table: pa.Table, position: int, size: int) -> pa.Table:
    """(value, count) of one grouping set, NULL left out.

    GROUPING has a bit for every name, the first one highest, that is set where the name is not grouped by.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    only = (1 << size) - 1 - (1 << (size - 1 - position))
    values = table.column(position)
    chosen = pc.and_(pc.equal(table.column("which"), pa.scalar(only)), pc.is_valid(values))
    return table.select([position, size]).rename_columns(["value", "count"]).filter(chosen)


def _top(found: pa.Table, wanted: ValueCounts) -> tuple[tuple[Any, int], ...]:
    """The most frequent first, ties in ascending order (strings by UTF-8, which is the order of code points)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    frequent = found.filter(pc.greater_equal(found["count"], pa.scalar(wanted.min_count)))
    ordered = frequent.sort_by([("count", "descending"), ("value", "ascending")]).slice(0, wanted.limit)
    pairs: tuple[tuple[Any, Any], ...] = tuple(
        zip(ordered["value"].to_pylist(), ordered["count"].to_pylist(), strict=True)
    )
    return pairs


def clean(argument: str, type: SqlType) -> str:
    """`argument` with NaN and infinities read as NULL.

    >>> clean("x", SqlType.FLOAT64)
    'CASE WHEN isfinite(x) THEN x END'
    """
    return f"CASE WHEN isfinite({argument}) THEN {argument} END" if type is SqlType.FLOAT64 else argument
