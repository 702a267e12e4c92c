"""`then_and_now_chart`: how a column lay in the baseline and how it lies, one over the other."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.monitoring.view.then_and_now import ThenAndNow
from hagane.number_text import percent_text, tiny_text
from hagane.page.markup import Markup, element, joined
from hagane.page.number_text import with_minus
from hagane.page.short_name import short_name

WIDTH, HEIGHT = 300.0, 72.0
LONGEST = 30


def then_and_now_chart(both: ThenAndNow) -> Markup:
    """Numbers as a filled histogram under a line, categories as two bars each."""
    drawn = _bars(both) if both.kind == "categories" else _histogram(both)
    outside = _facts(both)
    return joined(drawn, element("p", outside, class_="figure-line") if outside else "")


def _histogram(both: ThenAndNow) -> Markup:
    then = both.then.shares if both.then is not None else ()
    most = max((*then, *both.now.shares), default=0.0) or 1.0
    low, high = (with_minus(tiny_text(end, 4)) for end in _ends(both.edges))
    marks = [element("path", d=_outline(then, most, closed=True), class_="then")] if then else []
    marks.append(element("path", d=_outline(both.now.shares, most, closed=False), class_="now"))
    named = f"Values from {low} to {high}, then (filled) and now (line)"
    svg = element("svg", *marks, element("line", x1=0, x2=WIDTH, y1=HEIGHT - 0.5, y2=HEIGHT - 0.5),
                  viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}", preserveAspectRatio="none", role="img", aria_label=named,
                  class_="both")  # fmt: skip
    return joined(svg, element("div", element("span", low), element("span", high), class_="ends"))


def _ends(edges: Sequence[float]) -> tuple[float, float]:
    """The least and the largest value; of whole numbers half a number within the edges."""
    is_whole = all(edge % 1 == 0.5 for edge in edges)
    return (edges[0] + 0.5, edges[-1] - 0.5) if is_whole else (edges[0], edges[-1])


def _outline(shares: Sequence[float], most: float, *, closed: bool) -> str:
    """Level over each bucket; what there is at all is seen."""
    wide, path = WIDTH / len(shares), ""
    for at, share in enumerate(shares):
        y = HEIGHT - 1 - (max(1.5, share / most * (HEIGHT - 6)) if share else 0)
        path += f"{f'V{y:.0f}' if at else f'M0 {HEIGHT - 1:.0f}V{y:.0f}'}H{(at + 1) * wide:.0f}"
    return path + (f"V{HEIGHT:.0f}H0Z" if closed else f"V{HEIGHT - 1:.0f}")


def _bars(both: ThenAndNow) -> Markup:
    most = max((*(both.then.shares if both.then else ()), *both.now.shares), default=0.0) or 1.0
    rows = []
    for at, value in enumerate(both.values):
        now = both.now.shares[at]
        then = both.then.shares[at] if both.then is not None else None
        bars = [] if then is None else [element("i", class_="then", style=f"width:{100 * then / most:.3g}%")]
        bars.append(element("i", class_="now", style=f"width:{100 * now / most:.3g}%"))
        told = percent_text(now) if then is None else f"{percent_text(then)} → {percent_text(now)}"
        rows.append(joined(element("span", short_name(value, LONGEST) or "(empty)"),
                           element("span", told, class_="figure"),
                           element("b", *bars, aria_hidden="true")))  # fmt: skip
    return element("div", *rows, class_="pairs")


def _facts(both: ThenAndNow) -> str:
    """What has no place in a bucket: rows without a value, the ends of both sides."""
    parts = []
    if both.then is not None and (both.then.missing or both.now.missing):
        parts.append(f"missing {percent_text(both.then.missing)} → {percent_text(both.now.missing)}")
    elif both.now.missing:
        parts.append(f"missing {percent_text(both.now.missing)}")
    outside = both.now.below + both.now.above
    before = both.then.below + both.then.above if both.then is not None else 0.0
    if outside > 0.03 or before > 0.03:
        parts.append(f"outside {percent_text(before)} → {percent_text(outside)}")
    if both.then is None:
        parts.append("the baseline does not know it")
    return " · ".join(parts)
