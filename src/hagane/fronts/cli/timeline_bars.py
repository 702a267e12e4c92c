"""`timeline_bars`: a series in a character a window."""

from __future__ import annotations

from rich.text import Text

from hagane.monitoring.view.series import Series

BARS = "▁▂▃▄▅▆▇█"


def timeline_bars(series: Series, width: int) -> Text:
    """The last `width` windows, each a bar half as high as it can be at the threshold; a dot where nothing was judged.

    Without a threshold: from the least of the values to the greatest.
    """
    line = Text()
    known = [value for value in series.values if value is not None]
    low, high = min(known), max(known)
    for at, value in list(enumerate(series.values))[-width:]:
        if value is None or at in series.unjudged:
            line.append("·", "dim")
            continue
        excess = series.excesses[at]
        share = excess / 2 if excess is not None else (value - low) / (high - low) if low < high else 0.5
        bar = BARS[min(int(min(share, 1.0) * len(BARS)), len(BARS) - 1)]
        line.append(bar, "red" if at in series.anomalies else "green" if excess is not None else "")
    return line
