"""`card_html`: a model card as one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.evaluation.model_card import CardSection, ModelCard, word_columns
from hagane.page.markup import Markup, element
from hagane.page.pieces import Row, card, folded, table
from hagane.page.whole_page import whole_page


def card_html(model_card: ModelCard) -> str:
    """One self-contained HTML page. Every text is escaped.

    >>> page = card_html(ModelCard(title="<late>", subtitle="trees", sections=(CardSection(title="Data"),)))
    >>> "&lt;late&gt;" in page, "<late>" in page
    (True, False)
    """
    return whole_page(model_card.title, model_card.subtitle, *(map(_card, model_card.sections)))


def _card(section: CardSection) -> Markup:
    if section.is_long:
        return folded(section.title, *_parts(section))
    return card(section.title, *_parts(section), span="wide")


def _parts(section: CardSection) -> Iterator[Markup]:
    if section.facts:
        pairs = (
            element("div", element("dt", name), element("dd", value), class_="fact") for name, value in section.facts
        )
        yield element("dl", *pairs, class_="facts")
    for text in section.paragraphs:
        yield from (element("p", part) for part in text.split("\n\n"))
    if section.points:
        yield element("ul", *(element("li", point) for point in section.points))
    if section.table is not None:
        rows: list[Row] = [(row, None) for row in section.table.rows]
        yield table(section.table.heads, rows, name=section.title, words=word_columns(section.table))
    if section.code:
        yield element("pre", section.code, tabindex=0)
