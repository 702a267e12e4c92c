"""`study_html`: a study as one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hagane.number_text import percent_text
from hagane.page.markup import Markup, element, joined
from hagane.page.number_text import number_text
from hagane.page.pieces import bar, card, chart_with_key, folded
from hagane.page.whole_page import whole_page
from hagane.tuning.dimension import Dimension
from hagane.tuning.importance import PAPER, Importance, importance
from hagane.tuning.report.best_section import best_section, values_section
from hagane.tuning.report.charts import front_chart, history_chart, shown_dimensions, slice_chart
from hagane.tuning.report.curves_chart import curves_chart
from hagane.tuning.report.objective_axis import metric_title
from hagane.tuning.report.parallel_chart import is_drawable, parallel_chart
from hagane.tuning.report.reasons_section import reasons_section
from hagane.tuning.report.script import SCRIPT
from hagane.tuning.report.shown_study import ShownStudy
from hagane.tuning.report.style import STYLE
from hagane.tuning.report.timeline_chart import timeline_chart
from hagane.tuning.report.trials_section import trials_section
from hagane.tuning.states_text import states_text
from hagane.tuning.study_record import StudyRecord, is_number
from hagane.tuning.trial import TrialState

MOST_AXES, MOST_SLICES = 14, 24
ALGORITHMS = {
    "tpe": "TPE",
    "random": "random search",
    "grid": "grid search",
    "cma_es": "CMA-ES",
    "gaussian_process": "Gaussian process",
}


def study_html(record: StudyRecord, *, best_spec: str = "", notes: Sequence[str] = ()) -> str:
    """One self-contained HTML page: no external resource, light and dark, for screens of any width.

    `best_spec` is the settled spec of the best trial as YAML, `notes` are sentences that its reader should know, those
    of the winner among them. A script lights up one trial in all charts, chooses ranges on the axes and
    sorts the table; the page says all without it. Every text is escaped.

    >>> from hagane.tuning.objective import Objective
    >>> page = study_html(StudyRecord(name="<late>", objectives=(Objective("roc_auc", "MAXIMIZE"),), dimensions=()))
    >>> "&lt;late&gt;" in page, "<late>" in page
    (True, False)
    """
    cards = _cards(record, best_spec, notes or (record.winner.notes if record.winner else ()))
    return whole_page(f"Study {record.name}", _subtitle(record), *cards, style=STYLE, script=SCRIPT)


def _subtitle(record: StudyRecord) -> str:
    parts = [states_text(record.trials), ALGORITHMS.get(record.tuning.algorithm, record.tuning.algorithm)]
    if record.is_running:
        parts.append("still running")
    return " · ".join(parts)


def _cards(record: StudyRecord, best_spec: str, notes: Sequence[str]) -> Iterator[Markup]:
    study = ShownStudy(record)
    found = importance(record)
    dimensions = list(shown_dimensions(record, [each.name for each in found]))
    yield best_section(study)
    if notes:
        yield card("To know", *(element("p", f"{text[:1].upper()}{text[1:]}") for text in notes), span="wide")
    best = record.best_trial
    if best is not None:
        yield values_section(study, best, "double" if found else "wide")
    if found:
        yield _importance_card(study, found)
    yield from _overview(study, dimensions)
    yield from _details(study, dimensions)
    yield from _ends(study, dimensions, best_spec or (record.winner.spec if record.winner else ""))


def _overview(study: ShownStudy, dimensions: Sequence[Dimension]) -> Iterator[Markup]:
    """All trials at a glance: lines through their values, one after another, against each other."""
    record = study.record
    if is_drawable(study, dimensions):
        drawn = dimensions[:MOST_AXES]
        note = "A line a trial; the better, the stronger, and the best in colour. Draw along an axis to choose a range."
        if any(trial.state is TrialState.STOPPED and not is_number(record.value(trial)) for trial in record.trials):
            note += " Broken: ended before it was measured."
        if len(drawn) < len(dimensions):
            note += f" The {len(drawn)} hyperparameters that matter most of {len(dimensions)}."
        inner = element("div", parallel_chart(study, drawn), class_="scroll", tabindex=0, role="region",
                        aria_label="Parallel coordinates")  # fmt: skip
        told = element("div", id="told", role="status")
        yield card("Parallel coordinates", inner, told, note=note, span="wide")
    if record.trials:
        keys = [("used", "to its end"), ("suggested", "best"), ("line second", "best so far")]
        yield card("History", chart_with_key(history_chart(study), *keys), note=_history_note(record))
    for second in record.objectives[1:]:
        if study.valued(second.metric):
            keys = [("suggested", "nothing is better in both")]
            title = f"{metric_title(record.objective.metric)} and {metric_title(second.metric)}"
            yield card(title, chart_with_key(front_chart(study, record.objective, second), *keys),
                       note="What one costs in the other: the Pareto front.")  # fmt: skip


def _details(study: ShownStudy, dimensions: Sequence[Dimension]) -> Iterator[Markup]:
    record = study.record
    curves = curves_chart(study)
    if curves is not None:
        note = f"{metric_title(curves[1])} of the eval rows after each iteration, a line a trial"
        note += "; dotted: where trials may be ended." if record.rungs else "."
        yield card("On the way", element("figure", curves[0]), note=note)
    timeline = timeline_chart(study)
    if timeline is not None:
        inner = element("div", timeline, class_="scroll", tabindex=0, role="region", aria_label="Timeline")
        yield card("Timeline", inner, _states_key(record), note="Which trials ran when, and beside which.", span="wide")
    if dimensions and study.valued():
        plots = [element("div", element("h3", study.names[each.name], title=each.name), slice_chart(study, each))
                 for each in dimensions[:MOST_SLICES]]  # fmt: skip
        note = f"{metric_title(record.objective.metric)} of each trial over one of them, the others as they were."
        if len(dimensions) > MOST_SLICES:
            note += f" The {MOST_SLICES} that matter most of {len(dimensions)}."
        yield card("By hyperparameter", element("div", *plots, class_="plots"), note=note, span="wide")


def _ends(study: ShownStudy, dimensions: Sequence[Dimension], best_spec: str) -> Iterator[Markup]:
    record = study.record
    if record.trials:
        yield trials_section(study, dimensions)
    reasons = reasons_section(record)
    if reasons is not None:
        yield reasons
    if best_spec:
        yield folded("Spec of the best trial", element("pre", best_spec, tabindex=0),
                     note="Settled: hagane train makes the same model of it.")  # fmt: skip
    if record.spec:
        yield folded("Spec as declared", element("pre", record.spec, tabindex=0),
                     note="What was asked for, with what was open.")  # fmt: skip


def _importance_card(study: ShownStudy, found: Sequence[Importance]) -> Markup:
    most = max(each.share for each in found) or 1.0
    num_counted = max(each.num_trials for each in found)
    rows = [
        joined(
            element("span", study.names[each.name] + ("" if each.num_trials == num_counted else " *")),
            bar(each.share / most),
            element("span", percent_text(each.share), class_="figure"),
        )
        for each in found
    ]
    note = f"What part of the variance of {metric_title(found[0].metric)} goes back to each, from "
    note += f"{num_counted} trials; of few a rough guide. fANOVA ({PAPER})."
    starred = any(each.num_trials < num_counted for each in found)
    below = element("p", "* of the trials in which it plays a part.", class_="note") if starred else ""
    return card("Importance", element("div", *rows, class_="bars importance"), below, note=note)


def _history_note(record: StudyRecord) -> str:
    note = f"{metric_title(record.objective.metric)} of each trial."
    if any(trial.state is TrialState.STOPPED for trial in record.trials):
        note += " Hollow: ended before its time, at the bottom where it was not measured then."
    if any(trial.state in (TrialState.FAILED, TrialState.INFEASIBLE) for trial in record.trials):
        note += " Crosses: failed or infeasible."
    steps = list(record.improvements())
    if steps:
        note += f" Last improvement: trial {steps[-1][0].id}, {number_text(steps[-1][1])}."
    return note


def _states_key(record: StudyRecord) -> Markup:
    """What the colours of the timeline mean, of those that occur."""
    meanings = {
        TrialState.SUCCEEDED: ("ran", "to its end"),
        TrialState.STOPPED: ("stopped", "ended early"),
        TrialState.FAILED: ("failed", "failed"),
        TrialState.INFEASIBLE: ("infeasible", "infeasible"),
    }
    occur = {trial.state for trial in record.trials}
    spans = [element("span", element("i", class_=f"swatch {class_}"), text)
             for state, (class_, text) in meanings.items() if state in occur]  # fmt: skip
    return element("div", *spans, class_="key")
