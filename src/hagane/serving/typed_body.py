"""`TypedBody`: a body of JSON whose one field is the rows, read straight into the values that the graph is fed."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from hagane.bundle.typed_rows import MOST_BYTES, TypedInstances
from hagane.serving.served_model import MOST_TYPED, ServedModel


class TypedBody:
    """Reads `{"instances": [{...}, ...]}` (or another field) where every value is of its column's very type.

    Everything else is left to the long way, which takes it or says what is wrong with it: rows as lists, nested
    columns, `3.0` for an INT64, fields beside the rows. Where both read a body, the answers are the same.
    """

    def __init__(self, model: ServedModel, field: str = "instances", *, by_column: bool = False) -> None:
        """With `by_column` the field is not a list of rows, but an object of lists, `{"age": [...], ...}`."""
        self._typed = model.typed_rows
        if self._typed is not None:
            most = min(MOST_TYPED, model.max_rows)
            row: Any = self._typed.row
            rows: Any = self._typed.columns(most) if by_column else Annotated[list[row], msgspec.Meta(max_length=most)]
            body = msgspec.defstruct("Body", [("rows", rows)], rename={"rows": field}, forbid_unknown_fields=True)
            self._decode = msgspec.json.Decoder(body).decode
            self._instances = self._typed.instances_of_columns if by_column else self._typed.instances

    def read(self, body: bytes) -> TypedInstances | None:
        """The rows, one at least; None where the long way is to be taken."""
        if self._typed is None or len(body) > MOST_BYTES:
            return None
        try:
            rows = self._decode(body).rows  # type: ignore[attr-defined]
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        return self._instances(rows) if rows else None
