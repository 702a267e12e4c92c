"""`automl_cards`: what an AutoML run tried, why it chose as it did, what it took, and the spec that came out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hagane.evaluation.metric_info import metric_info
from hagane.number_text import brief_text, figure_text, share_text, tiny_text
from hagane.page.markup import Markup, element
from hagane.page.pieces import Row, card, table
from hagane.tuning.leaderboard import LeaderboardRow, StepTime, has_serving_costs, options_text
from hagane.tuning.objective import Objective
from hagane.tuning.states_text import STATES

MISSING = "–"


def automl_cards(
    objective: Objective,
    leaderboard: Sequence[LeaderboardRow],
    *,
    because: Sequence[str],
    steps: Sequence[StepTime],
    spec_yaml: str,
) -> tuple[Markup, ...]:
    """Cards for a page; every text is escaped."""
    return tuple(_cards(objective, leaderboard, because, steps, spec_yaml))


def _cards(
    objective: Objective,
    leaderboard: Sequence[LeaderboardRow],
    because: Sequence[str],
    steps: Sequence[StepTime],
    spec_yaml: str,
) -> Iterator[Markup]:
    title = metric_info(objective.metric).title
    yield card("Leaderboard", _table(title, leaderboard), span="wide",
               note=f"{title} of the eval rows, by which models were compared, ± one standard error; how far each is "
               "behind the best is of pairs, on the same resamples of the rows.")  # fmt: skip
    reasons = element("ol", *(element("li", f"{text[:1].upper()}{text[1:]}.") for text in because))
    yield card("Why this model", reasons, span="double")
    yield card("Time", _times(steps))
    yield card("The spec that came out", element("pre", spec_yaml, tabindex=0), span="wide",
               note="hagane train of it makes the same model, bit for bit.")  # fmt: skip


def _table(title: str, leaderboard: Sequence[LeaderboardRow]) -> Markup:
    serving = has_serving_costs(leaderboard)
    heads = [
        "Model",
        title,
        "Behind",
        "Share",
        "Seconds",
        *(["ms a row", "Graph"] if serving else []),
        "Family",
        "Options",
    ]
    words = (len(heads) - 2, len(heads) - 1)
    rows: list[Row] = [(_cells(row, serving), "used" if row.share else None) for row in leaderboard]
    return table(heads, rows, name="Leaderboard", words=words)


def _cells(row: LeaderboardRow, serving: bool) -> list[object]:
    cost = [brief_text(row.row_milliseconds, 2), bytes_text(row.graph_bytes)] if serving else []
    more = f" + {', '.join(row.derived)}" if row.derived else ""
    return [
        row.name,
        with_error(row.value, row.error) if row.value is not None else STATES[row.state],
        with_error(row.behind, row.behind_error) if row.behind else MISSING,
        share_text(row.share),
        tiny_text(row.seconds, 2),
        *cost,
        row.model_type,
        row.reason or options_text(row) + more,
    ]


def with_error(value: float | None, error: float | None) -> str:
    """A figure and its standard error.

    >>> with_error(0.92714, 0.0034), with_error(44000.0, None)
    ('0.9271 ± 0.0034', '44,000')
    """
    return figure_text(value) + (f" ± {brief_text(error, 2)}" if error is not None else "")


def bytes_text(num_bytes: int | None) -> str:
    """A size.

    >>> bytes_text(1_234_567), bytes_text(None)
    ('1.2 MiB', '–')
    """
    if num_bytes is None:
        return MISSING
    return f"{num_bytes / 2**20:.1f} MiB" if num_bytes >= 2**20 else f"{num_bytes / 2**10:.0f} KiB"


def _times(steps: Sequence[StepTime]) -> Markup:
    rows: list[Row] = [
        (
            (
                step.step,
                f"{step.seconds:.1f}",
                MISSING if step.planned_seconds is None else f"{step.planned_seconds:.0f}",
            ),
            None,
        )
        for step in steps
    ]
    return table(["Step", "Seconds", "Planned"], rows, name="Time")
