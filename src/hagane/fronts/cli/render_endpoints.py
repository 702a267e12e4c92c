"""Endpoints, their history and what their mirrors told, as a terminal shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from hagane.fronts.cli.new_table import cell, new_table
from hagane.fronts.cli.render_models import created_text
from hagane.number_text import MISSING, figure_text, share_text
from hagane.serving.endpoint_state import DeployedModel, EndpointState
from hagane.serving.mirror_comparison import MirrorComparison
from hagane.serving.server_report import ServerReport

if TYPE_CHECKING:
    from hagane.workflow.ab_test import ABTest


def render_endpoints(states: Sequence[EndpointState]) -> RenderableType:
    """One line an endpoint."""
    if not states:
        return Text("no endpoints", "dim")
    table = new_table()
    table.add_column("endpoint", style="bold", no_wrap=True)
    table.add_column("models")
    table.add_column("changed", no_wrap=True)
    for state in states:
        models = ", ".join(f"{each.reference} {each.traffic}%" for each in state.models)
        table.add_row(cell(state.name, 32), models, created_text(state.changed))
    return table


def render_endpoint(state: EndpointState, reports: Sequence[ServerReport]) -> RenderableType:
    """The models with their shares, then what each server makes of them."""
    return Group(*_parts(state, reports))


def _parts(state: EndpointState, reports: Sequence[ServerReport]) -> Iterator[RenderableType]:
    told = f"  revision {state.revision}, {created_text(state.changed)} UTC by {state.changed_by}: {state.change}"
    yield Text.assemble((state.name, "bold"), (told, "dim"))
    yield _models_table(state.models)
    for report in reports:
        yield _server_text(report)
        yield from (
            Text(f"  {each.model}@{each.version} ({each.id}): {each.error}", "red")
            for each in report.models
            if each.error
        )


def _models_table(models: Sequence[DeployedModel]) -> RenderableType:
    table = new_table()
    table.add_column("model", style="bold", no_wrap=True)
    table.add_column("id", no_wrap=True)
    for heading in ("traffic", "mirror"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("labels")
    for each in models:
        mirror = f"{each.mirror}%" if each.mirror else MISSING
        table.add_row(cell(each.reference, 40), each.id, f"{each.traffic}%", mirror, ", ".join(each.labels))
    return table


def _server_text(report: ServerReport) -> Text:
    states = ", ".join(f"{each.model}@{each.version} {each.state.lower()}" for each in report.models)
    text = Text.assemble((f"server {report.host}:{report.process}", "bold"), f" {report.url} ", (states, "dim"))
    if report.problem:
        stays = f"revision {report.wanted_revision} was not taken, revision {report.revision} goes on: "
        text.append(f"\n  {stays}{report.problem}", "red")
    elif report.wanted_revision != report.revision:
        text.append(f"\n  taking up revision {report.wanted_revision}", "yellow")
    return text


def render_history(history: Sequence[EndpointState]) -> RenderableType:
    """One line a revision, the newest first."""
    table = new_table()
    table.add_column("revision", justify="right", no_wrap=True)
    for heading in ("when (UTC)", "who"):
        table.add_column(heading, no_wrap=True)
    table.add_column("change")
    table.add_column("traffic")
    for state in history:
        split = ", ".join(f"{each.reference} {each.traffic}%" for each in state.models)
        table.add_row(
            str(state.revision), created_text(state.changed), cell(state.changed_by, 16), Text(state.change), split
        )
    return table


def render_ab_test(test: ABTest) -> RenderableType:
    """Both versions, the difference with its bounds, and the verdict."""
    table = new_table()
    table.add_column("", no_wrap=True)
    table.add_column("model", style="bold", no_wrap=True)
    for heading in ("rows", test.metric):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, arm in (("A", test.a), ("B", test.b)):
        table.add_row(name, cell(arm.reference, 40), f"{arm.num_rows:,}", figure_text(arm.value))
    style = "dim" if test.verdict == "keep_on" else "bold"
    parts: list[RenderableType] = [table, Text(""), Text(test.text, style)]
    if test.sample_ratio is not None:
        parts.append(Text(test.sample_ratio.text, "bold red" if test.sample_ratio.is_mismatch else "dim"))
    return Group(*parts)


def render_mirrors(comparisons: Sequence[MirrorComparison]) -> RenderableType:
    """For each pair of versions: what was compared, and a line a label."""
    if not comparisons:
        return Text("nothing was mirrored", "dim")
    return Group(*(part for each in comparisons for part in _mirror_parts(each)))


def _mirror_parts(one: MirrorComparison) -> Iterator[RenderableType]:
    title = f"{one.mirrored_reference or one.mirrored} beside {one.served_reference or one.served}"
    yield Text.assemble((title, "bold"), f"  {one.num_requests:,} requests, {one.num_rows:,} rows")
    table = new_table()
    table.add_column("label", style="bold", no_wrap=True)
    for heading in ("same class", "mean difference", "median", "p99", "largest"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in one.labels:
        gaps = each.differences
        figures = (gaps.mean, gaps.quantile(0.5), gaps.quantile(0.99), gaps.largest)
        agreement = MISSING if each.agreement is None else share_text(each.agreement)
        table.add_row(cell(each.label, 32), agreement, *(figure_text(figure) for figure in figures))
    yield table
    yield from (Text(note, "dim") for note in _notes(one))


def _notes(one: MirrorComparison) -> Iterator[str]:
    if one.num_errors_both or one.num_errors_served or one.num_errors_mirrored:
        yield (
            f"rows that erred: {one.num_errors_both:,} on both, {one.num_errors_served:,} on the served one alone,"
            f" {one.num_errors_mirrored:,} on the mirrored one alone"
        )
    if one.num_refused:
        yield f"requests that the mirrored one refused: {one.num_refused:,}"
    if one.num_incomparable:
        yield f"requests whose answers are of different kinds: {one.num_incomparable:,}"
    if one.num_dropped:
        yield f"requests that were not mirrored, because too many waited: {one.num_dropped:,}"
    if one.num_requests:
        served, mirrored = (1000 * each / one.num_requests for each in (one.served_seconds, one.mirrored_seconds))
        yield f"the model's run: {mirrored:.2f} ms a request, {served:.2f} ms the served one's"
