"""`timeline_bars`: a series in a character a window."""

from __future__ import annotations

from rich.text import Text

from hagane.monitoring.view.series import Series

BARS = "▁▂▃▄▅▆▇█"


def timeline_bars(series: Series, width: int) -> Text:
    """The last `width` windows, each a bar half as high as it can be at the threshold; a dot where nothing was judged.

    What has no threshold, or is never judged: from the least of the values to the greatest.
    """
    line = Text()
    known = [value for value in series.values if value is not None]
    low, high = min(known), max(known)
    for at, value in list(enumerate(series.values))[-width:]:
        if value is None or (at in series.unjudged and series.latest is not None):
            line.append("·", "dim")
            continue
        excess = series.excesses[at] if series.latest is not None else None
        share = excess / 2 if excess is not None else (value - low) / (high - low) if low < high else 0.5
        bar = BARS[min(int(min(share, 1.0) * len(BARS)), len(BARS) - 1)]
        line.append(bar, "red" if at in series.anomalies else "green" if excess is not None else "")
    return line
