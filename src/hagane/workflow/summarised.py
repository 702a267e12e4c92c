"""`Summarised`: what a call of `summarise_log` did."""

from __future__ import annotations

import msgspec

from hagane.monitoring.windows import Window


class Summarised(msgspec.Struct, frozen=True, kw_only=True):
    """The windows that were summed up, and what could not be."""

    windows: tuple[Window, ...]
    """The earliest first."""
    notes: tuple[str, ...] = ()
