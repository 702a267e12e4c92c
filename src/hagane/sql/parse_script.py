"""`parse_script`: a script of BigQuery's SQL, BigQuery ML's statements among them, as statements; nothing is run."""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token

from hagane.errors import Fault, SqlError, nearest
from hagane.sql.bigquery_ml import BigQueryMl
from hagane.sql.parse_model_statement import parse_model_statement, unwrapped
from hagane.sql.parse_variables import parse_variables
from hagane.sql.script_blocks import BLOCK_REASONS, STATEMENT_REASONS, TRANSACTION, block_end, is_block
from hagane.sql.split_script import split_script
from hagane.sql.statement import OtherStatement, QueryStatement, Statement
from hagane.sql.statement_source import StatementSource
from hagane.sql.table_function_call import TableFunctionCall, argument_span

MAX_CHARACTERS = 10_000_000
QUERY_WORDS = ("SELECT", "WITH", "FROM", "(")
OTHER_WORDS = ("CREATE", "DROP", "ALTER", "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE")
STATEMENT_WORDS = (*QUERY_WORDS[:3], *OTHER_WORDS, "DECLARE", "SET", "EXPORT")
"""What statements begin with."""
THINGS = ("MODEL", "TABLE", "VIEW", "SCHEMA", "FUNCTION", "PROCEDURE", "INDEX")
"""What CREATE, DROP and ALTER are of."""
_KINDS: dict[type[exp.Expression], str] = {
    exp.Insert: "INSERT",
    exp.Update: "UPDATE",
    exp.Delete: "DELETE",
    exp.Merge: "MERGE",
    exp.TruncateTable: "TRUNCATE_TABLE",
}


def parse_script(text: str) -> tuple[Statement, ...]:
    """The statements of `text`. Raises SqlError with the faults of all of them, each underlined in `text`.

    >>> [type(statement).__name__ for statement in parse_script("SELECT 1; DROP MODEL IF EXISTS m; -- the end")]
    ['QueryStatement', 'DropModel']
    >>> parse_script("SELECT 1; DROP MODLE m")
    Traceback (most recent call last):
    hagane.errors.SqlError: there is no DROP MODLE
      SELECT 1; DROP MODLE m
                     ^^^^^
      did you mean: MODEL
    """
    if len(text) > MAX_CHARACTERS:
        step = "part it into several scripts; data belong into a file: SELECT * FROM 'file.parquet'"
        raise SqlError(Fault(what=f"the script is longer than {MAX_CHARACTERS:,} characters", next_step=step))
    pieces, found = split_script(text)
    faults = list(found)
    parts = [tokens for piece in pieces if (tokens := _tokens(text, *piece, faults))]
    statements: list[Statement] = []
    at = 0
    while at < len(parts):
        source, end = StatementSource(text, parts[at]), at
        if is_block(parts[at]):
            end = block_end(parts, at)
            _refuse(source, BLOCK_REASONS[source.peek()], parts[end][-1].end + 1)
        elif (statement := _statement(source)) is not None:
            statements.append(statement)
        faults += source.faults
        at = end + 1
    if faults:
        raise SqlError(*sorted(dict.fromkeys(faults), key=lambda fault: fault.start))
    return tuple(statements)


def _tokens(text: str, start: int, end: int, faults: list[Fault]) -> list[Token]:
    """The tokens of one statement, placed in the whole script."""
    try:
        tokens: list[Token] = BigQueryMl().tokenize(text[start:end])
    except SqlglotError:
        step = "close it, or remove the character that belongs to no word"
        faults.append(Fault(what="a quote, comment or escape here cannot be read", sql=text, start=start, end=end,
                            next_step=step))  # fmt: skip
        return []
    for token in tokens:
        token.start += start
        token.end += start
    return tokens


def _statement(source: StatementSource) -> Statement | None:
    word = source.peek()
    if word in STATEMENT_REASONS:
        _refuse(source, STATEMENT_REASONS[word])
        return None
    if word.startswith("BEGIN"):  # BEGIN TRANSACTION is one word to the tokenizer
        _refuse(source, TRANSACTION)
        return None
    statement = parse_model_statement(source) or parse_variables(source)
    if statement is None:
        statement = _table_statement(source, word)
    if statement is not None:
        _check_places(source, statement)
    return statement


