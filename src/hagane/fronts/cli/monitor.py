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
    from hagane.fronts.cli.told_rounds import ToldRounds
    from hagane.monitoring.notification import Notification
    from hagane.workflow.monitor import MonitorReport
    from hagane.workflow.policy.policy_report import PolicyReport
    from hagane.workspace.workspace import Workspace

BASELINES = ("training", "previous")
PANEL = "Who is told"


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
    windows: Annotated[
        int | None,
        typer.Option("--windows", min=1, max=1000, help="How many of the last windows: 14, with --every 60."),
    ] = None,
    again: Annotated[
        str | None,
        typer.Option("--every", metavar="DURATION", help="Go on: a round every 10m, 1h, … until Ctrl-C or SIGTERM."),
    ] = None,
    webhook: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            envvar="HAGANE_WEBHOOK",
            rich_help_panel=PANEL,
            help="Tell what is new to this URL (Slack's form).",
        ),
    ] = None,
    email: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            rich_help_panel=PANEL,
            help="Tell it by mail, through --smtp.",
        ),
    ] = None,
    smtp: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="HAGANE_SMTP",
            rich_help_panel=PANEL,
            help="The mail server: smtp://user:password@host:587.",
        ),
    ] = None,
    quiet: Annotated[
        str | None,
        typer.Option(
            "--at-most-every",
            metavar="DURATION",
            rich_help_panel=PANEL,
            help="At most one message in this time; the rest waits.",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write it all, with pictures, as one HTML page.")
    ] = None,
    remind: Annotated[
        str | None,
        typer.Option(
            "--remind", metavar="DURATION", rich_help_panel=PANEL, help="Tell what still stands again after so long."
        ),
    ] = None,
    lines: Annotated[
        bool,
        typer.Option(
            "--log-lines",
            metavar=FLAG,
            rich_help_panel=PANEL,
            help="Write a line of JSON for each alert and round on stdout.",
        ),
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            "--metrics-port",
            metavar="PORT",
            rich_help_panel=PANEL,
            help="With --every: answer Prometheus there, on the loopback.",
        ),
    ] = None,
    prometheus: Annotated[
        Path | None,
        typer.Option(
            "--prometheus",
            metavar="FILE",
            rich_help_panel=PANEL,
            help="Write it for the node exporter's textfile collector.",
        ),
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
    trained again, and takes the traffic if it is better, as its spec says. With `--every` and stdout no terminal, log
    lines are written there.

    [dim]Examples:[/dim]
      hagane monitor late --windows 30 --html late.html
      hagane monitor late --column fare
      hagane monitor late --period 2026-01 --against 2025-01
      hagane monitor late --every 1h --webhook https://hooks.example/T0
    """
    import msgspec

    from hagane.errors import Fault
    from hagane.fronts.cli.alert_channels import alert_channels
    from hagane.fronts.cli.compare_two_periods import compare_two_periods
    from hagane.fronts.cli.told_rounds import ToldRounds, write_line
    from hagane.fronts.cli.usage_error import UsageError
    from hagane.monitoring.channels.log_lines import log_lines
    from hagane.spec.duration import parse_duration
    from hagane.workflow.check_output import check_page_output
    from hagane.workflow.monitor import declared_monitoring
    from hagane.workspace.workspace import Workspace

    if html is not None:
        check_page_output(html, option="--html")
    if column is not None and again is not None:
        raise UsageError(Fault(what="--column shows one round, --every goes on", next_step="leave one of them out"))
    chosen = one_of("--baseline", baseline, BASELINES)
    channels = alert_channels(webhook or [], email or [], smtp)
    seconds = parse_duration(again, where="--every") if again is not None else None
    pause = parse_duration(quiet, where="--at-most-every") if quiet is not None else 0.0
    later = parse_duration(remind, where="--remind") if remind is not None else None
    output, place = Output(json=json), Workspace(workspace)
    is_lines = _is_lines(output, asked=lines, is_service=seconds is not None, port=port)
    rounds = ToldRounds(endpoint, output, is_lines=is_lines, prometheus=prometheus)
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
        compare_two_periods(
            endpoint, output, declared, place, period=period, against=against, column=column, html=html,
            others={"--every": again, "--act": act, "--windows": windows, "--prometheus": prometheus,
                    "--log-lines": lines, "--metrics-port": port},
        )  # fmt: skip
        return
    told = [*channels, log_lines(write_line)] if is_lines else channels
    telling: dict[str, Any] = {"channels": told, "quiet_seconds": pause, "remind_seconds": later}
    if seconds is not None:
        window = None if every is None else declared.every
        going_on = {"every_seconds": seconds, "monitoring": None, "every": window, "num_windows": windows or 60}
        _go_on(endpoint, rounds, asked | telling | going_on, port=port, html=html, act=act)
    else:
        _once(endpoint, rounds, asked | {"num_windows": windows or 14}, telling, column=column, html=html, act=act)


def _is_lines(output: Output, *, asked: bool, is_service: bool, port: int | None) -> bool:
    """Whether stdout is for log lines: asked for, or a service whose words no person reads. Raises UsageError."""
    from hagane.errors import Fault
    from hagane.fronts.cli.usage_error import UsageError

    if port is not None and not is_service:
        step = "with --every, or write a file: --prometheus FILE"
        raise UsageError(Fault(what="--metrics-port is of a service that goes on", next_step=step))
    if asked and output.json and not is_service:
        raise UsageError(Fault(what="--json and --log-lines both write to stdout", next_step="choose one of them"))
    is_lines = asked or (is_service and (output.json or not output.console.is_terminal))
    output.is_quiet = output.is_quiet or is_lines
    return is_lines


def _once(
    endpoint: str,
    rounds: ToldRounds,
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

    output = rounds.output
    report = run(endpoint, **asked)
    view = report.view
    output.show(render_monitor(view) if column is None else render_monitored_column(view, column))
    if html is not None:
        write_monitor_page(view, html)
        output.show(f"wrote {html}")
    notification, faults = notify(report, workspace=asked["workspace"], **telling)
    if not notification.is_empty:
        output.hint(f"told: {notification.subject}")
    for fault in rounds.publish(report, faults):
        output.hint(f"not told: {fault}")
    for note in report.notes:
        output.hint(note)
    if not report.windows and not report.notes:  # what is told already is why
        output.hint(_nothing_yet(report.monitoring.every))
    told = {"notification": msgspec.to_builtins(notification)} if telling["channels"] else {}
    acted = _act(report, rounds, asked["workspace"]) if act else None
    policy = {"policy": acted.as_json()} if acted else {}
    output.result(report.as_json() | told | policy | {"html": html})


def _nothing_yet(every: str) -> str:
    """Why there is no window, and what to do."""
    if every.endswith(" rows"):
        return f"no window of {every} is full yet, its last row half a minute old: come back later, or ask for fewer"
    return "no window is over yet: come back later" + ("" if every == "hour" else ", or look at hours: --window hour")


def _act(report: MonitorReport, rounds: ToldRounds, place: Workspace) -> PolicyReport:
    """What the policy does, a line a step."""
    from hagane.fronts.cli.render_policy import policy_lines
    from hagane.workflow.policy.act_on_policy import act_on_policy

    found = act_on_policy(report.endpoint, workspace=place, report=report, progress=rounds.output.progress)
    for line in policy_lines(found.new):
        rounds.output.show(line)
    rounds.publish_steps(found.new)
    if found.waits:
        rounds.output.hint(f"policy: it waits: {found.waits}")
    return found


def _go_on(
    endpoint: str, rounds: ToldRounds, asked: dict[str, Any], *, port: int | None, html: Path | None, act: bool
) -> None:
    """Round after round."""
    from contextlib import ExitStack

    from hagane.workflow.monitor_port import monitor_port
    from hagane.workflow.watch_endpoint import watch_endpoint

    def on_round(report: MonitorReport | None, notification: Notification | None, faults: tuple[str, ...]) -> bool:
        rounds.tell(report, faults)
        if html is not None and report is not None:
            _write_in_round(report, rounds.output, html)
        if act and report is not None:
            _act_in_round(report, rounds, asked["workspace"])
        return True

    with ExitStack() as stack:
        if port is not None:
            rounds.output.hint(f"metrics: {stack.enter_context(monitor_port(rounds.metrics, port))}")
        asked = asked | {"progress": rounds.progress}
        watch_endpoint(endpoint, on_round=on_round, sleep=rounds.sleep, **asked)


def _act_in_round(report: MonitorReport, rounds: ToldRounds, place: Workspace) -> None:
    """What goes wrong ends no watching; what ends the process does."""
    from hagane.errors import HaganeError, PreemptedError, TrainingInterruptedError

    try:
        _act(report, rounds, place)
    except (PreemptedError, TrainingInterruptedError):
        raise
    except HaganeError as error:
        rounds.output.hint(f"policy: {error.render()}")


def _write_in_round(report: MonitorReport, output: Output, html: Path) -> None:
    """A page that cannot be written ends no watching."""
    from hagane.errors import StorageError
    from hagane.workflow.write_monitor_page import write_monitor_page

    try:
        write_monitor_page(report.view, html)
    except StorageError as error:
        output.hint(error.render())
