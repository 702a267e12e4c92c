"""`RowSet`: some rows of a source, by their places in its order, as bits that DuckDB looks up.

A join with the rows' numbers would say the same, but the rows that come out of a join are in no order.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hagane.data.engine import Engine

CHUNK_BITS = 30
"""2 to the power of this many rows share one string of bits; DuckDB looks bits up by an INTEGER."""


@dataclass(frozen=True, slots=True)
class RowSet:
    """Made by `keep_rows`."""

    variables: tuple[str, ...]
    """The engine's variables that hold the bits, a string for every 2**30 rows of the source."""
    digest: str
    """Of the places."""
    count: int

    def lacks_sql(self, place: str) -> str:
        """SQL condition: the row at `place` (an expression, from 0) is not in the set."""
        if len(self.variables) == 1:
            return f"{_bit(self.variables[0], place)} = 0"
        cases = (
            f"WHEN {index} THEN {_bit(name, f'({place}) & {2**CHUNK_BITS - 1}')}"
            for index, name in enumerate(self.variables)
        )
        return f"CASE ({place}) >> {CHUNK_BITS} {' '.join(cases)} END = 0"


def keep_rows(engine: Engine, places: npt.NDArray[np.int64], num_rows: int) -> RowSet:
    """The set of the rows at these places (ascending, from 0) of a source of `num_rows` rows.

    >>> rows = keep_rows(Engine(), np.array([0, 2]), 4)
    >>> rows.count, len(rows.variables)
    (2, 1)
    """
    digest, variables = hashlib.sha256(places.tobytes()).hexdigest(), []
    for start in range(0, max(1, num_rows), 2**CHUNK_BITS):
        stop = min(start + 2**CHUNK_BITS, num_rows)
        bits = np.zeros(max(8, -(-(stop - start) // 8) * 8), np.bool_)
        first, last = np.searchsorted(places, [start, stop])
        bits[places[first:last] - start] = True
        name = f"hagane_left_out_{digest[:16]}_{start >> CHUNK_BITS}"
        engine.hold_bits(name, np.packbits(bits).tobytes())
        variables.append(name)
    return RowSet(tuple(variables), digest, len(places))


def _bit(variable: str, place: str) -> str:
    return f"get_bit(getvariable('{variable}'), CAST({place} AS INTEGER))"
