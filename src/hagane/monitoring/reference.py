"""`Reference`: what a window is held against."""

from __future__ import annotations

from typing import Literal

import msgspec

from hagane.monitoring.quality.evaluated import Evaluated
from hagane.monitoring.window_summary import WindowSummary
from hagane.statistics.statistics import Statistics

Baseline = Literal["training", "previous"]


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """How much came to an endpoint in a window, and how much usually does at that time."""

    num_rows: float
    low: float
    high: float
    fraction: float
    """Of the usual: 1 within."""


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of training, or an earlier window; what is not known is None."""

    baseline: Baseline
    inputs: Statistics | None = None
    """Of the raw columns."""
    predictions: Statistics | None = None
    """Of the answers."""
    features: Statistics | None = None
    """Of what the model saw."""
    attributions: Statistics | None = None
    """Of what each raw column added to the answers."""
    evaluated: Evaluated | None = None
    """What the model's own evaluation said, whatever the baseline is."""
    before: WindowSummary | None = None
    """The window before, of the same deployed model, whatever the baseline is."""
    thresholds: dict[str, float] = {}
    """Place of a finding → the threshold that was derived for it (`derived_thresholds`)."""
    row_error_share: float | None = None
    """Of the rows that the model was evaluated on, those on which an expression erred."""
    volume: Volume | None = None
    """Of the endpoint, with the model that had most of the window's traffic; None without enough history."""
