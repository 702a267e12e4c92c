"""`sum_up_data_schema`: the window's rows against the schema that travels in the bundle."""

from __future__ import annotations

from typing import NamedTuple

from hagane.anomalies.count_broken import BrokenCount, count_broken
from hagane.bundle.manifest import SCHEMA_NAME, read_verified
from hagane.data.column_type import type_columns
from hagane.data.engine import quote_name
from hagane.data.origin import Origin
from hagane.data.table import Table
from hagane.errors import HaganeError
from hagane.monitoring.window_schema import RuleCount, WindowSchema
from hagane.serving.request_log.file_metadata import logged_model
from hagane.spec.data_schema import DataSchema
from hagane.spec.read_data_schema import parse_data_schema
from hagane.spec.read_yaml import read_yaml
from hagane.workflow.log_window import LogWindow
from hagane.workflow.logged_rows import LoggedRows

SPEC_NAME = "spec.yaml"


class _Declared(NamedTuple):
    schema: DataSchema
    max_fraction: float
    """What at most this share of the rows break is no reason to refuse, and none for an alarm."""


def sum_up_data_schema(rows: LoggedRows) -> WindowSchema | None:
    """Where the model was trained with a schema that says something of a column of which the log holds true values."""
    declared = _declared(rows)
    if declared is None or not rows.num_rows:
        return None
    hidden = _hidden(rows)
    names = [column.name for column in rows.signature.inputs if column.name not in hidden]
    if not names:
        return None
    selected = ", ".join(f"instance.{quote_name(name)} AS {quote_name(name)}" for name in names)
    sql = f"(SELECT {selected} FROM ({rows.sql}))"
    table = Table(rows.engine, Origin(sql=sql, identity=lambda: sql), type_columns(rows.engine.columns(f"FROM {sql}")))
    counts = [_counted(each, declared.max_fraction) for each in count_broken(table, declared.schema)]
    return WindowSchema(rules=tuple(counts)) if counts else None


def _declared(rows: LoggedRows) -> _Declared | None:
    """None where the model has no schema, is gone, or cannot be read. The graph is not loaded."""
    try:
        folder = rows.workspace.get(rows.reference).path
        if not (folder / SCHEMA_NAME).exists():
            return None
        _, files = read_verified(folder, keep=(SCHEMA_NAME, SPEC_NAME))
        schema, spec = (files[name].decode() for name in (SCHEMA_NAME, SPEC_NAME))
        return _Declared(parse_data_schema(schema), read_yaml(spec).anomalies.max_fraction)
    except (HaganeError, KeyError):
        return None


def _hidden(rows: LoggedRows) -> set[str]:
    """The columns of which any file of the window has pseudonyms: it may have been written before a change."""
    span = LogWindow(rows.window.start, rows.window.end)
    files = rows.files or rows.folder.files("requests", since=span.first_hour, until=span.end_hour)
    models = [logged_model(file) for file in files]
    own = [model.sensitive for model in models if model.deployed_model_id == rows.model.deployed_model_id]
    return {*rows.without, *(name for sensitive in own for name in sensitive)}


def _counted(broken: BrokenCount, max_fraction: float) -> RuleCount:
    rule = broken.rule
    return RuleCount(column=rule.column, rule=rule.key, expected=rule.expected, num_broken=broken.num_broken,
                     num_rows=broken.num_rows, allowed=max(broken.allowed, max_fraction))  # fmt: skip
