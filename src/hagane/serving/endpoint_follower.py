"""`EndpointFollower`: a server becomes what its endpoint is asked to be, while it answers.

A thread looks for changes twice a second. What a new state asks for is loaded and warmed on that thread, then
the application's endpoint is replaced by one assignment: a request sees the state from before or the one after. What is
no longer asked for goes when the last request that it answers is done. A state that cannot be taken whole is not taken
at all: the one from before goes on, and the report says why.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from hagane.bundle.bundle import Bundle
from hagane.errors import Fault, HaganeError, ServeError
from hagane.serving.deployment import Deployment
from hagane.serving.endpoint import Endpoint
from hagane.serving.endpoint_source import EndpointSource
from hagane.serving.endpoint_state import DeployedModel, EndpointState
from hagane.serving.endpoint_status import EndpointStatus
from hagane.serving.mirror import Mirror
from hagane.serving.mirror_comparison import MirrorComparison
from hagane.serving.recent_requests import RecentRequests
from hagane.serving.server_report import ModelState, ModelStatus, ServerReport, host_name, start_time
from hagane.serving.warm_up_with import warm_up_with

if TYPE_CHECKING:
    from hagane.serving.app import App
    from hagane.serving.metrics.server_metrics import ServerMetrics

POLL_SECONDS = 0.5
"""How often the source is asked for changes."""
RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""How long after a failure the same state is tried anew; after the last, only another state is."""
COMPARISON_SECONDS = 5.0
"""How often what mirrors tell is kept."""
MOST_DRAIN_SECONDS = 60.0
"""How long a version that left is held for the requests that it still answers: what holds it longer frees it itself."""
TURN_SECONDS = 0.0005
"""How long the thread keeps the interpreter from the event loop at a time."""
BREATH_SECONDS = 0.005
"""Between the steps of loading: requests go first."""

Deploy = Callable[..., Deployment]
"""Makes a deployment of a loaded bundle; what else is given are fields of `ServedModel`."""

_LOG = logging.getLogger("hagane.serving")


