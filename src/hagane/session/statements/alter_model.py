"""ALTER MODEL … SET OPTIONS: what is said of a model."""

from __future__ import annotations

from typing import Any

import msgspec

from hagane.errors import Fault, NotFoundError, SqlError, nearest
from hagane.session.evaluated_options import evaluated_options
from hagane.session.find_model import find_model
from hagane.session.result import Result
from hagane.session.statement_options import moment
from hagane.session.statement_run import StatementRun
from hagane.sql.statement import AlterModel, OptionClause
from hagane.workflow.statement_spec import label_texts
from hagane.workspace.described import Described

WITHOUT_MEANING = ("kms_key_name", "vertex_ai_model_id", "deploy_model", "endpoint_idle_ttl", "friendly_name")
KNOWN = ("description", "labels", "expiration_timestamp", *WITHOUT_MEANING)


def run_alter_model(run: StatementRun) -> Result:
    """Set the description, the labels, the expiration. Raises NotFoundError, and SqlError for unknown options."""
    asked = run.statement
    assert isinstance(asked, AlterModel)
    try:
        found = find_model(asked.name, run.state, even_expired=True)
    except NotFoundError as error:
        if asked.if_exists:
            return Result(kind=run.kind, message=f"there was no model {asked.name}")
        place: dict[str, Any] = {"sql": run.sql, "start": asked.start, "end": asked.end}
        raise NotFoundError(*(msgspec.structs.replace(fault, **place) for fault in error.faults)) from None
    _check_names(asked)
    about = found.version.about
    for clause in evaluated_options(asked, run).options:
        if clause.name in WITHOUT_MEANING:
            run.notices.append(f"the option {clause.name} has no meaning here")
        about = _with(about, clause)
    found.workspace.describe(found.version.name, about)
    return Result(kind=run.kind, message=f"altered model {found.version.name}")


def _check_names(statement: AlterModel) -> None:
    faults = [
        Fault(
            what=f"ALTER MODEL has no option '{clause.name}'",
            sql=statement.sql,
            start=clause.start,
            end=clause.end,
            nearest=nearest(clause.name, KNOWN),
            expected="one of " + ", ".join(KNOWN),
        )
        for clause in statement.options
        if clause.name not in KNOWN
    ]
    if faults:
        raise SqlError(*faults)


def _with(about: Described, clause: OptionClause) -> Described:
    match clause.name:
        case "description":
            return msgspec.structs.replace(about, description=str(clause.value or ""))
        case "labels":
            return msgspec.structs.replace(about, labels=label_texts(clause.value or []))
        case "expiration_timestamp":
            return msgspec.structs.replace(about, expires=moment(clause.value))
    return about
