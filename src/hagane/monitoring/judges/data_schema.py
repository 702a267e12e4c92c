"""`judge_data_schema`: whether the rows keep the rules of the schema that a person declared for the model's data."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.counted import counted
from hagane.monitoring.finding import Finding
from hagane.monitoring.judges.schema import ROWS
from hagane.monitoring.reference import Reference
from hagane.monitoring.schema_share import schema_share
from hagane.monitoring.window_schema import RuleCount
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.monitoring import Monitoring


def judge_data_schema(summary: WindowSummary, _: Reference, monitoring: Monitoring) -> Iterator[Finding]:
    """Each rule by its key in the schema. Where it allows nothing a single row that breaks it is one too many."""
    for rule in summary.data_schema.rules if summary.data_schema is not None else ():
        yield _finding(rule, monitoring.min_rows)


def _finding(rule: RuleCount, min_rows: int) -> Finding:
    share = rule.num_broken / rule.num_rows if rule.num_rows else 0.0
    found = schema_share(rule.column or ROWS, rule.rule, share, allowed=rule.allowed, num_rows=rule.num_rows,
                         min_rows=min_rows, change=_change(rule))  # fmt: skip
    return found if found.threshold else found.at_threshold(0.5 / (rule.num_rows or 1))


def _change(rule: RuleCount) -> str:
    return f"{counted(rule.num_broken, 'row')}; expected {rule.expected}"
