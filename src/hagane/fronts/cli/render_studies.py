"""`render_studies`: the studies of a workspace, a line each."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from hagane.fronts.cli.new_table import cell, new_table
from hagane.fronts.cli.render_runs import age_text
from hagane.number_text import MISSING, figure_text
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import TrialState

OVER = (TrialState.SUCCEEDED, TrialState.STOPPED, TrialState.INFEASIBLE, TrialState.FAILED)


def render_studies(records: Sequence[StudyRecord], now: datetime.datetime) -> RenderableType:
    """Name, trials, what is searched for, the best value, and when it was begun."""
    if not records:
        return Text("no studies", "dim")
    table = new_table()
    table.add_column("study", style="bold", no_wrap=True)
    for heading in ("trials", "hyperparameters"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("objective", no_wrap=True)
    for heading in ("best", "trial", "begun"):
        table.add_column(heading, justify="right", no_wrap=True)
    for record in records:
        best = record.best_trial
        table.add_row(
            cell(record.name, 24),
            f"{sum(trial.state in OVER for trial in record.trials):,}",
            str(len(record.dimensions)),
            cell(", ".join(each.metric for each in record.objectives), 24),
            figure_text(record.value(best)) if best else MISSING,
            str(best.id) if best else MISSING,
            _begun(record, now),
        )
    return table


def _begun(record: StudyRecord, now: datetime.datetime) -> RenderableType:
    if record.is_running:
        return Text("running", "green")
    return Text(MISSING if record.created is None else f"{age_text((now - record.created).total_seconds())} ago")
