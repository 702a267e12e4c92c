"""`whole_page`: one self-contained HTML page around its cards."""

from __future__ import annotations

import base64
import hashlib

from hagane.page.markup import Markup, element, joined
from hagane.page.style import STYLE


def whole_page(title: str, subtitle: object, *cards: object, style: str = "", script: str = "") -> str:
    """No external resource, light and dark, for screens of any width. Every text is escaped.

    `style` is added to the style of all pages; `script`, where there is one, runs at the end: a page says all without.
    No other script can run, and nothing can be fetched: the page's own policy says so to the browser.

    >>> page = whole_page("<late>", "two models")
    >>> "&lt;late&gt;" in page, page.startswith("<!doctype html>")
    (True, True)
    """
    header = element("header", element("h1", title), element("p", subtitle, class_="soft"))
    shown = element("div", *cards, class_="cards")
    head = joined(
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        element("title", title),
        element("style", Markup(STYLE + style)),
    )
    main = element("main", header, shown, element("footer", "Written by Hagane."))
    scripted = element("script", Markup(script)) if script else ""
    page = element("html", element("head", head), element("body", main, scripted), lang="en")
    return f"<!doctype html>\n{page}\n"


def _policy(script: str) -> str:
    """Nothing but the page's own styles, pictures in its own text, and this one script (Content Security Policy 3)."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = f"'sha256-{digest}'" if script else "'none'"
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {allowed}; base-uri 'none'"
