"""`with_session_tables`: `_SESSION.name`, the temporary tables of a session that other jobs may read, too."""

from __future__ import annotations

import re

_NAME = r"`?\b_SESSION`?\.(?:`(?P<quoted>[^`]+)`|(?P<plain>\w+))"
_CREATED = re.compile(
    rf"\b(CREATE\s+(?:OR\s+REPLACE\s+)?)TEMP(?:ORARY)?\s+(TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?)(?={_NAME})", re.IGNORECASE
)
_TABLE = re.compile(_NAME, re.IGNORECASE)
_ABORT = re.compile(r"\s*CALL\s+BQ\.ABORT_SESSION\s*\(\s*(?:'([^']*)')?\s*\)\s*;?\s*", re.IGNORECASE)


def with_session_tables(text: str, dataset: str) -> tuple[str, str]:
    """The text with these tables in `dataset`, which ends with the session, and the one that it creates.

    >>> with_session_tables("CREATE TEMP TABLE `_SESSION`.`t` (a INT64)", "_session_1")
    ('CREATE TABLE `_session_1`.`t` (a INT64)', 't')
    >>> with_session_tables("SELECT 1", "_session_1")
    ('SELECT 1', '')
    """
    created = _CREATED.search(text)
    name = None if created is None else _TABLE.match(text, created.end())
    text = _CREATED.sub(r"\1\2", text)
    text = _TABLE.sub(lambda found: f"`{dataset}`.`{_name(found)}`", text)
    return text, "" if name is None else _name(name)


def _name(found: re.Match[str]) -> str:
    return found["quoted"] or found["plain"]


def aborted_session(text: str, current: str) -> str | None:
    """The session that `CALL BQ.ABORT_SESSION(…)` ends, by default the current one; None for any other text.

    >>> aborted_session("CALL BQ.ABORT_SESSION('abc')", ""), aborted_session("SELECT 1", "")
    ('abc', None)
    """
    found = _ABORT.fullmatch(text)
    return None if found is None else found[1] or current
