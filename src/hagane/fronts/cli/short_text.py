"""`short_text`: a user's value on one line of the terminal."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size


def short_text(value: object, width: int) -> str:
    """A value on one line, at most `width` places wide; line ends and other controls shown as '·'.

    >>> short_text("two\\nlines", 20), short_text("abcdefgh", 5), short_text("京都府", 5), short_text(None, 9)
    ('two·lines', 'abcd…', '京都…', 'NULL')
    """
    if value is None:
        return "NULL"
    text = "".join(character if character.isprintable() else "·" for character in str(value))
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)).rstrip() + "…"
