"""What is kept of a window: one file a part.

`PARTS` is the table: a field of `WindowSummary` → a function of the window's logged rows; None where they have no such
part. Each part is some kilobytes, and merges with that of any other window.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from hagane.workflow.logged_rows import LoggedRows


class WindowPart(Protocol):
    """Sums up one side of a window."""

    def __call__(self, rows: LoggedRows, /) -> Any | None:
        """The part, or None."""


PARTS = {
    "replay": "hagane.workflow.window_parts.replay:sum_up_replay",
    "arrivals": "hagane.workflow.window_parts.arrivals:sum_up_arrivals",
    "expected": "hagane.workflow.window_parts.expected:sum_up_expected",
    "features": "hagane.workflow.window_parts.features:sum_up_features",
    "attributions": "hagane.workflow.window_parts.attributions:sum_up_attributions",
    "quality": "hagane.workflow.window_parts.quality:sum_up_quality",
}
"""Field → `module:function`."""


def get_part(name: str) -> WindowPart:
    """The part called `name`. Raises KeyError."""
    module, _, function = PARTS[name].partition(":")
    part: WindowPart = getattr(importlib.import_module(module), function)
    return part