class EndpointFollower:
    """Loads what `source` says, first all at once by `first`, then, once `follow` was called, whenever it changes.

    With `trusted_keys` only bundles that one of them signed. `recorded` are rows that were asked in the past.
    """

    def __init__(
        self,
        source: EndpointSource,
        deploy: Deploy,
        trusted_keys: Path | None = None,
        *,
        recorded: Callable[[Deployment], Sequence[Any]] = lambda deployment: (),
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._source, self._deploy, self._poll_seconds = source, deploy, poll_seconds
        self._trusted_keys, self._recorded = trusted_keys, recorded
        self._history = source.history()
        name = self._history[0].name
        started = start_time() or 0.0
        report = ServerReport(endpoint=name, host=host_name(), process=os.getpid(), started=started)
        self.status = EndpointStatus(report)
        self.recent = RecentRequests()
        """New versions are warmed up with what it keeps."""
        self._leaving: list[_Leaving] = []
        self._own_references: dict[int, int] = {}
        self._failures: dict[int, tuple[int, float]] = {}
        self._told: ServerReport | None = None
        self._app: App | None = None
        self._metrics: ServerMetrics | None = None
        self._mirror: Mirror | None = None
        self._compared: dict[tuple[str, str], MirrorComparison] = {}
        self._compared_at = 0.0
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()

    @property
    def name(self) -> str:
        """The endpoint's."""
        return self.status.report.endpoint

    def first(self) -> Endpoint:
        """What the newest state that can be taken asks for. Raises ServeError with the newest one's faults if none can.

        So a server that is started anew serves what the one before it did, though the newest state be broken.
        """
        newest, problem = self._history[0], ""
        tried: set[tuple[DeployedModel, ...]] = set()
        for state in self._history:
            if state.models in tried:
                continue
            tried.add(state.models)
            try:
                endpoint = self._load(state, None)
            except Exception as error:
                told = _problem_text(error)
                _LOG.error("revision %s of %s was not taken: %s", state.revision, state.name, told)
                problem = problem or told
            else:
                self._took(state, newest.revision, problem)
                return endpoint
        what = f"no state of the endpoint {newest.name} can be served"
        step = f"hagane endpoints history {newest.name}"
        raise ServeError(Fault(what=what, received=problem, next_step=step))

    def follow(self, app: App, metrics: ServerMetrics | None = None) -> None:
        """Keep `app` at what the endpoint is asked to be, on a thread, until `close`; `metrics` count it."""
        self._app, self._metrics = app, metrics
        self._mirror = Mirror(app, metrics.mirror_dropped) if metrics is not None else Mirror(app)
        app.observers += (self.recent, self._mirror)
        app.on_close(self.close)
        app.on_close(self._mirror.close)
        self._thread = threading.Thread(target=self._run, name="hagane-endpoint", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, and say that this server serves no more. Twice is as good as once."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        self._tell()
        while not self._ending.wait(self._poll_seconds):
            try:
                self._look()
            except HaganeError as error:  # it was deleted, or its workspace is not there
                _LOG.warning("%s cannot be followed, what is served goes on: %s", self.name, _problem_text(error))
            except Exception:
                _LOG.exception("%s cannot be followed, what is served goes on", self.name)
        self._tell_comparisons()
        self._quietly(lambda: self._source.withdraw(self.status.report))

    def _look(self) -> None:
        """Take what has changed, let go of what nobody asks any more, and tell what has come of it."""
        due = self._failures and self._wanted_again()
        if self._source.has_changed() or due:
            newest = self._source.history()[0]
            assert self._app is not None
            if newest.revision != self.status.report.revision and not self._is_given_up(newest.revision):
                self._take(newest)
        self.recent.forget_old(time.monotonic())
        self._release()
        self._tell()
        self._tell_comparisons()

    def _take(self, state: EndpointState) -> None:
        assert self._app is not None
        before = self._app.endpoint
        try:
            with _in_short_turns():
                endpoint = self._load(state, before)
        except Exception as error:
            self._failed(state, error)
            return
        self._app.endpoint = endpoint
        stay = {id(each) for each in endpoint.deployments}
        gone = [each for each in before.deployments if id(each) not in stay]
        until = time.monotonic() + MOST_DRAIN_SECONDS
        self._leaving += [_Leaving(each, self._own_references.pop(id(each), 0), until) for each in gone]
        self._failures.clear()
        self._count(before, endpoint)
        self._took(state, state.revision, "")
        _LOG.info("revision %s of %s is served", state.revision, state.name)

    def _load(self, state: EndpointState, before: Endpoint | None) -> Endpoint:
        """The state's models, loaded and warm, those that are there already as they are. Raises for any that fails."""
        known = {each.id: each for each in before.deployments} if before is not None else {}
        loading = [each for each in state.models if each.id not in known]
        self._say_loading(state, loading)
        deployments = []
        for model in sorted(state.models, key=lambda each: -each.traffic):
            there = known.get(model.id)
            if there is not None and there.model.labels == model.labels:
                deployments.append(there)
                continue
            deployments.append(self._deployment(state, model, there))
        return Endpoint(state.name, tuple(deployments), state)

    def _deployment(self, state: EndpointState, model: DeployedModel, there: Deployment | None) -> Deployment:
        """A new deployment; of a bundle that is loaded already where only its labels are others."""
        try:
            bundle = (
                there.model.bundle if there is not None else Bundle.load(model.path, trusted_keys=self._trusted_keys)
            )
            time.sleep(BREATH_SECONDS)
            deployment = self._deploy(
                bundle,
                version=str(model.version),
                endpoint=state.name,
                deployed_model_id=model.id,
                labels=model.labels,
                status=self.status,
            )
            time.sleep(BREATH_SECONDS)
            warm_up_with(deployment, self.recent.requests, self._recorded(deployment))
        except Exception as error:
            raise ServeError(Fault(what=f"{_begin(model)}{_problem_text(error)}")) from error
        self._own_references[id(deployment)] = sys.getrefcount(deployment)
        return deployment

    def _say_loading(self, state: EndpointState, loading: Sequence[DeployedModel]) -> None:
        there = {each.id for each in self.status.report.models if each.state == "AVAILABLE"}
        statuses = [*self._statuses(), *(_status(each, "LOADING") for each in loading if each.id not in there)]
        self._report(wanted_revision=state.revision, models=tuple(statuses), problem="")
        self._tell()

    def _took(self, state: EndpointState, wanted: int, problem: str) -> None:
        self.status.state = state
        self._report(revision=state.revision, wanted_revision=wanted, problem=problem, models=())
        self._report(models=tuple(self._statuses()))

    def _count(self, before: Endpoint, after: Endpoint) -> None:
        """Tell the metrics which versions came, and which went."""
        if self._metrics is None:
            return
        known, there = ({each.id for each in endpoint.deployments} for endpoint in (before, after))
        for deployment in before.deployments:
            if deployment.id not in there:
                self._metrics.unloaded(deployment)
        for deployment in after.deployments:
            if deployment.id not in known:
                self._metrics.loaded(deployment, deployment.load_seconds)

    def _failed(self, state: EndpointState, error: Exception) -> None:
        count = self._failures.get(state.revision, (0, 0.0))[0]
        wait = RETRY_SECONDS[count] if count < len(RETRY_SECONDS) else float("inf")
        self._failures = {state.revision: (count + 1, time.monotonic() + wait)}
        told = _problem_text(error)
        _LOG.error("revision %s of %s was not taken: %s", state.revision, state.name, told)
        served = {each.id for each in self.status.state.models} if self.status.state else set()
        new = [each for each in state.models if each.id not in served]
        failed = [_status(each, "END", told.removeprefix(_begin(each))) for each in new if each.id in told]
        if self._metrics is not None:
            for each in failed:
                self._metrics.load_failed(each.model, str(each.version))
        self._report(models=(*self._statuses(), *failed), problem=told)

    def _wanted_again(self) -> bool:
        return any(time.monotonic() >= due for _, due in self._failures.values())

    def _is_given_up(self, revision: int) -> bool:
        """Whether it has just failed, and its time has not come yet."""
        return revision in self._failures and time.monotonic() < self._failures[revision][1]

    def _statuses(self) -> list[ModelStatus]:
        """Of the models that answer, and of those that finish."""
        state = self.status.state
        leaving = [
            ModelStatus(id=each.id, model=each.model.bundle.name, version=int(each.model.version), state="UNLOADING")
            for each, _, _ in self._leaving
        ]
        return [*(_status(each, "AVAILABLE") for each in (state.models if state else ())), *leaving]

    def _release(self) -> None:
        """Let go of what no request holds any more: here, so that no request waits for the memory to be freed."""
        before = len(self._leaving)
        self._leaving = [each for each in self._leaving if not each.is_idle() and time.monotonic() < each.until]
        if len(self._leaving) != before:
            self._report(models=tuple(self._statuses()))

    def _report(self, **changes: object) -> None:
        self.status.report = msgspec.structs.replace(self.status.report, **changes)

    def _tell(self) -> None:
        """Keep the report where the endpoint is kept, if it says something new."""
        if self._app is None:
            return
        self._report(url=self._app.url)
        if self.status.report == self._told:
            return
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._told = self.status.report
        report = msgspec.structs.replace(self.status.report, changed=now)
        self._quietly(lambda: self._source.report(report))

    def _tell_comparisons(self) -> None:
        """Keep what mirrors have told, where it is new, every few seconds and at the end."""
        is_due = self._ending.is_set() or time.monotonic() - self._compared_at > COMPARISON_SECONDS
        if self._mirror is None or not is_due:
            return
        self._compared_at = time.monotonic()
        for one in self._mirror.comparisons:
            pair = (one.served, one.mirrored)
            if self._compared.get(pair) != one:
                self._compared[pair] = one
                tell = functools.partial(self._source.add_comparison, self.status.report.server, one)
                self._quietly(tell)

    def _quietly(self, tell: Callable[[], None]) -> None:
        """A report that cannot be written (a registry that is read-only, or locked) is no reason to end."""
        try:
            tell()
        except Exception as error:
            _LOG.warning("the state of this server cannot be told: %s", _problem_text(error))


class _Leaving(NamedTuple):
    deployment: Deployment
    own_references: int
    """How often it is held by what it is made of, by one name and by the one who counts."""
    until: float
    """When it is let go of whoever holds it, by `time.monotonic`: logs may hold what they have not written yet."""

    def is_idle(self) -> bool:
        """Whether nobody holds it but this."""
        return sys.getrefcount(self.deployment) <= self.own_references


def _begin(model: DeployedModel) -> str:
    """How it is told that a version has failed."""
    return f"{model.reference} ({model.id}): "


@contextlib.contextmanager
def _in_short_turns() -> Iterator[None]:
    """While this thread works, the event loop waits for the interpreter half a millisecond at most, not five."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _status(model: DeployedModel, state: ModelState, error: str = "") -> ModelStatus:
    return ModelStatus(id=model.id, model=model.model, version=model.version, state=state, error=error)


def _problem_text(error: Exception) -> str:
    """The error in a line."""
    if isinstance(error, HaganeError):
        return "; ".join(f"{fault.what} ({fault.where})" if fault.where else fault.what for fault in error.faults)
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:300]}"
