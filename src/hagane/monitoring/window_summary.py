"""`WindowSummary`: all that is kept of one window's traffic to one deployed model."""

from __future__ import annotations

import zlib
from typing import Any, TypeVar

import msgspec

from hagane.errors import DataError, Fault
from hagane.monitoring.quality.expected_quality import ExpectedQuality
from hagane.monitoring.quality.window_quality import WindowQuality
from hagane.monitoring.window_arrivals import WindowArrivals
from hagane.monitoring.window_replay import WindowReplay
from hagane.monitoring.window_schema import WindowSchema
from hagane.monitoring.windows import Window
from hagane.statistics.statistics import Statistics

T = TypeVar("T")
FORMAT = b"hagane.window_summary 2\n"
PARTS = ("expected", "features", "attributions", "quality", "arrivals", "replay", "data_schema")
"""The fields that a window may not have; each has a `merge`, and counts its own rows."""


class WindowSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Some kilobytes a column, mergeable with those of any other windows of the same deployed model.

    >>> empty = Statistics(num_rows=0, columns=())
    >>> summary = WindowSummary(window=Window(0, 10), deployed_model_id="late-1", model="late", version="1", num_rows=0,
    ...                         traffic=0.0, num_errors=0, inputs=empty, predictions=empty)
    >>> WindowSummary.from_bytes(summary.to_bytes()) == summary
    True
    """

    window: Window
    deployed_model_id: str
    model: str
    version: str
    num_rows: int
    """Logged rows."""
    traffic: float
    """Rows of the traffic for which they stand: Σ 1 / rate."""
    num_errors: int
    """Rows on which an expression erred."""
    inputs: Statistics
    """Of the raw columns that the log holds."""
    predictions: Statistics
    """Of what was answered: `predicted_<label>`, and of a binary classifier `probability` (of the positive class)."""
    hashed: tuple[str, ...] = ()
    """The inputs of which the log holds pseudonyms: they can be compared with each other, and with nothing else."""
    expected: ExpectedQuality | None = None
    """How good the answers are to be expected, before labels come."""
    features: Statistics | None = None
    """Of what the model saw, of some of the rows."""
    attributions: Statistics | None = None
    """Of what each raw column added to the answers, of some of the rows."""
    quality: WindowQuality | None = None
    """What the labels that have come say of the answers."""
    arrivals: WindowArrivals | None = None
    """What came, refused requests and fields that no log holds counted; None where the server did not count."""
    replay: WindowReplay | None = None
    """Whether some of the requests, asked again, are answered as they were."""
    data_schema: WindowSchema | None = None
    """How many rows break each rule of the schema that the model was trained with."""

    @property
    def is_silent(self) -> bool:
        """Whether nothing came at all: not even a request that was refused."""
        return self.num_rows == 0 and self.arrivals is None

    def merge(self, other: WindowSummary) -> WindowSummary:
        """Of both windows together, from the start of the earlier to the end of the later.

        A part that the windows have in different forms is left out. Raises DataError where their columns differ: of
        different models.
        """
        parts = {name: _merge(getattr(self, name), getattr(other, name)) for name in PARTS}
        return msgspec.structs.replace(
            self,
            window=Window(min(self.window.start, other.window.start), max(self.window.end, other.window.end)),
            num_rows=self.num_rows + other.num_rows,
            traffic=self.traffic + other.traffic,
            num_errors=self.num_errors + other.num_errors,
            inputs=self.inputs.merge(other.inputs),
            predictions=self.predictions.merge(other.predictions),
            **parts,
        )

    def without_sketches(self) -> WindowSummary:
        """The same for people: figures alone."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        plain = {name: part.without_sketches() for name, part in fields.items() if isinstance(part, Statistics)}
        quality = self.quality.without_bins() if self.quality else None
        return msgspec.structs.replace(self, quality=quality, **plain)

    def to_bytes(self) -> bytes:
        """Compressed; `from_bytes` reads it back equal."""
        return FORMAT + zlib.compress(msgspec.msgpack.encode(self))

    @staticmethod
    def from_bytes(content: bytes) -> WindowSummary:
        """Raises DataError for what is no summary, or one of a later release."""
        return decode_summary(content, WindowSummary)


def decode_summary(content: bytes, kind: type[T]) -> T:
    """As a struct that has some of its fields, or all. Raises DataError as `WindowSummary.from_bytes` does."""
    if not content.startswith(FORMAT):
        what = "this is no summary of a window, or one of a later release"
        raise DataError(Fault(what=what, received=repr(content[: len(FORMAT)])))
    try:
        return msgspec.msgpack.decode(zlib.decompress(content[len(FORMAT) :]), type=kind)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise DataError(Fault(what=f"the summary of a window is damaged: {error}")) from None


def _merge(one: Any, other: Any) -> Any:
    """Of both windows, or of the one that has it; None where they are of different forms."""
    if one is None or other is None:
        return one if other is None else other
    try:
        return one.merge(other)
    except DataError:
        return None
