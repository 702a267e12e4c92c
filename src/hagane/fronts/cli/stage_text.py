"""What is said of a stage: figures, counts, speeds, durations."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.number_text import brief_text


def figures_text(figures: Mapping[str, float]) -> str:
    """Figures beside a bar.

    >>> figures_text({"loss": 0.41234, "eval_loss": 0.5})
    'loss 0.4123  eval_loss 0.5'
    """
    return "  ".join(f"{name} {brief_text(value)}" for name, value in figures.items())


def count_text(count: float) -> str:
    """A count in full.

    >>> count_text(336776.0)
    '336,776'
    """
    return f"{count:,.0f}"


def rate_text(rate: float, unit: str) -> str:
    """Units a second, in three digits.

    >>> rate_text(1234567, "rows"), rate_text(12.34, "iterations")
    ('1.23 M rows/s', '12.3 iterations/s')
    """
    for scale, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if rate >= scale:
            return f"{rate / scale:.3g}{suffix} {unit}/s"
    return f"{rate:.3g} {unit}/s"


def seconds_text(seconds: float) -> str:
    """A duration as people say it.

    >>> seconds_text(0.0421), seconds_text(3.21), seconds_text(75.4), seconds_text(7322)
    ('42 ms', '3.2 s', '1 min 15 s', '2 h 02 min')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:02.0f} min"


def left_text(seconds: float | None, *, at_most: bool = False) -> str:
    """The time left; `≤` where the stage may end before. Empty where it is not known.

    >>> left_text(7.2), left_text(80.0, at_most=True), left_text(7322.0), left_text(None)
    ('0:07 left', '≤ 1:20 left', '2:02:02 left', '')
    """
    if seconds is None:
        return ""
    whole = round(seconds)
    hours = f"{whole // 3600}:{whole // 60 % 60:02}" if whole >= 3600 else f"{whole // 60}"
    return f"{'≤ ' if at_most else ''}{hours}:{whole % 60:02} left"
