"""The section about the training rows that were set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hagane.page.markup import Markup
from hagane.page.number_text import number_text
from hagane.page.pieces import Row, card, table

if TYPE_CHECKING:
    from hagane.anomalies.outlier_report import OutlierReport, OutlierRow

HEADS = ("Row", "Found by", "Isolation score", "Values")


def outliers_section(report: OutlierReport) -> Markup:
    """How many rows by which rule, where they are kept, and the oddest of them."""
    note = f"Of the training rows, {report.summary()}. Rows of eval and test all stay."
    if report.path:
        note += f" They are kept in {report.path}."
    rows: list[Row] = [(_cells(row), None) for row in report.examples]
    if not rows:
        return card("Outliers", note=note, span="wide")
    return card("Outliers", table(HEADS, rows, name="Outliers", words=(1, 3)), note=note, span="wide")


def _cells(row: OutlierRow) -> list[object]:
    values = ", ".join(f"{name} = {'NULL' if value is None else value}" for name, value in row.values.items())
    return [row.where, ", ".join(row.rules), number_text(row.score), values]
