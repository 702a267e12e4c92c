"""`render_logs` and `render_rows`: request logs on the terminal."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import RenderableType
from rich.text import Text

from hagane.fronts.cli.new_table import cell, new_table
from hagane.fronts.cli.render_cache import size_text
from hagane.number_text import figure_text

if TYPE_CHECKING:
    from hagane.workflow.request_log import LogSummary

WIDTH = 60
"""Of a row's values, as shown."""


def render_logs(found: Sequence[LogSummary]) -> RenderableType:
    """One line an endpoint."""
    if not found:
        return Text("no request logs", "dim")
    table = new_table()
    table.add_column("endpoint", style="bold", no_wrap=True)
    table.add_column("models", no_wrap=True)
    for heading in ("rows", "feedback", "hours", "size"):
        table.add_column(heading, justify="right", no_wrap=True)
    for log in found:
        counts = (f"{number:,}" for number in (log.num_rows, log.num_feedback_rows, log.num_hours))
        table.add_row(log.endpoint, cell(", ".join(log.models), 30), *counts, size_text(log.num_bytes))
    return table


def render_rows(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """One line a row, the latest first."""
    if not rows:
        return Text("no rows", "dim")
    shown = [_cells(row) for row in rows]
    table = new_table()
    for place, heading in enumerate(("time", "request", "model", "ms")):
        width = max(len(cells[place]) for cells in shown)  # these are read whole, the rest as far as there is room
        table.add_column(heading, no_wrap=True, min_width=width, justify="right" if heading == "ms" else "left")
    for heading in ("asked", "answered", *(["truth"] if "truth" in rows[0] else [])):
        table.add_column(heading, no_wrap=True, min_width=len(heading))
    for cells in shown:
        table.add_row(*cells)
    return table


def _cells(row: Mapping[str, Any]) -> list[Text]:
    place = f"{row['request_id']}[{row['row']}]" if row["row"] else str(row["request_id"])
    model = f"{row['model']}@{row['version']}" + (" (mirror)" if row["mirror"] else "")
    found = [cell(_time_text(row["time"]), 19), cell(place, 20), cell(model, 24)]
    found.append(Text(figure_text(row["latency_seconds"] * 1000)))
    found += [cell(_values_text(row.get("instance")), WIDTH), cell(_answer_text(row["prediction"]), WIDTH)]
    return found + ([cell(_values_text(row["truth"]), WIDTH)] if "truth" in row else [])


def _time_text(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")


def _values_text(values: Mapping[str, Any] | None) -> str:
    """Each column with its value; what is NULL is left out."""
    there = {name: value for name, value in (values or {}).items() if value is not None}
    return ", ".join(f"{name}: {_text(value)}" for name, value in there.items())


def _answer_text(prediction: Mapping[str, Any]) -> str:
    """The answers without the probabilities of each class."""
    return _values_text({name: value for name, value in prediction.items() if not isinstance(value, list)})


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode().strip('"')
