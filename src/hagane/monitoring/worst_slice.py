"""`worst_slice`: the rows among which a metric is worst."""

from __future__ import annotations

from collections.abc import Iterable

from hagane.monitoring.finding import Finding
from hagane.monitoring.slice_effect import SliceEffect


def worst_slice(name: str, measure: str, findings: Iterable[Finding]) -> SliceEffect | None:
    """The slice of a metric that lies farthest on the wrong side of its threshold, in one window.

    None where no slice is wrong, or the worst one's interval holds the figure of all rows: then it is no worse than
    they are, as far as can be told.

    >>> def found(slice, value, high, rows):
    ...     return Finding(of="quality", name="accuracy", measure="accuracy", slice=slice, value=value, high=high,
    ...                    threshold=0.8, is_anomaly=value < 0.8, is_back=False, num_rows=rows)
    >>> both = [found("", 0.7, 0.75, 400), found("paid = 'cash'", 0.5, 0.6, 100)]
    >>> worst_slice("accuracy", "accuracy", both).text
    "worst among the rows of paid = 'cash' (25 % of them): 0.5"
    """
    same = [each for each in findings if (each.of, each.name, each.measure) == ("quality", name, measure)]
    whole = next((each for each in same if not each.slice), None)
    wrong = [each for each in same if each.slice and each.is_judged and each.is_anomaly]
    if whole is None or not wrong or not whole.num_rows:
        return None
    worst = max(wrong, key=lambda each: (each.excess, each.slice))
    if worst.low is not None and worst.high is not None and worst.low <= whole.value <= worst.high:
        return None
    share = min(worst.num_rows / whole.num_rows, 1.0)
    return SliceEffect(slice=worst.slice, share=share, value=whole.value, within=worst.value)
