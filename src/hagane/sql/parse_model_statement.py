"""`parse_model_statement`: CREATE, DROP, ALTER and EXPORT MODEL."""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.tokens import TokenType

from hagane.errors import nearest
from hagane.sql.parse_options import parse_options
from hagane.sql.parse_select_list import parse_select_list
from hagane.sql.statement import AlterModel, CreateModel, Creation, DropModel, ExportModel, FieldType, Statement
from hagane.sql.statement_source import StatementSource, closing

CLAUSES = ("TRANSFORM", "INPUT", "OUTPUT", "REMOTE WITH CONNECTION", "OPTIONS", "AS")
"""What may stand behind the name of CREATE MODEL."""
_HOLIDAYS = "custom_holiday"


def parse_model_statement(source: StatementSource) -> Statement | None:
    """The statement over a model that the source holds; None, with nothing read, where it holds none of those."""
    for read in (_create, _drop, _alter, _export):
        begin = source.at
        if (statement := read(source)) is not None:
            if not source.is_at_end and not source.faults:
                source.unexpected("the end of the statement")
            return statement
        source.at = begin
    return None


def _places(source: StatementSource) -> dict[str, Any]:
    """`sql`, `start` and `end` of the statement."""
    return {"sql": source.sql, "start": source.tokens[0].start, "end": source.tokens[-1].end + 1}


def _create(source: StatementSource) -> Statement | None:
    if not source.words("CREATE"):
        return None
    replaces = source.words("OR", "REPLACE")
    temporary = source.words("TEMP") or source.words("TEMPORARY")
    if not source.words("MODEL"):
        return None
    if_absent = source.words("IF", "NOT", "EXISTS")
    if replaces and if_absent:
        source.fault("OR REPLACE and IF NOT EXISTS contradict each other", source.at - 3, source.at,
                     next_step="choose one")  # fmt: skip
    parts: dict[str, Any] = {"name": source.path()}
    while not source.is_at_end:
        at, clause = source.at, source.peek()
        keys = _clause(source)
        if keys is None:
            _no_clause(source)
            break
        if twice := keys.keys() & parts.keys():
            source.fault(f"{clause} is given twice", at, next_step="remove one of them")
        parts |= {key: value for key, value in keys.items() if key not in twice}
    creation: Creation = "replace" if replaces else "if_not_exists" if if_absent else "create"
    return CreateModel(**_places(source), creation=creation, temporary=temporary, **parts)


def _clause(source: StatementSource) -> dict[str, Any] | None:
    """What the clause that comes next says; None where none does."""
    if source.words("TRANSFORM"):
        return {"transform": parse_select_list(source)}
    if source.words("OPTIONS"):
        return {"options": parse_options(source)}
    if source.words("INPUT"):
        return {"inputs": _fields(source, "INPUT")}
    if source.words("OUTPUT"):
        return {"outputs": _fields(source, "OUTPUT")}
    if source.words("REMOTE"):
        return {"connection": _connection(source)}
    return _query(source) if source.words("AS") else None


def _no_clause(source: StatementSource) -> None:
    word = source.tokens[source.at].text
    near = nearest(word, CLAUSES)
    if not source.faults:
        expected = "one of " + ", ".join(CLAUSES)
        source.fault("CREATE MODEL has no such clause", source.at, received=word, expected=expected, nearest=near)


def _connection(source: StatementSource) -> str:
    if not (source.expect("WITH") and source.expect("CONNECTION")):
        return ""
    return "DEFAULT" if source.words("DEFAULT") else source.path("the name of a connection")


def _fields(source: StatementSource, clause: str) -> tuple[FieldType, ...]:
    found = source.bracketed(clause)
    fields = []
    for begin, end in source.items(*found) if found else []:
        name = source.tokens[begin]
        if end - begin < 2 or name.token_type is TokenType.STRING:
            source.fault(f"a field of {clause} is a name and a type", begin, end, expected="name type")
            continue
        type_ = source.text(source.tokens[begin + 1].start, source.tokens[end - 1].end + 1)
        fields.append(FieldType(name=name.text, type=type_.upper()))
    return tuple(fields)


def _query(source: StatementSource) -> dict[str, Any]:
    """The query that is all the rest; or the two of `(training_data AS (…), custom_holiday AS (…))`."""
    begin, end = source.at, len(source.tokens)
    source.at = end
    if begin < end and _is_named_query(source, begin + 1):
        return _named_queries(source, begin)
    tree = source.query(begin, end)
    start = source.tokens[begin].start if begin < end else 0
    if tree is not None and not isinstance(unwrapped(tree), exp.Query):
        source.fault("a query is expected behind AS", begin, end, expected="SELECT …, WITH … or FROM …")
    query = None if tree is None else unwrapped(tree)
    return {"query": query, "query_start": start, "query_end": source.tokens[-1].end + 1}


def _is_named_query(source: StatementSource, index: int) -> bool:
    """Whether `name AS (` stands there, in parentheses."""
    words = [token.text.upper() for token in source.tokens[index - 1 : index + 3]]
    return len(words) == 4 and words[0] == "(" and words[2:] == ["AS", "("]


def _named_queries(source: StatementSource, begin: int) -> dict[str, Any]:
    close = closing(source.tokens, begin)
    if close is None:
        source.fault("the parenthesis behind AS is not closed", begin, next_step="close it")
        return {"query": None}
    if close + 1 < len(source.tokens):
        source.fault("nothing may follow the queries", close + 1, len(source.tokens), next_step="remove it")
    found: dict[str, Any] = {}
    for first, last in source.items(begin + 1, close):
        name = source.tokens[first].text.lower()
        is_known = name in ("training_data", _HOLIDAYS) and _is_named_query_item(source, first, last)
        if not is_known:
            expected = "training_data AS (…), custom_holiday AS (…)"
            near = nearest(name, ("training_data", _HOLIDAYS))
            source.fault("these are not the queries of a model", first, last, expected=expected, nearest=near)
            continue
        tree = source.query(first + 3, last - 1)
        if name == _HOLIDAYS:
            found["holidays"] = tree
        else:
            found["query"] = tree
            found["query_start"], found["query_end"] = source.tokens[first + 3].start, source.tokens[last - 2].end + 1
    return found


def _is_named_query_item(source: StatementSource, first: int, last: int) -> bool:
    return (
        last - first > 4
        and source.tokens[first + 1].text.upper() == "AS"
        and closing(source.tokens, first + 2) == last - 1
    )


def unwrapped(tree: exp.Expression) -> exp.Expression:
    """The query within parentheses that hold nothing else."""
    while isinstance(tree, exp.Subquery) and not any(tree.args[key] for key in tree.args if key != "this"):
        tree = tree.this
    return tree


def _drop(source: StatementSource) -> Statement | None:
    if not source.words("DROP", "MODEL"):
        return None
    if_exists = source.words("IF", "EXISTS")
    return DropModel(**_places(source), name=source.path(), if_exists=if_exists)


def _alter(source: StatementSource) -> Statement | None:
    if not source.words("ALTER", "MODEL"):
        return None
    if_exists = source.words("IF", "EXISTS")
    name = source.path()
    is_set = source.expect("SET") and source.expect("OPTIONS")
    options = parse_options(source) if is_set else ()
    return AlterModel(**_places(source), name=name, if_exists=if_exists, options=options)


def _export(source: StatementSource) -> Statement | None:
    if not source.words("EXPORT", "MODEL"):
        return None
    name = source.path()
    options = parse_options(source) if source.expect("OPTIONS", next_step="add OPTIONS(uri = 'a folder')") else ()
    return ExportModel(**_places(source), name=name, options=options)
