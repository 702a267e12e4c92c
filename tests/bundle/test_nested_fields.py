"""Objects within rows are the columns with dots in their names, whichever way the row goes."""

from __future__ import annotations

from typing import Any

import pytest

from hagane.bundle.instances import PACKED_ROWS, InstanceDecoder
from hagane.bundle.signature import Input, Signature
from hagane.errors import RequestError
from hagane.types import SqlType

TYPES = {"age": SqlType.INT64, "address.city": SqlType.STRING, "address.geo.lat": SqlType.FLOAT64, "a": SqlType.STRING,
         "a.b": SqlType.STRING}  # fmt: skip
SIGNATURE = Signature(inputs=tuple(Input(name=name, type=kind) for name, kind in TYPES.items()), task="regression",
                      label="y", label_type=SqlType.FLOAT64, model_type="linear_reg")  # fmt: skip
FLAT = {"age": 3, "address.city": "Kyoto", "address.geo.lat": 35.0, "a.b": "x"}


def decoded(rows: list[Any], **how: Any) -> list[Any]:
    decoder = InstanceDecoder(SIGNATURE, **how)
    short, long = decoder.pack(rows), SIGNATURE.layout.feed(decoder.decode(rows))
    for name, tensor in (short or {}).items():
        assert repr(tensor.tolist()) == repr(long[name].tolist())
    return [(name, repr(tensor.tolist())) for name, tensor in long.items()]


@pytest.mark.parametrize("number", [1, PACKED_ROWS + 1])
@pytest.mark.parametrize("extra", ["refuse", "ignore"])
@pytest.mark.parametrize(
    "row",
    [
        {"age": 3, "address": {"city": "Kyoto", "geo": {"lat": 35.0}}, "a.b": "x"},
        {"age": 3, "address": {"city": "Kyoto"}, "address.geo": {"lat": 35}, "a.b": "x"},
        {"age": 3, "address": {"city": "Kyoto", "geo.lat": 35.0}, "a.b": "x"},
        {"age": 3, "address.city": "Nara", "address": {"city": "Kyoto", "geo": {"lat": 35.0}}, "a.b": "x"},
    ],
    ids=str,
)
def test_objects_are_columns(row: dict[str, Any], extra: str, number: int) -> None:
    assert decoded([row] * number, extra=extra) == decoded([FLAT] * number, extra=extra)


def test_an_object_that_is_null_has_fields_that_are() -> None:
    assert decoded([{"age": 3, "address": None}]) == decoded([{"age": 3}])
    assert decoded([{"address": {"geo": None, "city": "Kyoto"}}]) == decoded([{"address.city": "Kyoto"}])


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ({"address": {"city": 3}}, "instances[0]['address.city']"),
        ({"address": {"street": "x"}}, "instances[0]['address.street']"),
        ({"address": "Kyoto"}, "instances[0].address"),
        ({"address": [{"city": "Kyoto"}]}, "instances[0].address"),
        ({"address": {"geo": {"lat": {"x": 1}}}}, "instances[0]['address.geo.lat']"),
        ({"a": {"b": "x"}}, "instances[0].a"),  # a is a column itself
        ({"address": {3: "x"}}, "instances[0]['address.3']"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(row: dict[Any, Any], where: str) -> None:
    with pytest.raises(RequestError) as found:
        InstanceDecoder(SIGNATURE).decode([row])
    assert [fault.where for fault in found.value.faults] == [where]
