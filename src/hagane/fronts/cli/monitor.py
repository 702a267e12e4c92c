"""`hagane monitor`: what came to an endpoint, window by window, and how far it has moved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.one_of import one_of
from hagane.fronts.cli.options import FLAG, JsonOption, LogArgument, WorkspaceOption
from hagane.fronts.cli.window_option import window_option

if TYPE_CHECKING:
    from hagane.monitoring.notification import Notification
    from hagane.spec.monitoring import Monitoring
    from hagane.workflow.monitor import MonitorReport
    from hagane.workflow.notify import Channel
    from hagane.workflow.policy.policy_report import PolicyReport
    from hagane.workspace.workspace import Workspace

BASELINES = ("training", "previous")


def monitor(
    endpoint: LogArgument,
    *,
    baseline: Annotated[
        str,
        typer.Option("--baseline", metavar="BASELINE", help="training: skew; previous: drift, from window to window."),
    ] = "training",
    every: Annotated[
        str | None,
        typer.Option(
            "--window", metavar="PERIOD", help="hour, day, week, month or '5000 rows', whatever the spec says."
        ),
    ] = None,
    windows: Annotated[int, typer.Option("--windows", min=1, max=1000, help="How many of the last windows.")] = 14,
    again: Annotated[
        str | None,
        typer.Option("--every", metavar="DURATION", help="Go on: a round every 10m, 1h, … until Ctrl-C or SIGTERM."),
    ] = None,
    webhook: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", envvar="HAGANE_WEBHOOK", help="Tell what is new to this URL (Slack's form)."),
    ] = None,
    email: Annotated[list[str] | None, typer.Option(metavar="ADDRESS", help="Tell it by mail, through --smtp.")] = None,
    smtp: Annotated[
        str | None,
        typer.Option(metavar="URL", envvar="HAGANE_SMTP", help="The mail server: smtp://user:password@host:587."),
    ] = None,
    quiet: Annotated[
        str | None,
        typer.Option("--at-most-every", metavar="DURATION", help="At most one message in this time; the rest waits."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write it all, with pictures, as one HTML page.")
    ] = None,
    column: Annotated[
        str | None, typer.Option("--column", metavar="NAME", help="One column in detail: then, now, every window.")
    ] = None,
    act: Annotated[
        bool,
        typer.Option("--act", metavar=FLAG, help="Then take what steps the policy of the model's spec can take."),
    ] = False,
    period: Annotated[
        str | None,
        typer.Option("--period", metavar="PERIOD", help="One period: 2026, 2026-01, 2026-01-31, FROM..TO, 7d …"),
    ] = None,
    against: Annotated[str | None, typer.Option("--against", metavar="PERIOD", help="… held against another.")] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Sum up what is new in a request log, and hold its windows against what the model was trained on.

    What is summed up is kept when the log itself is cleaned away: some kilobytes a column and window. With `--webhook`
    or `--email` alerts that are new, and those that are over, are told once. With `--act` a model that has drifted is
    trained again, and takes the traffic if it is better, as its spec says.

    [dim]Examples:[/dim]
      hagane monitor late --windows 30 --html late.html
      hagane monitor late --column fare
      hagane monitor late --period 2026-01 --against 2025-01
      hagane monitor late --every 1h --webhook https://hooks.example/T0
    """
    import msgspec

    from hagane.spec.duration import parse_duration
    from hagane.workflow.check_output import check_page_output
    from hagane.workflow.monitor import declared_monitoring
    from hagane.workspace.workspace import Workspace

    if html is not None:
        check_page_output(html, option="--html")
    chosen = one_of("--baseline", baseline, BASELINES)
    channels = _channels(webhook or [], email or [], smtp)
    seconds = parse_duration(again, where="--every") if again is not None else None
    pause = parse_duration(quiet, where="--at-most-every") if quiet is not None else 0.0
    output, place = Output(json=json), Workspace(workspace)
    declared, notes = declared_monitoring(endpoint, place)
    if every is not None:
        declared = msgspec.structs.replace(declared, every=window_option(every))
    for note in notes:
        output.hint(note)
    asked: dict[str, Any] = {
        "workspace": place,
        "baseline": chosen,
        "monitoring": declared,
        "progress": output.progress,
    }
    if period is not None or against is not None:
        _compare(endpoint, output, declared, place, period=period, against=against)
        return
    telling: dict[str, Any] = {"channels": channels, "quiet_seconds": pause}
    if seconds is not None:
        _go_on(endpoint, output, asked | telling | {"every_seconds": seconds}, act=act)
    else:
        _once(endpoint, output, asked | {"num_windows": windows}, telling, column=column, html=html, act=act)


