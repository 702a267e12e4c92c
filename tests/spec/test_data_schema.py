"""Schemas in YAML: round trip, and every fault at once with its line."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.errors import DataError, NotFoundError, SpecError
from hagane.spec.check_data_schema import data_schema_faults
from hagane.spec.data_schema import ColumnSchema, DataSchema
from hagane.spec.read_data_schema import parse_data_schema, read_data_schema
from hagane.spec.write_data_schema import write_data_schema
from hagane.types import SqlType

GOLDEN = Path(__file__).with_name("faults_of_a_bad_schema.txt")

BAD = """\
columns:
  fare:
    type: FLOT64
  miles: {type: FLOAT64, min: 3, max: 1}
  zip: {type: STRING, domain: [007, '8000', true, no]}
  day: {type: DATE, min: 2013-02-30}
  key: {type: INT64, domain: [1, 2.5, 99999999999999999999]}
  flag: {type: BOOL, min: 0, unique: true}
  name: {type: STRING, min_length: -1, domian: [a]}
  job: {type: STRING, min_present_fraction: 1.5, max_unseen_fraction: 0.1}
  nothing: {type: INT64, domain: [null]}
rules:
  empty: ""
extra_columns: forbid
"""


def test_every_fault_of_a_bad_schema_is_told_with_its_line():
    told = []
    for text in (
        BAD,
        BAD.replace("FLOT64", "FLOAT64").replace("domian: [a]", "max_length: 3").replace("forbid", "allow"),
    ):
        with pytest.raises(SpecError) as error:
            parse_data_schema(text.replace("[null]", "[]") if told else text, path="schema.yaml")
        told.append(error.value.render())
    assert "\n\n".join(told) + "\n" == GOLDEN.read_text(encoding="utf-8")


def test_a_missing_file_says_how_to_write_one(tmp_path):
    with pytest.raises(NotFoundError, match="hagane schema infer DATA -o "):
        read_data_schema(tmp_path / "schema.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"columns: {\xe9: {type: STRING}}")
    with pytest.raises(DataError, match="not UTF-8"):
        read_data_schema(tmp_path / "latin.yaml")


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
MOMENTS = st.sampled_from(["2013-01-31", "2013-01-31T18:30:00Z", "0001-01-01", "9999-12-31T23:59:59.999999Z"])
FRACTIONS = st.floats(0, 1)


def ordered(pair: tuple[object, object], key: object = None) -> dict[str, object]:
    return dict(zip(("min", "max"), sorted(pair, key=key), strict=True))  # type: ignore[type-var, arg-type]


@st.composite
def columns(draw: st.DrawFn) -> ColumnSchema:
    type_ = draw(st.sampled_from(SqlType).filter(lambda each: each.value in FIELDS))
    chosen = draw(FIELDS[type_.value])
    return ColumnSchema(
        type=type_,
        required=draw(st.booleans()),
        min_present_fraction=draw(FRACTIONS),
        unique=draw(st.booleans()),
        **chosen,
    )


def domain(values: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    listed = st.lists(values, min_size=1, max_size=30).map(tuple)
    return st.fixed_dictionaries({"domain": listed}, optional={"max_unseen_fraction": FRACTIONS}) | st.just({})


WHOLE = st.integers(-(2**63), 2**63 - 1)
FIELDS: dict[str, st.SearchStrategy[dict[str, object]]] = {
    "BOOL": domain(st.booleans()),
    "INT64": domain(WHOLE) | st.tuples(WHOLE, WHOLE).map(ordered),
    "FLOAT64": st.tuples(NUMBERS, NUMBERS).map(ordered) | st.fixed_dictionaries({"finite": st.booleans()}),
    "STRING": domain(st.text(st.characters(exclude_categories=["Cs"])))
    | st.tuples(st.integers(0, 9), st.integers(0, 9)).map(
        lambda pair: {"min_length": min(pair), "max_length": max(pair)}
    ),
    "DATE": st.just({"min": "1900-01-01"}) | st.just({}),
    "TIMESTAMP": MOMENTS.map(lambda moment: {"max": moment}),
}
SCHEMAS = st.builds(
    DataSchema,
    columns=st.dictionaries(NAMES, columns(), max_size=4),
    rules=st.dictionaries(NAMES, NAMES.filter(str.strip), max_size=2),
    extra_columns=st.sampled_from(["allow", "report", "refuse"]),
    min_rows=st.integers(0, 10**12),
    null_words=st.none() | st.lists(NAMES, max_size=3).map(tuple),
)


@given(SCHEMAS, st.text(max_size=40), st.text(max_size=40))
def test_what_is_written_reads_back_equal(schema, header, remark):
    assert data_schema_faults(schema) == []
    commented = dict.fromkeys(schema.columns, remark)
    suggested = {name: [remark] for name in schema.columns}
    text = write_data_schema(schema, header=header, remarks=commented, suggestions=suggested)
    assert parse_data_schema(text) == parse_data_schema(write_data_schema(schema)) == schema
    assert msgspec.json.decode(msgspec.json.encode(schema), type=DataSchema) == schema
