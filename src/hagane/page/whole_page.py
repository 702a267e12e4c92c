"""`whole_page`: one self-contained HTML page around its cards."""

from __future__ import annotations

from hagane.page.markup import Markup, element, joined
from hagane.page.style import STYLE


def whole_page(title: str, subtitle: object, *cards: object, style: str = "", script: str = "") -> str:
    """No external resource, light and dark, for screens of any width. Every text is escaped.

    `style` is added to the style of all pages; `script`, where there is one, runs at the end: a page says all without.

    >>> page = whole_page("<late>", "two models")
    >>> "&lt;late&gt;" in page, page.startswith("<!doctype html>")
    (True, True)
    """
    header = element("header", element("h1", title), element("p", subtitle, class_="soft"))
    shown = element("div", *cards, class_="cards")
    head = joined(
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", title),
        element("style", Markup(STYLE + style)),
    )
    main = element("main", header, shown, element("footer", "Written by Hagane."))
    scripted = element("script", Markup(script)) if script else ""
    page = element("html", element("head", head), element("body", main, scripted), lang="en")
    return f"<!doctype html>\n{page}\n"
