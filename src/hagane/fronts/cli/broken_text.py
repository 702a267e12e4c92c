"""`broken_text`: a value in a narrow column, on lines that end where the eye expects it."""

from __future__ import annotations

import re

from rich.cells import cell_len, set_cell_size

from hagane.fronts.cli.short_text import short_text

PIECE = re.compile(r"[^\s,(\[{=/._-]*[\s,(\[{=/._-]*")
"""What stands together: a word with the marks behind it."""


def broken_text(value: object, width: int, *, most: int = 2) -> str:
    """The value on at most `most` lines of `width` places; a word is broken only where it is wider than a line.

    >>> print(broken_text("ML.ONE_HOT_ENCODER(carrier) OVER ()", 20))
    ML.ONE_HOT_ENCODER(
    carrier) OVER ()
    >>> print(broken_text("ML.ONE_HOT_ENCODER(carrier) OVER ()", 12))
    ML.ONE_HOT_
    ENCODER(car…
    """
    lines = _lines(short_text(value, 10_000), width)
    if len(lines) > most:
        rest = "".join(lines[most - 1 :])
        lines = [*lines[: most - 1], short_text(rest, width)]
    return "\n".join(line.rstrip() for line in lines)


def _lines(text: str, width: int) -> list[str]:
    lines = [""]
    for piece in (part for word in PIECE.findall(text) for part in _parts(word, width)):
        if cell_len(lines[-1] + piece.rstrip()) <= width:
            lines[-1] += piece
        else:
            lines.append(piece)
    return lines


def _parts(word: str, width: int) -> list[str]:
    """The word, of one that is wider than a line its parts."""
    parts = []
    while cell_len(word.rstrip()) > width:
        first = set_cell_size(word, width).rstrip()
        parts.append(first)
        word = word[len(first) :]
    return [*parts, word]
