"""HTML and SVG by construction: text is escaped unless it is already markup, in this one place."""

from __future__ import annotations

import html

VOID = ("br", "meta")
"""Elements that have no end."""


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
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{''.join(escape(child) for child in children)}</{name}>")


def joined(*children: object) -> Markup:
    """Several pieces, one after another."""
    return Markup("".join(escape(child) for child in children))
