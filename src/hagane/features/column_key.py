"""Names of columns in the cache: a digest of all that their bytes depend on.

The data (fingerprint of the table), which of its rows (part of the split; a label among the known), the fitted lowered
expression, type and block length on disk, the format, the versions of Hagane and of what it computes with, and the very
code that encodes: a column whose key is found need not be computed.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from hagane.data.split import TRAIN, Splits
from hagane.data.table import Table
from hagane.features.column_file import FORMAT_VERSION
from hagane.features.encoded import BLOCK_ROWS, SPARSE_BLOCK_ROWS, WEIGHT_DTYPE, feature_dtype
from hagane.features.feature import FeatureKind
from hagane.features.lower import LoweredFeature
from hagane.features.several_labels import Labels
from hagane.features.transform import Transform
from hagane.features.weight_column import WeightColumn

PACKAGES = ("hagane", "onnxruntime", "duckdb", "pyarrow", "numpy")
"""Whose versions count: DuckDB's hash divides the rows, NumPy's random numbers leave some of them out."""
ROOMS = ("types.py", "data", "features", "runtime", "sql")
"""The code that a column's bytes depend on."""
PLAIN = (bool, int, float, str, bytes, type(None))


class ColumnPlan(NamedTuple):
    """A column that an encoded split has."""

    name: str
    kind: str
    dtype: str
    meaning: str
    """Digest of how its values follow from the raw columns."""
    width: int = 1
    """Values of a row."""


def column_plans(transform: Transform, label: Labels, weight: WeightColumn | None) -> list[ColumnPlan]:
    """The columns of an `Encoded` in order: features, label, weight."""
    plans = [
        _feature_plan(
            transform, lowered, str(lowered.feature.kind), feature_dtype(lowered.feature, transform.dense_dtype)
        )
        for lowered in transform.lowered()
    ]
    plans.append(ColumnPlan("label", "label", label.dtype, digest(label), label.width))
    if weight is not None:
        (lowered,) = weight.transform.lowered()
        plans.append(_feature_plan(weight.transform, lowered, "weight", np.dtype(WEIGHT_DTYPE)))
    return plans


class ColumnKeys:
    """The keys of columns over the rows of `source` that have a label; reads once what identifies the data."""

    def __init__(self, source: Table | Splits, label: Labels) -> None:
        table, split = (source.table, source.part_sql) if isinstance(source, Splits) else (source, None)
        self._rows = digest(
            (FORMAT_VERSION, BLOCK_ROWS, SPARSE_BLOCK_ROWS, code_digest(), table.fingerprint(), split, label)
        )
        self._downsampled = source.downsampled if isinstance(source, Splits) else None

    def key(self, plan: ColumnPlan, part: int) -> str:
        """The key of one part's column: 64 hexadecimal digits."""
        kept = self._downsampled if part == TRAIN else None
        return digest((self._rows, part, kept, plan.kind, plan.dtype, plan.meaning))


def _feature_plan(transform: Transform, lowered: LoweredFeature, kind: str, dtype: np.dtype[np.generic]) -> ColumnPlan:
    is_dense = lowered.feature.kind is FeatureKind.DENSE
    missing = transform.accepts_missing if is_dense else None  # slots are the same for every family
    meaning = digest((lowered.expression, lowered.feature.cardinality, missing))
    return ColumnPlan(lowered.feature.name, kind, dtype.name, meaning)


@functools.cache
def code_digest(rooms: tuple[str, ...] = ROOMS) -> str:
    """Digest of the versions and the source files of these rooms; by default those that encode."""
    root = Path(__file__).parents[1]
    found = hashlib.sha256(" ".join(map(version, PACKAGES)).encode())
    for room in rooms:
        path = root / room
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found.update(f"\0{file.relative_to(root)}\0".encode() + file.read_bytes())
    return found.hexdigest()


def digest(value: object) -> str:
    """Hexadecimal digest of a tree of values: equal for values that compare equal, whatever process makes them.

    Of a dataclass only the fields count that count in comparisons. Raises TypeError for anything but plain values,
    enums, tuples, lists, mappings, dataclasses and msgspec Structs.

    >>> digest((1, "a")) == digest((1, "a")), digest(1) == digest(1.0)
    (True, False)
    """
    found = hashlib.sha256()
    for text in _texts(value):
        found.update(text.encode(errors="surrogatepass"))
        found.update(b"\0")
    return found.hexdigest()


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, enum.Enum):
        yield f"{type(value).__name__}.{value.name}"
    elif isinstance(value, PLAIN):
        yield f"{type(value).__name__} {value!r}"
    elif isinstance(value, tuple | list):
        yield f"( {len(value)}"
        if all(type(each) in PLAIN for each in value):
            yield repr(tuple(value))
        else:
            for each in value:
                yield from _texts(each)
    elif isinstance(value, Mapping):
        yield from _texts(tuple(value.items()))
    elif isinstance(value, msgspec.Struct):
        yield type(value).__name__
        yield from _texts(tuple(getattr(value, name) for name in value.__struct_fields__))
    elif dataclasses.is_dataclass(value):
        yield type(value).__name__
        yield from _texts(tuple(getattr(value, field.name) for field in dataclasses.fields(value) if field.compare))
    else:
        raise TypeError(f"no digest of {type(value).__name__}")
