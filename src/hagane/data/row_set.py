"""`RowSet`: which rows of a source are there, by their places in its order: a bit a row, which DuckDB looks up.

A condition on the values (the hash of the whole row, say) would read and compute them in every query; the bit of a row
costs a nanosecond. A join with the rows' numbers would say the same, but what comes out of a join is in no order.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hagane.data.engine import Engine

CHUNK_BITS = 30
"""2 to the power of this many rows share one string of bits; DuckDB looks bits up by an INTEGER."""


@dataclass(frozen=True, slots=True, eq=False)
class RowSet:
    """Made by `of`; nothing is known here of where the places come from."""

    variables: tuple[str, ...]
    """The engine's variables that hold the bits, a string for every 2**30 rows of the source."""
    bits: tuple[bytes, ...]
    num_rows: int
    """Of the source."""

    @staticmethod
    def of(engine: Engine, chosen: npt.NDArray[np.bool_]) -> RowSet:
        """The rows that `chosen` [num_rows] says, looked up on any connection of `engine`.

        >>> RowSet.of(Engine(), np.array([True, False, True])).chosen()
        array([ True, False,  True])
        """
        chunks = range(0, max(1, len(chosen)), 2**CHUNK_BITS)
        bits = tuple(_packed(chosen[start : start + 2**CHUNK_BITS]) for start in chunks)
        name = f"hagane_rows_{hashlib.sha256(b''.join(bits)).hexdigest()[:16]}"
        variables = tuple(f"{name}_{index}" for index in range(len(bits)))
        for variable, packed in zip(variables, bits, strict=True):
            engine.hold_bits(variable, packed)
        return RowSet(variables, bits, len(chosen))

    def chosen(self) -> npt.NDArray[np.bool_]:
        """[num_rows] whether each row of the source is there."""
        packed = np.frombuffer(b"".join(self.bits), np.uint8)
        return np.unpackbits(packed, count=self.num_rows).view(np.bool_)

    @property
    def digest(self) -> str:
        """Hexadecimal, of the rows."""
        return hashlib.sha256(b"".join(self.bits)).hexdigest()

    def has_sql(self, place: str) -> str:
        """SQL condition: the row at `place` (an expression, from 0) is there."""
        if len(self.variables) == 1:
            return f"{_bit(self.variables[0], place)} = 1"
        cases = (
            f"WHEN {index} THEN {_bit(name, f'({place}) & {2**CHUNK_BITS - 1}')}"
            for index, name in enumerate(self.variables)
        )
        return f"CASE ({place}) >> {CHUNK_BITS} {' '.join(cases)} END = 1"


def _packed(chosen: npt.NDArray[np.bool_]) -> bytes:
    return np.packbits(chosen).tobytes() or b"\0"


def _bit(variable: str, place: str) -> str:
    return f"get_bit(getvariable('{variable}'), CAST({place} AS INTEGER))"
