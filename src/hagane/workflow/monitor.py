"""`monitor`: what came to an endpoint, window by window, beside what its model was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from hagane.bundle.manifest import read_verified
from hagane.errors import HaganeError
from hagane.monitoring.alert import Alert
from hagane.monitoring.judge_window import judge_window
from hagane.monitoring.reference import Baseline, Reference
from hagane.monitoring.window_findings import WindowFindings
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Windows
from hagane.progress import SILENT, Progress
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_lock import log_lock
from hagane.serving.request_log.logged_models import logged_models
from hagane.spec.monitoring import Monitoring
from hagane.spec.read_yaml import read_yaml
from hagane.workflow.find_alerts import find_alerts
from hagane.workflow.known_silence import KnownSilence
from hagane.workflow.summarise_log import summarise_log
from hagane.workflow.watched_log import watched_log
from hagane.workflow.window_references import WindowReferences
from hagane.workflow.window_volumes import WindowVolumes
from hagane.workspace.kept_alerts import KeptAlerts
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

if TYPE_CHECKING:
    from hagane.monitoring.view.monitor_view import MonitorView

Pair: TypeAlias = tuple[WindowSummary, WindowSummary | None]
"""A window, and the one before it."""
DEFAULTS = Monitoring()
MOST_EARLIER = 400
"""Summaries that are read for the sake of an alert's beginning."""


class MonitorReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `monitor` found."""

    endpoint: str
    baseline: Baseline
    monitoring: Monitoring
    num_new_windows: int
    """Windows that were summed up by this very call."""
    windows: tuple[WindowFindings, ...]
    """The earliest first; of a deployed model each."""
    notes: tuple[str, ...] = ()
    alerts: tuple[Alert, ...] = ()
    """All that stand or have ended in these windows, the earliest first."""
    references: tuple[Reference, ...] = ()
    """What each of the windows was held against."""

    @property
    def view(self) -> MonitorView:
        """What people see of it, as data: verdict, timelines, columns then and now, alerts."""
        from hagane.monitoring.view.make_view import make_view

        return make_view(self.endpoint, self.windows, self.references, self.alerts, self.monitoring, notes=self.notes)

    @property
    def drifted(self) -> tuple[str, ...]:
        """The raw columns that have moved too far in the latest judged window."""
        judged = [window for window in self.windows if window.is_judged]
        return tuple(finding.name for finding in judged[-1].anomalies if finding.of == "input") if judged else ()

    def as_json(self) -> dict[str, Any]:
        """Figures alone, as plain values: statistics without their sketches, and the `view`."""
        plain = msgspec.structs.replace(self, windows=_plain(self.windows), references=())
        found: dict[str, Any] = msgspec.to_builtins(plain)
        del found["references"]
        return found | {"view": msgspec.to_builtins(self.view)}


def monitor(
    endpoint: str,
    *,
    workspace: Workspace,
    baseline: Baseline = "training",
    monitoring: Monitoring | None = None,
    num_windows: int = 14,
    since: int | None = None,
    now: int | None = None,
    progress: Progress = SILENT,
) -> MonitorReport:
    """Sum up what is new in the endpoint's log, and hold its last `num_windows` windows against the baseline.

    `training` is skew: the statistics of the rows that the answering version was trained on. `previous` is drift: the
    window before, of the same deployed model. `monitoring` is by default what the spec of the latest model says. The
    log's summaries are kept: the log itself may be gone. With `since` (µs) all windows from there on are shown, if they
    are more. Raises NotFoundError, DataError, StorageError.
    """
    asked, notes = (monitoring, []) if monitoring else declared_monitoring(endpoint, workspace)
    done = summarise_log(endpoint, workspace=workspace, monitoring=asked, now=now, progress=progress)
    summaries = WindowSummaries(workspace.monitoring_folder, endpoint)
    series = Windows(asked.every, asked.time_zone).series
    silence = KnownSilence(endpoint, workspace, summaries, asked, now=now)
    volumes = WindowVolumes(summaries, asked, silence)
    latest = _latest(summaries, volumes, series, num_windows, since)
    kept = KeptAlerts(summaries.path, baseline=baseline, every=series)
    earlier = _since_alerts(kept, latest, summaries, volumes, series)
    known = WindowReferences(workspace, baseline, asked, summaries, volumes=volumes)
    judged = _judged(_with_before(summaries, series, [*earlier, *latest]), known, asked)
    alerts = find_alerts(endpoint, judged, kept=kept, workspace=workspace, monitoring=asked, progress=progress)
    notes += [*done.notes, *silence.notes(latest), *known.notes]
    references, windows = zip(*judged[len(earlier) :], strict=True) if judged else ((), ())
    return MonitorReport(endpoint=endpoint, baseline=baseline, monitoring=asked, num_new_windows=len(done.windows),
                         windows=windows, notes=tuple(notes), alerts=alerts, references=references)  # fmt: skip


def _plain(windows: tuple[WindowFindings, ...]) -> tuple[WindowFindings, ...]:
    return tuple(msgspec.structs.replace(window, summary=window.summary.without_sketches()) for window in windows)


def _latest(
    summaries: WindowSummaries, volumes: WindowVolumes, series: str, num_windows: int, since: int | None
) -> list[WindowSummary]:
    """The last windows, those among them in which nothing came although something usually does."""
    latest = summaries.latest(series, num_windows)
    if not latest:
        return []
    if since is not None and since < latest[0].window.start:
        latest = summaries.between(series, since)
    found = _in_order([*latest, *volumes.silent(latest[0].window.start)])
    first = sorted({each.window.start for each in found})[-num_windows:][0]
    shown = first if since is None else min(first, since)
    return [each for each in found if each.window.start >= shown]


def _since_alerts(
    kept: KeptAlerts, latest: list[WindowSummary], summaries: WindowSummaries, volumes: WindowVolumes, series: str
) -> list[WindowSummary]:
    """The windows before the latest from the beginning of the first alert that still stands: so its start is known."""
    models = {summary.deployed_model_id for summary in latest}
    since = kept.first_open(models)
    if since is None or since >= latest[0].window.start:
        return []
    until = latest[0].window.start
    found = [*summaries.between(series, since, until), *volumes.silent(since, until)]
    return _in_order(found)[-MOST_EARLIER:]


def _in_order(found: list[WindowSummary]) -> list[WindowSummary]:
    return sorted(found, key=lambda each: (each.window.start, each.deployed_model_id))


def _with_before(summaries: WindowSummaries, series: str, shown: list[WindowSummary]) -> list[Pair]:
    """Each window with the one before it of the same deployed model; nothing else of the history is read."""
    last: dict[str, WindowSummary | None] = {}
    found: list[Pair] = []
    for summary in shown:
        model = summary.deployed_model_id
        if model not in last:
            last[model] = summaries.before(series, summary.window.start, model)
        found.append((summary, last[model]))
        if not summary.is_silent:
            last[model] = summary
    return found


def _judged(
    shown: list[Pair], references: WindowReferences, monitoring: Monitoring
) -> list[tuple[Reference, WindowFindings]]:
    """Each window beside its baseline, with that."""
    found = []
    for summary, before in shown:
        reference = references.of(summary, before)
        found.append((reference, judge_window(summary, reference, monitoring)))
    return found


def declared_monitoring(endpoint: str, workspace: Workspace) -> tuple[Monitoring, list[str]]:
    """What the spec of the latest model that answered says; the defaults, with a note, where it cannot be read."""
    reference = _latest_model(endpoint, workspace)
    if not reference:
        return DEFAULTS, []
    try:
        folder = workspace.get(reference).path
        text = read_verified(folder, keep=("spec.yaml",))[1]["spec.yaml"].decode()
        return read_yaml(text).monitoring or DEFAULTS, []
    except (HaganeError, KeyError):
        return DEFAULTS, [f"the spec of {reference} cannot be read: windows and thresholds are the defaults"]


def _latest_model(endpoint: str, workspace: Workspace) -> str:
    """The last that was served, or, where the log is gone, of which anything is kept; nothing where there is none."""
    folder = watched_log(endpoint, workspace)
    model = _last_served(folder)
    if model is not None:
        return f"{model.model}@{model.version}"
    newest = WindowSummaries(workspace.monitoring_folder, endpoint).newest()
    return f"{newest.model}@{newest.version}" if newest else ""


def _last_served(folder: LogFolder) -> LoggedModel | None:
    """Where no file tells of a model: that of the last hour of the log."""
    if not folder.path.is_dir():
        return None
    with log_lock(folder):
        since = max(folder.hours("requests"), default=None)
        return next(iter(logged_models(folder, since=since).values()), None)
