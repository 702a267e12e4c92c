"""What is looked at in a window: one file a subject.

`JUDGES` is the table: a function of the window's summary, what it is held against, and what was asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hagane.monitoring.finding import Finding
    from hagane.monitoring.reference import Reference
    from hagane.monitoring.window_summary import WindowSummary
    from hagane.spec.monitoring import Monitoring


class Judge(Protocol):
    """Looks at one subject."""

    def __call__(self, summary: WindowSummary, reference: Reference, monitoring: Monitoring, /) -> Iterable[Finding]:
        """What is found; nothing where the summary or the reference does not have it."""


JUDGES = {
    "inputs": "hagane.monitoring.judges.inputs:judge_inputs",
    "predictions": "hagane.monitoring.judges.predictions:judge_predictions",
    "features": "hagane.monitoring.judges.features:judge_features",
    "attributions": "hagane.monitoring.judges.attributions:judge_attributions",
    "expected": "hagane.monitoring.judges.expected:judge_expected",
    "quality": "hagane.monitoring.judges.quality:judge_quality",
    "schema": "hagane.monitoring.judges.schema:judge_schema",
    "data_schema": "hagane.monitoring.judges.data_schema:judge_data_schema",
    "arrivals": "hagane.monitoring.judges.arrivals:judge_arrivals",
    "replay": "hagane.monitoring.judges.replay:judge_replay",
    "volume": "hagane.monitoring.judges.volume:judge_volume",
}
"""Name → `module:function`, in the order in which people see them."""


def get_judge(name: str) -> Judge:
    """The judge called `name`. Raises KeyError."""
    module, _, function = JUDGES[name].partition(":")
    judge: Judge = getattr(importlib.import_module(module), function)
    return judge
