"""`render_policy`: how far an endpoint's policy has come, and its journal, on the terminal."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from hagane.fronts.cli.new_table import rest_text, titled

if TYPE_CHECKING:
    from hagane.monitoring.policy_step import PolicyStep
    from hagane.workflow.policy.policy_report import PolicyReport

MOST_STEPS = 20
_STYLES = {"done": "green", "failed": "bold red", "begun": "dim", "waiting": "yellow", "interrupted": "yellow"}


def render_policy(report: PolicyReport, most: int = MOST_STEPS) -> RenderableType:
    """What it does now and what it waits for, then its last steps, the latest below."""
    head = Text.assemble((report.endpoint, "bold"), ": ", _now(report))
    if report.waits:
        head.append(f"\nwaits: {report.waits}", "dim")
    if not report.steps:
        return Group(head, Text("no steps yet", "dim"))
    shown = report.steps[-most:]
    return Group(
        head, Text(""), titled("journal", _journal(shown), rest_text(len(report.steps) - len(shown), "before"))
    )


def policy_lines(steps: Sequence[PolicyStep]) -> Iterator[str]:
    """A line a step, for those who follow along."""
    for step in steps:
        yield f"{moment_text(step.at)}  policy: {step.text}"


def moment_text(moment: int) -> str:
    """To the second, UTC.

    >>> moment_text(1_795_312_800_000_000)
    '2026-11-22 02:00:00'
    """
    return datetime.datetime.fromtimestamp(moment / 1e6, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")


def _now(report: PolicyReport) -> str:
    state = report.state
    phases = {
        "retraining": f"attempt {state.attempt}, a model is being trained in the place of {state.serving}",
        "evaluating": f"attempt {state.attempt}, {state.candidate} is to be evaluated beside {state.serving}",
        "accepted": f"attempt {state.attempt}, {state.candidate} was accepted, and is to be a canary",
        "canary": f"attempt {state.attempt}, {state.candidate} is watched as a canary beside {state.serving}",
    }
    text = phases.get(state.phase) or _idle(report)
    if report.policy is None:
        text += "; the spec of the serving model declares no policy: steps are taken by hand alone"
    return f"{text} (paused)" if state.is_paused else text


def _idle(report: PolicyReport) -> str:
    state = report.state
    if not state.outcome:
        return "no attempt yet" if not state.attempt else "idle"
    model = f" of {state.candidate}" if state.candidate else ""
    return f"idle since attempt {state.attempt}{model} was {state.outcome.replace('_', ' ')}"


def _journal(steps: Sequence[PolicyStep]) -> RenderableType:
    """Two lines a step: a table would leave its reasons no room."""
    return Group(*(each for step in steps for each in _step(step)))


def _step(step: PolicyStep) -> Iterator[RenderableType]:
    attempt = f"attempt {step.attempt}  " if step.attempt else ""
    yield Text.assemble(
        (f"{moment_text(step.at)}  {attempt}", "dim"),
        (f"{step.action} ", "bold"),
        (step.status, _STYLES[step.status]),
        f"  {step.model}" if step.model else "",
        (f"  by {step.by}", "dim"),
    )
    if step.why:
        yield Padding(Text(step.why), (0, 0, 0, 4))
