"""The section about where the data depart from their schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hagane.number_text import percent_text
from hagane.page.markup import Markup
from hagane.page.pieces import Row, card, table

if TYPE_CHECKING:
    from hagane.anomalies.anomaly_report import AnomalyReport, Finding

HEADS = ("Column", "Rule", "Severity", "Rows", "Share", "What was found", "Expected", "Examples")
WORDS = (1, 2, 5, 6, 7)
"""The columns of words."""


def anomalies_section(report: AnomalyReport) -> Markup:
    """A row a finding; one sentence where there is none."""
    note = f"Every row against the data schema: {report.summary()}."
    if not report.findings:
        return card("Anomalies", note=note, span="wide")
    rows: list[Row] = [(_cells(finding), None) for finding in report.findings]
    return card("Anomalies", table(HEADS, rows, name="Anomalies", words=WORDS), note=note, span="wide")


def _cells(finding: Finding) -> list[object]:
    return [
        finding.column or "–",
        finding.rule,
        finding.severity,
        f"{finding.num_rows:,}" if finding.num_rows else "–",
        percent_text(finding.fraction) if finding.num_rows else "–",
        finding.what,
        finding.expected,
        "; ".join(example.render() for example in finding.examples),
    ]
