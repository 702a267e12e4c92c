"""What is kept of a window: one file a part.

`PARTS` is the table: a field of `WindowSummary` → a function of the window's logged rows; None where they have no such
part. Each part is some kilobytes, and merges with that of any other window.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from hagane.workflow.logged_rows import LoggedRows


class WindowPart(Protocol):
    """Sums up one side of a window."""

    def __call__(self, rows: LoggedRows, /) -> Any | None:
        """The part, or None."""


PARTS = {
    "data_schema": "hagane.workflow.window_parts.data_schema:sum_up_data_schema",
    "replay": "hagane.workflow.window_parts.replay:sum_up_replay",
    "arrivals": "hagane.workflow.window_parts.arrivals:sum_up_arrivals",
    "expected": "hagane.workflow.window_parts.expected:sum_up_expected",
    "features": "hagane.workflow.window_parts.features:sum_up_features",
    "attributions": "hagane.workflow.window_parts.attributions:sum_up_attributions",
    "quality": "hagane.workflow.window_parts.quality:sum_up_quality",
}
"""Field → `module:function`."""

STREAMED = {
    "expected": "hagane.workflow.window_parts.expected_stream:ExpectedStream",
}
"""Field → `module:class`, of parts that are made of the batches which are read for the statistics anyway.

Where `begin` of the class gives None the function of `PARTS` is called.
"""


class StreamedPart(Protocol):
    """Sums up one side of a window, batch by batch: columns as `log_batches` names them."""

    def add(self, batch: pa.RecordBatch, /) -> None:
        """The next rows."""

    def part(self) -> Any:
        """Of all rows."""


def begin_streamed(rows: LoggedRows) -> dict[str, StreamedPart]:
    """By field those that this model has."""
    found = {}
    for name, place in STREAMED.items():
        module, _, called = place.partition(":")
        begun: StreamedPart | None = getattr(importlib.import_module(module), called).begin(rows)
        if begun is not None:
            found[name] = begun
    return found


def get_part(name: str) -> WindowPart:
    """The part called `name`. Raises KeyError."""
    module, _, function = PARTS[name].partition(":")
    part: WindowPart = getattr(importlib.import_module(module), function)
    return part
