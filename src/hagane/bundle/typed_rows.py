"""The shortest way from JSON to the graph's inputs: rows decoded straight into values of the signature's types.

A struct is made from the signature, one field a column, and msgspec fills it while it reads the JSON: no dict is made,
and no value is looked at a second time. The rows of many requests become the graph's inputs together. What does not
fit raises, or is None: the long way (`InstanceDecoder`) then answers it, or says what is wrong with it. Where both
answer, they agree bit by bit.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.bundle.packed_rows import MOST_CHARACTERS, Feed
from hagane.bundle.signature import Signature
from hagane.bundle.values import CONVERTERS, INT64_END, INT64_MIN, Refusal, is_unicode
from hagane.runtime.layout import FLOAT64_INPUT, INT64_INPUT, STRING_INPUT, STRING_INPUT_PREFIX, VALIDITY_INPUT
from hagane.types import SqlType

MOST_BYTES = MOST_CHARACTERS
"""Of a body that is decoded so: no row of it has more text than the short way allows."""
MOST_COLUMNS = 1_000
"""Of a struct."""
Values = tuple[Any, ...]
"""A row: the FLOAT64 columns, then those of `packed.int64`, then the texts; None for NULL."""
_UNTAKEN = re.compile(r"[\\\"\x00-\x1f]")
"""What msgspec's names of fields must not hold."""
_Int64 = Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_END - 1)]
_FIELDS: dict[SqlType, Any] = {SqlType.FLOAT64: float, SqlType.INT64: _Int64, SqlType.BOOL: bool}


class TypedInstances(msgspec.Struct, gc=False):
    """Decoded rows: iterated over, they are objects by column name, as JSON had them; a field left out is None."""

    rows: Sequence[Any]
    """As they were decoded, or tuples of their values."""
    values: list[Values]
    """What the graph is fed."""
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in self.rows:
            values = row if isinstance(row, tuple) else msgspec.structs.astuple(row)
            yield dict(zip(self.names, values, strict=True))


