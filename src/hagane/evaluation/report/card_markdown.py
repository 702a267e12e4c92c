"""`card_markdown`: a model card as Markdown, for a repository or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hagane.evaluation.model_card import CardSection, CardTable, ModelCard, word_columns

MARKS = re.compile(r"([\\`*_\[\]<>#|~&])")


def card_markdown(card: ModelCard) -> str:
    """Every text is escaped: a column's name may hold what Markdown takes for markup.

    >>> from hagane.evaluation.model_card import CardSection
    >>> section = CardSection(title="Data", facts=(("Rows", "3"),), points=("a*b",))
    >>> print(card_markdown(ModelCard(title="late", subtitle="trees", sections=(section,))))
    # late
    <BLANKLINE>
    trees
    <BLANKLINE>
    ## Data
    <BLANKLINE>
    - **Rows**: 3
    <BLANKLINE>
    - a\\*b
    <BLANKLINE>
    """
    parts = [f"# {plain(card.title)}", plain(card.subtitle)]
    parts += [part for section in card.sections for part in _section(section)]
    return "\n\n".join(parts) + "\n"


def plain(text: str) -> str:
    """The text on one line, as Markdown shows it unchanged.

    >>> plain("a_b | <c>")
    'a\\\\_b \\\\| \\\\<c\\\\>'
    """
    return MARKS.sub(r"\\\1", " ".join(text.split()))


def _section(section: CardSection) -> Iterator[str]:
    yield f"## {plain(section.title)}"
    if section.facts:
        yield "\n".join(f"- **{plain(name)}**: {plain(value)}" for name, value in section.facts)
    for text in section.paragraphs:
        yield "\n\n".join(plain(part) for part in text.split("\n\n"))
    if section.points:
        yield "\n".join(f"- {plain(point)}" for point in section.points)
    if section.table is not None:
        yield _table(section.table)
    if section.code:
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", section.code)), default=0))
        yield f"{fence}\n{section.code.rstrip()}\n{fence}"


def _table(table: CardTable) -> str:
    rule = ("---" if place in word_columns(table) else "---:" for place in range(1, len(table.heads)))
    lines = [_line(table.heads), _line(("---", *rule), is_rule=True)]
    return "\n".join([*lines, *map(_line, table.rows)])


def _line(cells: Sequence[str], *, is_rule: bool = False) -> str:
    return "| " + " | ".join(cells if is_rule else map(plain, cells)) + " |"
