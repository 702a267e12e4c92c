"""`KnownAnswers`: what the database has said of one argument over some rows; from much of it more follows."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from hagane.features.analyzers.analyzer import SORTED, Aggregates, Measured, Value, ValueCounts
from hagane.features.counted_values import CountedValues
from hagane.features.sorted_values import SortedValues
from hagane.types import SqlType
from hagane.write_aside import write_aside

EVERY = ValueCounts(1, 1_000_000)
"""What is asked of a vocabulary that is asked about a second time, with other limits: it is one that is searched. Where
there are more values than these, what goes beyond them is asked by itself."""
NUMBERS = (SqlType.INT64, SqlType.FLOAT64)
QUANTILES = "$quantiles"
SUFFIXES = (".json", ".sorted", ".counts", ".tokens")
"""Of the files that hold answers."""


class _Plain(msgspec.Struct):
    """What is kept as JSON."""

    scalars: dict[str, Value | None] = {}
    """By their SQL."""
    moments: tuple[float | None, float | None] | None = None
    quantiles: dict[str, int | float | None] = {}
    """Fraction, as Python writes it → value; None where there is none."""


class KnownAnswers:
    """Of the argument of a type whose files are `path` with a suffix: read when it is made, written by `keep`."""

    def __init__(self, path: Path, type: SqlType) -> None:
        self._path, self._type = path, type
        self._plain = _Plain()
        self._counted: dict[str, CountedValues] = {}
        self._sorted: SortedValues | None = None
        self.reload()

    def reload(self) -> None:
        """Know what another process has found meanwhile. Files that are damaged count for nothing."""
        with suppress(OSError, msgspec.DecodeError):
            self._plain = msgspec.json.decode(self._file("json").read_bytes(), type=_Plain)
        if self._sorted is None:
            with suppress(OSError, pa.ArrowInvalid):
                self._sorted = SortedValues.read(self._file("sorted"))
        for kind in ("counts", "tokens"):
            with suppress(OSError, pa.ArrowInvalid):
                self._counted[kind] = CountedValues.read(self._file(kind))

    def lacking(self, asked: Aggregates, *, may_sort: bool) -> Aggregates | None:
        """What is still to be asked; None where all is known.

        Numbers of which quantiles are wanted are put in order, where `may_sort` says that they fit in memory: that is
        no dearer than to select some quantiles, and answers for all.
        """
        fractions = tuple(dict.fromkeys(one for each in asked.quantiles.values() for one in each))
        if self._sorted is not None or all(repr(fraction) in self._plain.quantiles for fraction in fractions):
            fractions = ()
        sorts = may_sort and self._type in NUMBERS and bool(fractions)
        lacking = Aggregates(
            scalars={sql: sql for sql in asked.scalars.values() if sql not in self._plain.scalars},
            counts=self._wanting("counts", asked.counts),
            tokens=self._wanting("tokens", asked.tokens),
            moments=asked.moments and self._plain.moments is None,
            quantiles={QUANTILES: fractions} if fractions and not sorts else {},
            sorted=sorts,
        )
        return None if lacking == Aggregates() else lacking

    def _wanting(self, kind: str, wanted: ValueCounts | None) -> ValueCounts | None:
        known = self._counted.get(kind)
        if wanted is None or (known is not None and known.covers(wanted)):
            return None
        if known is None or wanted.limit > EVERY.limit:
            return wanted
        return EVERY

    def note(self, asked: Aggregates, measured: Measured) -> None:
        """Learn the answers to what was `lacking`."""
        plain, found = self._plain, dict[str, Any](measured.scalars)
        plain.scalars |= {sql: found[sql] for sql in asked.scalars}
        if asked.moments:
            plain.moments = (found["mean"], found["stddev"])
        for name, fractions in asked.quantiles.items():
            values = found[name] or [None] * len(fractions)
            plain.quantiles |= zip(map(repr, fractions), values, strict=True)
        if asked.sorted:
            self._sorted = found[SORTED]
        for kind, wanted in (("counts", asked.counts), ("tokens", asked.tokens)):
            if wanted is not None:
                self._counted[kind] = CountedValues.of(wanted, measured.counts)

    def keep(self, asked: Aggregates) -> None:
        """Write what was noted of `asked`. Raises OSError."""
        if asked.scalars or asked.moments or asked.quantiles:
            write_aside(self._file("json"), msgspec.json.encode(self._plain))
        if asked.sorted and self._sorted is not None:
            write_aside(self._file("sorted"), self._sorted.write)
            self._sorted = SortedValues.read(self._file("sorted"))  # mapped, and no longer in memory
        for kind, wanted in (("counts", asked.counts), ("tokens", asked.tokens)):
            if wanted is not None:
                write_aside(self._file(kind), self._counted[kind].write)

    def answer(self, asked: Aggregates) -> Measured:
        """All of what is asked, none of it `lacking`: as if it had been asked for alone."""
        scalars: dict[str, object] = {name: self._plain.scalars[sql] for name, sql in asked.scalars.items()}
        if asked.moments:
            assert self._plain.moments is not None
            scalars |= zip(("mean", "stddev"), self._plain.moments, strict=True)
        scalars |= {name: self._quantiles(fractions) for name, fractions in asked.quantiles.items()}
        kind, wanted = ("tokens", asked.tokens) if asked.tokens else ("counts", asked.counts)
        if wanted is None:
            return Measured(scalars)
        assert self._counted[kind].covers(wanted)
        return Measured(scalars, self._counted[kind].answer(wanted))

    def _quantiles(self, fractions: tuple[float, ...]) -> list[int | float] | None:
        if self._sorted is not None:
            return self._sorted.quantiles(fractions)
        found = [self._plain.quantiles[repr(fraction)] for fraction in fractions]
        there = [value for value in found if value is not None]
        return there or None

    def _file(self, kind: str) -> Path:
        return self._path.with_suffix(f".{kind}")


def together(one: Aggregates, other: Aggregates) -> Aggregates:
    """What two analyzers ask of one argument, in one question from whose answer both of theirs follow.

    >>> together(Aggregates(counts=ValueCounts(5, 10)), Aggregates(counts=ValueCounts(1, 3))).counts
    ValueCounts(min_count=1, limit=10)
    """
    fractions = {QUANTILES: tuple(q for each in (one, other) for asked in each.quantiles.values() for q in asked)}
    return Aggregates(
        scalars={sql: sql for each in (one, other) for sql in each.scalars.values()},
        counts=_both(one.counts, other.counts),
        tokens=_both(one.tokens, other.tokens),
        moments=one.moments or other.moments,
        quantiles=fractions if fractions[QUANTILES] else {},
    )


def _both(one: ValueCounts | None, other: ValueCounts | None) -> ValueCounts | None:
    if one is None or other is None:
        return one or other
    return ValueCounts(min(one.min_count, other.min_count), max(one.limit, other.limit))