def _table_statement(source: StatementSource, word: str) -> Statement | None:
    if source.faults:
        return None
    if word == "EXPORT":
        _refuse(source, ("EXPORT DATA does not run here", "take the query's result, and write it where you want it"))
    elif word not in QUERY_WORDS and word not in OTHER_WORDS:
        _unknown(source)
    else:
        return _query_or_other(source, word)
    return None


def _refuse(source: StatementSource, reason: tuple[str, str], end: int | None = None) -> None:
    start = source.tokens[0].start
    end = source.tokens[-1].end + 1 if end is None else end
    source.faults.append(Fault(what=reason[0], sql=source.sql, start=start, end=end, next_step=reason[1]))


def _unknown(source: StatementSource) -> None:
    word = source.tokens[0].text
    near = nearest(word, (*STATEMENT_WORDS, *BLOCK_REASONS))
    expected = "one of " + ", ".join(STATEMENT_WORDS)
    source.fault(f"no statement begins with '{word[:60]}'", 0, nearest=near, expected="" if near else expected)


def _query_or_other(source: StatementSource, word: str) -> Statement | None:
    """A query, or a statement over tables."""
    tree = source.query(0, len(source.tokens))
    if tree is None:
        return None
    places: dict[str, Any] = {
        "sql": source.sql,
        "start": source.tokens[0].start,
        "end": source.tokens[-1].end + 1,
    }
    if isinstance(tree, exp.Query):
        query = unwrapped(tree)
        if isinstance(query, exp.Query):
            return QueryStatement(**places, query=query)
    if kind := _kind(tree):
        return OtherStatement(**places, kind=kind, tree=tree)
    _no_such_statement(source, word)
    return None


def _no_such_statement(source: StatementSource, word: str) -> None:
    """Of CREATE, DROP and ALTER by what they are of, where that is no word of the language."""
    if word not in ("CREATE", "DROP", "ALTER"):
        source.fault("this is not a statement", 0, len(source.tokens))
        return
    between = ("OR", "REPLACE", "TEMP", "TEMPORARY", "EXTERNAL", "MATERIALIZED", "SNAPSHOT")
    at = next((i for i in range(1, len(source.tokens)) if source.tokens[i].text.upper() not in between), 0)
    thing = source.tokens[at].text.upper()
    what = f"{word} of this does not run here" if thing in THINGS or not at else f"there is no {word} {thing[:40]}"
    step = "" if thing not in THINGS else "leave it out"
    near = "" if thing in THINGS else nearest(thing, THINGS)
    source.fault(what, at, nearest=near, next_step=step)


def _kind(tree: exp.Expression) -> str:
    """As BigQuery's jobs name the statement; empty for what is none of its statements, or unknown to sqlglot."""
    what = str(tree.args.get("kind") or "").upper().replace(" ", "_")
    match tree:
        case exp.Create() if what == "TABLE" and tree.expression:
            return "CREATE_TABLE_AS_SELECT"
        case exp.Create() if what == "VIEW" and tree.find(exp.MaterializedProperty):
            return "CREATE_MATERIALIZED_VIEW"
        case exp.Create() if what:
            return f"CREATE_{what}"
        case exp.Drop() if what:
            return f"DROP_{'MATERIALIZED_' * bool(tree.args.get('materialized'))}{what}"
        case exp.Alter() if what:
            return f"ALTER_{what}"
    return _KINDS.get(type(tree), "")


def _check_places(source: StatementSource, statement: Statement) -> None:
    """A fault for each function over models or data that stands anywhere but in FROM."""
    trees = (getattr(statement, name, None) for name in ("query", "holidays", "tree", "default", "value"))
    for tree in trees:
        for call in tree.find_all(TableFunctionCall) if isinstance(tree, exp.Expression) else ():
            if not isinstance(call.parent, exp.Table):
                _not_in_from(source, call)


def _not_in_from(source: StatementSource, call: TableFunctionCall) -> None:
    start, end = argument_span(call)
    step = f"write (SELECT … FROM {call.name}(…))"
    what = f"{call.name} gives a table, which stands in FROM"
    source.faults.append(Fault(what=what, sql=source.sql, start=start, end=end, next_step=step))
