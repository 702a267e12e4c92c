"""`parse_select_list`: the items of TRANSFORM(…), whose text stays as it was written."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.tokens import TokenType

from hagane.sql.statement import SelectItem
from hagane.sql.statement_source import StatementSource, closing


def parse_select_list(source: StatementSource, clause: str = "TRANSFORM") -> tuple[SelectItem, ...]:
    """The items in the parentheses that come next; the faults are the source's.

    >>> from hagane.sql.bigquery_ml import BigQueryMl
    >>> text = "(* EXCEPT (a), ML.STANDARD_SCALER(b) OVER () AS b, c)"
    >>> for item in parse_select_list(StatementSource(text, BigQueryMl().tokenize(text))):
    ...     print(item.star, item.except_columns, item.name, item.expression)
    True ('a',)
    False () b ML.STANDARD_SCALER(b) OVER ()
    False () c c
    """
    found = source.bracketed(clause)
    if found is None:
        return ()
    if found[0] == found[1]:
        source.fault(
            f"{clause} holds nothing", found[0] - 1, found[1] + 1, expected="* or expressions, each with AS name"
        )
    items = (_item(source, begin, end) for begin, end in source.items(*found))
    return tuple(item for item in items if item is not None)


def _item(source: StatementSource, begin: int, end: int) -> SelectItem | None:
    star = _star(source, begin, end)
    return _named(source, begin, end) if star is None else _starred(source, begin, star, end)


def _star(source: StatementSource, begin: int, end: int) -> int | None:
    """The token that is the star of `*` or of `expr.*`, with EXCEPT or REPLACE, if any, behind it."""
    for index in range(begin, end):
        if source.tokens[index].token_type is not TokenType.STAR:
            continue
        is_first = index == begin or source.tokens[index - 1].token_type is TokenType.DOT
        behind = source.tokens[index + 1].text.upper() if index + 1 < end else ""
        if is_first and behind in ("", "EXCEPT", "REPLACE"):
            return index
    return None


def _starred(source: StatementSource, begin: int, star: int, end: int) -> SelectItem | None:
    tokens, at = source.tokens, star + 1
    excepted: tuple[str, ...] = ()
    replaced: tuple[SelectItem, ...] = ()
    while at < end:
        word = tokens[at].text.upper()
        close = closing(tokens, at + 1) if at + 1 < end else None
        if word not in ("EXCEPT", "REPLACE") or tokens[at + 1 : at + 2] == [] or tokens[at + 1].text != "(":
            source.fault("EXCEPT (…) or REPLACE (…) is expected behind *", at, received=tokens[at].text)
            return None
        assert close is not None  # the parentheses of the whole are balanced
        if word == "EXCEPT":
            excepted += tuple(tokens[first].text for first, _ in source.items(at + 2, close))
        else:
            found = (_named(source, first, last) for first, last in source.items(at + 2, close))
            replaced += tuple(item for item in found if item is not None)
        at = close + 1
    before = source.text(tokens[begin].start, tokens[star - 1].start) if star > begin else ""
    start, stop = tokens[begin].start, tokens[end - 1].end + 1
    return SelectItem(
        name="", expression=before, star=True, except_columns=excepted, replace=replaced, start=start, end=stop
    )


def _named(source: StatementSource, begin: int, end: int) -> SelectItem | None:
    tree = source.expression(begin, end)
    if tree is None:
        return None
    start, stop = source.tokens[begin].start, source.tokens[end - 1].end + 1
    last = end
    name = ""
    if isinstance(tree, exp.Alias):
        name = tree.alias
        last = end - 1 - (source.tokens[end - 2].text.upper() == "AS")
    elif isinstance(tree, exp.Column):
        name = tree.name
    expression = source.text(start, source.tokens[last - 1].end + 1)
    return SelectItem(name=name, expression=expression, start=start, end=stop)
