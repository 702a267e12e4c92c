"""`FrequentSketch`: a column's most frequent values and their counts, mergeable with those of other rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from datasketches import frequent_strings_sketch

LOG_SIZE, SMALLEST_LOG_SIZE = 9, 6
LONGEST_TEXT = 256
"""A longer value is never listed: it would be kept hundreds of times over, and nobody can read it."""
_CONFIDENCE = math.sqrt(math.log(2 / 0.01) / 2)


class FrequentSketch(msgspec.Struct, frozen=True):
    """Frequent items (Misra and Gries, 1982; Anderson et al., 2017) of Apache DataSketches, and how wrong they can be.

    >>> left, right = FrequentSketch.of([("a", 5), ("b", 1)]), FrequentSketch.of([("a", 2), ("c", 4)])
    >>> left.merge(right).values()
    [('a', 7), ('c', 4), ('b', 1)]
    """

    items: bytes
    """Serialised as every library of Apache DataSketches reads it (`frequent_strings_sketch`)."""
    error: int
    """A count may be off by so many rows, and a value that is not listed may occur so often."""
    is_complete: bool
    """Whether every value is listed, with its exact count."""

    def __repr__(self) -> str:
        return f"<FrequentSketch: {len(self.values()):,} values, counts within {self.error:,}>"

    @staticmethod
    def of(
        counts: Sequence[tuple[str, int]], *, unlisted: int = 0, chance: int = 0, log_size: int = LOG_SIZE
    ) -> FrequentSketch:
        """From values and their counts, of which the first `capacity(log_size)` are taken.

        `unlisted`: the count of the most frequent value that is not among `counts`, 0 where all are. `chance`: how far
        each count may be off because it was made on a sample of the rows (`sampling_error`).
        """
        sketch, room = _new(log_size), capacity(log_size)
        for place, (value, count) in enumerate(counts):
            if place < room and len(value) <= LONGEST_TEXT:
                sketch.update(value, count)
            else:
                unlisted = max(unlisted, count)
        return FrequentSketch(sketch.serialize(), unlisted + chance, unlisted == 0 and chance == 0)

    def values(self) -> list[tuple[str, int]]:
        """The values listed and their counts, the most frequent first, ties in order of the text."""
        from datasketches import frequent_items_error_type

        found = _read(self.items).get_frequent_items(frequent_items_error_type.NO_FALSE_NEGATIVES, 0)
        return sorted(((text, int(count)) for text, count, _, _ in found), key=lambda pair: (-pair[1], pair[0]))

    def merge(self, other: FrequentSketch) -> FrequentSketch:
        """Of both sets of rows together; errors add, and so does what the sketch had to let go."""
        merged = _read(self.items)
        theirs = _read(other.items)
        before = _slack(merged) + _slack(theirs)
        merged.merge(theirs)
        dropped = _slack(merged) - before
        error = self.error + other.error + max(0, dropped)
        complete = self.is_complete and other.is_complete and not _slack(merged)
        return FrequentSketch(merged.serialize(), error, complete)


def capacity(log_size: int) -> int:
    """How many values a sketch lists: three quarters of its table.

    >>> capacity(9)
    384
    """
    return (1 << log_size) * 3 // 4


def sampling_error(num_values: int, num_sampled: int) -> int:
    """Rows by which a count that was scaled up from a sample is off at most, with 99 % confidence.

    Hoeffding's bound of the share, whatever it is.

    >>> sampling_error(1_000_000, 1_000_000), sampling_error(1_000_000, 10_000)
    (0, 16277)
    """
    return math.ceil(_CONFIDENCE * num_values / math.sqrt(num_sampled)) if 0 < num_sampled < num_values else 0


def _new(log_size: int) -> frequent_strings_sketch:
    from datasketches import frequent_strings_sketch

    return frequent_strings_sketch(log_size)


def _read(items: bytes) -> frequent_strings_sketch:
    from datasketches import frequent_strings_sketch

    return frequent_strings_sketch.deserialize(items)


def _slack(sketch: frequent_strings_sketch) -> int:
    """How far a count of the sketch can be off: the upper bound of a value that it does not list."""
    return int(sketch.get_upper_bound("\0 not a value"))
