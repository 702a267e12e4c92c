"""`described`: what OPTIONS of CREATE and ALTER say of tables, views and datasets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlglot import exp

from hagane.errors import Fault, SqlError, nearest
from hagane.session.statement_run import StatementRun
from hagane.session.typed_value import typed_value
from hagane.workspace.described import Described

WITHOUT_MEANING = (
    "default_table_expiration_days", "default_partition_expiration_days", "default_kms_key_name", "kms_key_name",
    "location", "is_case_insensitive", "max_time_travel_hours", "storage_billing_model", "partition_expiration_days",
    "require_partition_filter", "default_rounding_mode", "enable_change_history", "max_staleness",
    "enable_fine_grained_mutations", "storage_uri", "file_format", "table_format", "tags", "privacy_policy",
)  # fmt: skip
"""Options of BigQuery's that have nothing to act upon here."""
KNOWN = ("description", "friendly_name", "labels", "expiration_timestamp", *WITHOUT_MEANING)


def described(tree: exp.Expression, run: StatementRun, before: Described | None = None) -> Described:
    """`before` with what the statement's OPTIONS say. Raises SqlError for unknown ones, with the nearest name."""
    found = before or Described()
    faults = []
    for name, value in _options(tree):
        if name not in KNOWN:
            start = max(0, run.sql.lower().find(name, run.statement.start))
            faults.append(Fault(what=f"there is no option '{name}'", sql=run.sql, start=start, end=start + len(name),
                                nearest=nearest(name, KNOWN)))  # fmt: skip
        elif name in WITHOUT_MEANING:
            run.notices.append(f"the option {name} has no meaning here")
        else:
            found = _with(found, name, typed_value(value, run).value)
    if faults:
        raise SqlError(*faults)
    return found


def _with(about: Described, name: str, value: Any) -> Described:
    if name == "description":
        return msgspec.structs.replace(about, description=value or "")
    if name == "labels":
        pairs = (list(pair.values()) if isinstance(pair, dict) else list(pair) for pair in value or [])
        return msgspec.structs.replace(about, labels={str(key): str(each) for key, each in pairs})
    if name == "expiration_timestamp":
        return msgspec.structs.replace(about, expires=moment(value))
    return about


def moment(value: Any) -> str:
    """A time as it is kept: ISO 8601, UTC; empty for None. Raises SqlError for what is no time.

    >>> moment("2030-01-01"), moment(None)
    ('2030-01-01T00:00:00+00:00', '')
    """
    if value is None:
        return ""
    if isinstance(value, timedelta):
        value = datetime.now(UTC) + value
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).removesuffix(" UTC"))
    except ValueError:
        raise SqlError(Fault(what=f"{value!r} is no time", expected="a TIMESTAMP")) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


def _options(tree: exp.Expression) -> Iterator[tuple[str, exp.Expression]]:
    """Name in lower case and value of each; not those of the columns."""
    properties = tree.args.get("properties")
    sets = [action for action in tree.args.get("actions") or [] if isinstance(action, exp.AlterSet)]
    holders = [properties, *(each for action in sets for each in action.expressions)]
    for holder in holders:
        for found in holder.expressions if holder is not None else ():
            if isinstance(found, exp.Property) and type(found) is exp.Property:
                yield found.name.lower(), found.args["value"]
            elif isinstance(found, exp.SchemaCommentProperty):
                yield "description", found.this
            elif isinstance(found, exp.LocationProperty):
                yield "location", found.this