def _compare(
    endpoint: str, output: Output, monitoring: Monitoring, place: Workspace, *, period: str | None, against: str | None
) -> None:
    """Two periods, out of what is kept of them."""
    from hagane.errors import Fault
    from hagane.fronts.cli.render_periods import render_periods
    from hagane.fronts.cli.usage_error import UsageError
    from hagane.monitoring.period_of import period_of
    from hagane.workflow.compare_periods import compare_periods

    if period is None or against is None:
        raise UsageError(Fault(what="two periods are compared", expected="--period 2026-01 --against 2025-01"))
    zone = monitoring.time_zone
    sides = (period_of(period, time_zone=zone, where="--period"), period_of(against, time_zone=zone, where="--against"))
    found = compare_periods(endpoint, *sides, workspace=place, monitoring=monitoring, progress=output.progress)
    output.show(render_periods(found))
    for note in found.notes:
        output.hint(note)
    output.result(found.as_json())


def _once(
    endpoint: str,
    output: Output,
    asked: dict[str, Any],
    telling: dict[str, Any],
    *,
    column: str | None = None,
    html: Path | None = None,
    act: bool,
) -> None:
    """One look, told to a person or a program; to the channels, where there are any."""
    import msgspec

    from hagane.fronts.cli.render_monitor import render_monitor
    from hagane.fronts.cli.render_monitored_column import render_monitored_column
    from hagane.workflow.monitor import monitor as run
    from hagane.workflow.notify import notify
    from hagane.workflow.write_monitor_page import write_monitor_page

    report = run(endpoint, **asked)
    view = report.view
    output.show(render_monitor(view) if column is None else render_monitored_column(view, column))
    if html is not None:
        write_monitor_page(view, html)
        output.show(f"wrote {html}")
    notification = None
    if telling["channels"]:
        notification, faults = notify(report, workspace=asked["workspace"], **telling)
        _tell(output, notification, faults)
    for note in report.notes:
        output.hint(note)
    if not report.windows:
        output.hint("no window is over yet: come back later, or look at shorter ones with --window hour")
    told = {} if notification is None else {"notification": msgspec.to_builtins(notification)}
    acted = _act(report, output, asked["workspace"]) if act else None
    policy = {"policy": acted.as_json()} if acted else {}
    output.result(report.as_json() | told | policy | {"html": html})


def _act(report: MonitorReport, output: Output, place: Workspace) -> PolicyReport:
    """What the policy does, a line a step."""
    from hagane.fronts.cli.render_policy import policy_lines
    from hagane.workflow.policy.act_on_policy import act_on_policy

    found = act_on_policy(report.endpoint, workspace=place, report=report, progress=output.progress)
    for line in policy_lines(found.new):
        output.show(line)
    if found.waits:
        output.hint(f"policy: it waits: {found.waits}")
    return found


def _go_on(endpoint: str, output: Output, asked: dict[str, Any], *, act: bool) -> None:
    """Round after round, a line each."""
    import datetime

    from hagane.workflow.watch_endpoint import watch_endpoint

    def on_round(report: MonitorReport | None, notification: Notification | None, faults: tuple[str, ...]) -> bool:
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
        if report is not None:
            moved = ", ".join(report.drifted) or "nothing"
            output.show(f"{now}  {endpoint}: {report.num_new_windows} new windows; too far: {moved}")
        _tell(output, notification, faults)
        if act and report is not None:
            _act_in_round(report, output, asked["workspace"])
        return True

    watch_endpoint(endpoint, on_round=on_round, **asked)


def _act_in_round(report: MonitorReport, output: Output, place: Workspace) -> None:
    """What goes wrong ends no watching; what ends the process does."""
    from hagane.errors import HaganeError, PreemptedError, TrainingInterruptedError

    try:
        _act(report, output, place)
    except (PreemptedError, TrainingInterruptedError):
        raise
    except HaganeError as error:
        output.hint(f"policy: {error.render()}")


def _tell(output: Output, notification: Notification | None, faults: tuple[str, ...]) -> None:
    if notification is not None and (notification.opened or notification.resolved):
        output.show(notification.text)
    for fault in faults:
        output.hint(f"not told: {fault}")


def _channels(webhooks: list[str], recipients: list[str], smtp: str | None) -> list[Channel]:
    """A function for each place that is told."""
    from functools import partial

    from hagane.errors import Fault
    from hagane.fronts.cli.usage_error import UsageError
    from hagane.monitoring.channels.email import send_email
    from hagane.monitoring.channels.webhook import post_webhook

    if recipients and not smtp:
        raise UsageError(Fault(what="--email needs a mail server", expected="--smtp smtp://user:password@host:587"))
    found: list[Channel] = [partial(post_webhook, url) for url in webhooks]
    if recipients and smtp:
        found.append(partial(send_email, smtp, recipients))
    return found
