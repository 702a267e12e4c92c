"""Counts of broken rules against Python over the very rows, and against the check that tells of them."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.anomalies.check_table import check_table
from hagane.anomalies.count_broken import count_broken
from hagane.data.open_table import open_table
from hagane.spec.data_schema import ColumnSchema, DataSchema
from hagane.types import SqlType

SCHEMA = DataSchema(
    columns={
        "fare": ColumnSchema(type=SqlType.FLOAT64, min=0, max=100.0, finite=True, min_present_fraction=0.9),
        "paid": ColumnSchema(type=SqlType.STRING, domain=("cash", "card"), max_unseen_fraction=0.1, max_length=5),
        "gone": ColumnSchema(type=SqlType.STRING, min_present_fraction=1.0),
    },
    rules={"tip": "fare > 1 OR paid = 'card'", "far": "gone = 'x'", "farther": "unlisted > 3"},
)
HERE = DataSchema(
    columns={name: column for name, column in SCHEMA.columns.items() if name != "gone"},
    rules={"tip": SCHEMA.rules["tip"]},
)
"""What of it can be checked."""
FARES = st.one_of(st.none(), st.sampled_from([-1.0, 0.0, 0.5, 50.0, 101.0, float("inf")]))
PAID = st.one_of(st.none(), st.sampled_from(["cash", "card", "crypto", "äöü"]))
ROWS = st.lists(st.tuples(FARES, PAID), min_size=1, max_size=40)


def table(rows: list[tuple[float | None, str | None]]) -> pa.Table:
    fares, paid = zip(*rows, strict=True)
    return pa.table({"fare": pa.array(fares, pa.float64()), "paid": pa.array(paid, pa.string())})


def fulfils_tip(fare: float | None, paid: str | None) -> bool:
    """As SQL has it: unknown is not broken."""
    return (fare is not None and fare > 1) or paid == "card" or fare is None or paid is None


@settings(max_examples=12)
@given(ROWS)
def test_counts_are_those_of_the_rows(rows: list[tuple[float | None, str | None]]) -> None:
    opened = open_table(table(rows))
    found = {(each.rule.column, each.rule.key): each for each in count_broken(opened, SCHEMA)}
    fares = [fare for fare, _ in rows if fare is not None]
    paid = [text for _, text in rows if text is not None]
    assert {key: each.num_broken for key, each in found.items()} == {
        ("fare", "min_present_fraction"): len(rows) - len(fares),
        ("fare", "finite"): fares.count(float("inf")),
        ("fare", "min"): fares.count(-1.0),
        ("fare", "max"): fares.count(101.0),
        ("paid", "domain"): sum(text not in ("cash", "card") for text in paid),
        ("paid", "max_length"): paid.count("crypto"),
        ("", "rules.tip"): sum(not fulfils_tip(*row) for row in rows),
    }, "a rule over a column that is not there is not looked at"
    domain = found["paid", "domain"]
    assert (domain.num_rows, domain.allowed) == (len(paid), 0.1)
    assert found["fare", "min_present_fraction"].allowed == pytest.approx(0.1)
    assert all(each.num_rows == len(rows) for key, each in found.items() if key[1] != "domain")
    told = check_table(opened, HERE).findings
    assert all(found[each.column, each.rule].num_broken == each.num_rows for each in told)


def test_values_that_the_schemas_type_cannot_hold_are_counted_once() -> None:
    schema = DataSchema(columns={"n": ColumnSchema(type=SqlType.INT64, min=2, min_present_fraction=1.0)})
    found = count_broken(open_table(pa.table({"n": [1.0, 2.5, 3.0, None]})), schema)
    assert [(each.rule.key, each.num_broken) for each in found] == [
        ("type", 1),
        ("min_present_fraction", 1),
        ("min", 1),
    ]


def test_nothing_is_counted_where_the_schema_says_nothing() -> None:
    schema = DataSchema(columns={"k": ColumnSchema(type=SqlType.STRING, unique=True)})
    assert count_broken(open_table(pa.table({"k": ["a", "a"], "other": [1, 2]})), schema) == []
