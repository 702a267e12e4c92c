"""The parts that every section is made of: cards, tables that scroll, bars, badges, a chart with its key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from hagane.page.markup import Markup, element

Row = tuple[Sequence[object], str | None]
"""Of a table: its cells and its class."""
Span = Literal["", "double", "wide"]
"""One column of the page, two, or all."""


def card(title: str, *children: object, note: object = "", span: Span = "") -> Markup:
    """A titled section, with a line of explanation under its title."""
    explained = element("p", note, class_="note") if note else ""
    return element("section", element("h2", title), explained, *children, class_=f"card {span}".strip())


def folded(title: str, *children: object, note: object = "") -> Markup:
    """A section that opens when asked."""
    explained = element("p", note, class_="note") if note else ""
    inner = element("details", element("summary", element("h2", title)), explained, *children)
    return element("section", inner, class_="card wide")


def table(
    heads: Sequence[object], rows: Iterable[Row], *, name: str, class_: str = "", words: Collection[int] = ()
) -> Markup:
    """A table that scrolls sideways where it is too wide; a row is its cells and its class; the first cell heads it.

    The columns at `words` hold words, which begin at the left and may take several lines; the others hold figures.
    """
    kinds = ["words" if index in words else None for index in range(len(heads))]
    shown = (element("th", each, scope="col", class_=kind) for each, kind in zip(heads, kinds, strict=True))
    head = element("thead", element("tr", *shown))
    body = element("tbody", *(_row(cells, row_class, kinds) for cells, row_class in rows))
    inner = element("table", head, body, class_=class_ or None, aria_label=name)
    return element("div", inner, class_="scroll", tabindex=0, role="region", aria_label=name)


def bar(share: float, class_: str = "bar") -> Markup:
    """A bar filled to `share` of its width; decoration, since the figure stands beside it."""
    width = f"width:{100 * min(max(share, 0.0), 1.0):.1f}%"
    return element("span", element("i", style=width), class_=class_, aria_hidden="true")


def badge(text: str, class_: str) -> Markup:
    """A small label."""
    return element("span", text, class_=f"badge {class_}")


def chart_with_key(chart: Markup, *keys: tuple[str, str]) -> Markup:
    """A chart and what its marks mean: (class of the mark, text)."""
    shown = [element("span", _sample(class_), text) for class_, text in keys]
    return element("figure", chart, element("figcaption", *shown, class_="key") if shown else "")


def _sample(class_: str) -> Markup:
    if class_ in ("used", "suggested"):
        mark = element("circle", cx=11, cy=6, r=4.5, class_=class_)
    else:
        mark = element("line", x1=1, x2=21, y1=6, y2=6, class_=class_)
    return element("svg", mark, viewBox="0 0 22 12", aria_hidden="true")


def _row(cells: Sequence[object], class_: str | None, kinds: Sequence[str | None]) -> Markup:
    first = element("th", cells[0], scope="row")
    rest = (element("td", each, class_=kind) for each, kind in zip(cells[1:], kinds[1:], strict=True))
    return element("tr", first, *rest, class_=class_)
