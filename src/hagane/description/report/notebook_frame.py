"""`notebook_frame`: a description's page within a notebook's, where neither's style reaches the other."""

from __future__ import annotations

from hagane.description.description import Description
from hagane.description.report.description_html import description_html
from hagane.page.markup import Markup, element

HEIGHT = 640
"""Of the frame, in pixels; the page scrolls in it."""


def notebook_frame(description: Description) -> Markup:
    """An inline frame that holds the whole page (`srcdoc`): nothing is fetched, and no script runs in it."""
    return element(
        "iframe",
        srcdoc=description_html(description, title="Data"),
        sandbox="",
        title="The data described",
        style=f"width:100%;height:{HEIGHT}px;border:0",
    )
