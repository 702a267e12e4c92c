"""HTML and SVG by construction: text is escaped unless it is already markup, in this one place."""

from __future__ import annotations

import html
import re

VOID = ("br", "input", "meta")
"""Elements that have no end."""


PLAIN = ("title", "desc", "text", "style", "textarea", "option")
"""Elements that can hold no other."""
_LETTERS = r"\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
"""Of Hebrew, Arabic and their kin."""
_RIGHT_TO_LEFT = re.compile(rf"([{_LETTERS}][\w{_LETTERS}]*(?:\s+[{_LETTERS}][\w{_LETTERS}]*)*)")


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def escape(text: object) -> Markup:
    """Text as markup; a lone surrogate, which no page can hold, becomes a question mark.

    >>> escape("<1H OCEAN"), escape(Markup("<b>"))
    ('&lt;1H OCEAN', '<b>')
    """
    if isinstance(text, Markup):
        return text
    return Markup(html.escape(str(text).encode("utf-8", "replace").decode("utf-8")))


def element(name: str, *children: object, **attributes: object) -> Markup:
    """`<name attributes>children</name>`; `class_` is class, `_` in a name is `-`, an attribute of None is left out.

    >>> element("td", "<1H OCEAN", class_="name", title=None)
    '<td class="name">&lt;1H OCEAN</td>'
    >>> element("p", "סך = 3")
    '<p><bdi>סך</bdi> = 3</p>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Markup(f"<{name}{written}>")
    write = escape if name in PLAIN else _isolated
    return Markup(f"<{name}{written}>{''.join(map(write, children))}</{name}>")


def joined(*children: object) -> Markup:
    """Several pieces, one after another."""
    return Markup("".join(map(_isolated, children)))


def _isolated(text: object) -> Markup:
    """Text as markup, words written from right to left each by itself: what stands around them keeps its order."""
    escaped = escape(text)
    return escaped if isinstance(text, Markup) else Markup(_RIGHT_TO_LEFT.sub(r"<bdi>\1</bdi>", escaped))