class TypedRows:
    """Decodes and packs the rows of one signature, which `can_hold` them.

    >>> from hagane.bundle.signature import Input
    >>> inputs = Input(name="job", type=SqlType.STRING), Input(name="age", type=SqlType.INT64)
    >>> typed = TypedRows(Signature(inputs=inputs, task="regression", label="income", label_type=SqlType.FLOAT64,
    ...                             model_type="linear_reg"))
    >>> rows = msgspec.json.decode(b'[{"age": 3, "job": "pilot"}, {"age": 4}]', type=list[typed.row])
    >>> instances = typed.instances(rows)
    >>> instances.values, list(instances)
    ([(3, 'pilot'), (4, None)], [{'age': 3, 'job': 'pilot'}, {'age': 4, 'job': None}])
    >>> {name: tensor.tolist() for name, tensor in typed.feed(instances.values).items()}
    {'packed.int64': [[3], [4]], 'packed.validity': [[True, True], [False, True]], 'string.job': [['pilot'], ['']]}
    """

    def __init__(self, signature: Signature) -> None:
        layout = signature.layout
        types = {column.name: column.type for column in signature.inputs}
        self.names = (*layout.float64, *layout.int64, *layout.strings)
        """The columns, in the order of a row's values."""
        self.row: Any = _struct(self.names, types)
        """The struct of one row: for the types of whole bodies."""
        self._rows: Any = list[self.row]  # type: ignore[name-defined]
        self._order = signature.names
        self._types = types
        self._num_floats, self._num_ints = len(layout.float64), len(layout.int64)
        self._num_strings = len(layout.strings)
        self._moments = [
            (place, CONVERTERS[types[name]])
            for place, name in enumerate(self.names)
            if types[name] in (SqlType.TIMESTAMP, SqlType.DATE)
        ]
        slots = {name: slot for slot, name in enumerate(layout.validity)}
        self._slots = [slots[name] for name in self.names[self._num_floats :]]
        self._inputs = (
            [STRING_INPUT] if layout.packs_strings else [STRING_INPUT_PREFIX + name for name in layout.strings]
        )
        self._packs_strings = layout.packs_strings

    @staticmethod
    def can_hold(signature: Signature) -> bool:
        """Whether its rows are plain: no arrays, and no more columns, nor other names, than msgspec takes."""
        plain_names = not any(_UNTAKEN.search(name) for name in signature.names)
        return plain_names and not signature.layout.arrays and 0 < len(signature.inputs) <= MOST_COLUMNS

    def columns(self, most_rows: int) -> Any:
        """The struct of columns by name, each a list of at most `most_rows` values."""
        most = msgspec.Meta(max_length=most_rows)

        def column(value: Any) -> Any:
            return Annotated[list[value], most] | msgspec.UnsetType

        return _struct(self.names, self._types, column)

    def instances_of_columns(self, columns: Any) -> TypedInstances | None:
        """Decoded columns as rows; None where they are of different lengths, or empty, or a text is no date or time."""
        lists = msgspec.structs.astuple(columns)
        lengths = {len(each) for each in lists if each is not msgspec.UNSET}
        if len(lengths) != 1 or 0 in lengths:
            return None
        nulls = [None] * lengths.pop()
        rows = list(zip(*[nulls if each is msgspec.UNSET else each for each in lists], strict=True))
        return self._converted(rows, list(rows))

    def instances(self, rows: Sequence[Any]) -> TypedInstances | None:
        """Decoded rows with their values; None where a text is no date or time."""
        return self._converted(rows, list(map(msgspec.structs.astuple, rows)))

    def _converted(self, rows: Sequence[Any], values: list[Values]) -> TypedInstances | None:
        if self._moments:
            for index, row in enumerate(values):
                converted = list(row)
                for place, convert in self._moments:
                    value = convert(row[place], False)
                    if isinstance(value, Refusal):
                        return None
                    converted[place] = value
                values[index] = tuple(converted)
        return TypedInstances(rows, values, self.names)

    def converted(self, rows: object) -> TypedInstances | None:
        """Rows as decoders left them, objects or lists in the signature's order; None where one does not fit.

        >>> from hagane.bundle.signature import Input
        >>> inputs = Input(name="job", type=SqlType.STRING), Input(name="age", type=SqlType.INT64)
        >>> typed = TypedRows(Signature(inputs=inputs, task="regression", label="income",
        ...                             label_type=SqlType.FLOAT64, model_type="linear_reg"))
        >>> typed.converted([["pilot", 3], {"age": 4}]).values, typed.converted([{"age": "4"}])
        ([(3, 'pilot'), (4, None)], None)
        """
        if not isinstance(rows, list) or not rows:
            return None
        try:
            found = msgspec.convert([self._named(row) if type(row) is list else row for row in rows], self._rows)
        except (msgspec.MsgspecError, ValueError, OverflowError):
            return None
        texts = [value for row in found for value in msgspec.structs.astuple(row) if type(value) is str]
        return self.instances(found) if is_unicode("".join(texts)) else None

    def _named(self, row: list[Any]) -> object:
        """A row by names; one of another length is left, and will not fit."""
        return dict(zip(self._order, row, strict=True)) if len(row) == len(self._order) else row

    def padded(self, rows: Sequence[Values], multiple: int) -> list[Values]:
        """The rows and as many more as make a multiple: the first one's numbers, without its texts.

        A runtime that pads would do it tensor by tensor.
        """
        padding = -len(rows) % multiple
        if not padding:
            return list(rows)
        first_text = self._num_floats + self._num_ints
        return [*rows, *[rows[0][:first_text] + ("",) * self._num_strings] * padding]

    def feed(self, rows: Sequence[Values]) -> Feed:
        """The graph's inputs for n rows of values, n > 0."""
        num_rows, first_text = len(rows), self._num_floats + self._num_ints
        feed: Feed = {}
        valid = np.ones((num_rows, len(self._slots)), np.bool_)
        if self._num_floats:
            floats = list(chain.from_iterable([row[: self._num_floats] for row in rows]))
            feed[FLOAT64_INPUT] = np.array(floats, np.float64).reshape(num_rows, self._num_floats)
        if self._num_ints:
            ints = list(chain.from_iterable([row[self._num_floats : first_text] for row in rows]))
            feed[INT64_INPUT] = self._pack_ints(ints, rows, valid)
        if self._slots:
            feed[VALIDITY_INPUT] = valid
        if self._num_strings:
            self._add_strings(feed, [row[first_text:] for row in rows], valid)
        return feed

    def _pack_ints(
        self, ints: list[Any], rows: Sequence[Values], valid: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.generic]:
        try:
            packed = struct.pack(f"{len(ints)}q", *ints)
        except struct.error:  # NULLs among them
            present = np.array([value is not None for value in ints]).reshape(len(rows), self._num_ints)
            valid[:, self._slots[: self._num_ints]] = present
            packed = struct.pack(f"{len(ints)}q", *[0 if value is None else value for value in ints])
        return np.frombuffer(packed, np.int64).reshape(len(rows), self._num_ints)

    def _add_strings(self, feed: Feed, rows: list[tuple[Any, ...]], valid: npt.NDArray[np.bool_]) -> None:
        """The texts, packed or a column each; NULLs among them are '' and marked in `valid`."""
        texts = list(chain.from_iterable(rows))
        try:
            "".join(texts)
        except TypeError:
            present = np.array([text is not None for text in texts]).reshape(len(rows), self._num_strings)
            valid[:, self._slots[self._num_ints :]] = present
            texts = ["" if text is None else text for text in texts]
        flat = np.empty(len(texts), object)
        flat[:] = texts
        packed = flat.reshape(len(rows), self._num_strings)
        if self._packs_strings:
            feed[STRING_INPUT] = packed
        else:
            feed |= zip(self._inputs, packed.T.copy()[:, :, None], strict=True)


def _struct(names: Sequence[str], types: dict[str, SqlType], shape: Callable[[Any], Any] | None = None) -> Any:
    """Every value may be null, and every field left out; one that there is not is refused."""
    fields: list[tuple[str, Any, Any]] = []
    for place, name in enumerate(names):
        value = _FIELDS.get(types[name], str) | None
        fields.append((f"c{place}", value, None) if shape is None else (f"c{place}", shape(value), msgspec.UNSET))
    rename = {f"c{place}": name for place, name in enumerate(names)}
    return msgspec.defstruct("Row", fields, rename=rename, forbid_unknown_fields=True, frozen=True, gc=False)
