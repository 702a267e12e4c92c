"""`ModelCard`: what somebody should know of a model before using it, as plain data.

The sections are those of Mitchell et al. 2019, "Model cards for model reporting".
"""

from __future__ import annotations

import msgspec


class CardTable(msgspec.Struct, frozen=True):
    """Figures; the first column heads the rows."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class CardSection(msgspec.Struct, frozen=True, kw_only=True):
    """One section: facts, then paragraphs, a list, a table, a text as it is."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    table: CardTable | None = None
    code: str = ""
    """As it is written: SQL, YAML."""
    is_long: bool = False
    """Whether a page folds it away."""


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """The whole card."""

    title: str
    subtitle: str
    sections: tuple[CardSection, ...]


FIGURE = frozenset("0123456789.,+-−–…<>%e ")
"""A cell of these alone is a figure."""


def word_columns(table: CardTable) -> list[int]:
    """The columns that hold words, less the first.

    >>> word_columns(CardTable(("a", "b", "c"), (("x", "0.5", "few rows"), ("y", "1 … 2", ""))))
    [2]
    """
    places = range(1, len(table.heads))
    return [place for place in places if any(not FIGURE.issuperset(row[place]) for row in table.rows)]
