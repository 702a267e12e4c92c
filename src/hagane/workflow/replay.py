"""`replay`: logged requests of an endpoint are asked again of the versions that answered them."""

from __future__ import annotations

import time
from contextlib import ExitStack

import msgspec

from hagane.data.engine import Engine, quote_text
from hagane.errors import DataError, Fault
from hagane.monitoring.window_replay import WindowReplay
from hagane.monitoring.windows import Window
from hagane.progress import SILENT, Progress
from hagane.serving.request_log.log_lock import log_lock
from hagane.serving.request_log.logged_models import logged_models
from hagane.spec.monitoring import Monitoring
from hagane.workflow.known_model import known_model
from hagane.workflow.log_window import LogWindow
from hagane.workflow.logged_rows import LoggedRows
from hagane.workflow.replay_rows import replay_rows
from hagane.workflow.request_log import EVERYTHING, log_folder, log_sql
from hagane.workspace.workspace import Workspace

NUM_ROWS = 500


class ModelReplay(msgspec.Struct, frozen=True, kw_only=True):
    """Of one deployed model."""

    deployed_model_id: str
    model: str
    """`late@3`."""
    replay: WindowReplay


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `replay` found."""

    endpoint: str
    models: tuple[ModelReplay, ...]

    @property
    def is_same(self) -> bool:
        """Whether every row that could be asked again was answered as it had been."""
        return not any(each.replay.num_differ for each in self.models)


def replay(
    endpoint: str,
    *,
    workspace: Workspace,
    window: LogWindow = EVERYTHING,
    num_rows: int = NUM_ROWS,
    progress: Progress = SILENT,
) -> ReplayReport:
    """Ask up to `num_rows` rows of each deployed model again, always the same ones of the same log.

    Raises NotFoundError for an endpoint without a log, DataError where nothing was logged in the window.
    """
    folder = log_folder(endpoint, workspace)
    found = []
    with ExitStack() as stack:
        stack.enter_context(log_lock(folder))
        logged = log_sql(folder, window, with_truth=False)
        engine = Engine()
        sql = f"SELECT deployed_model_id AS id, count(*) AS n FROM ({logged}) WHERE NOT mirror GROUP BY id ORDER BY id"
        counts = engine.query(sql).to_pylist() if logged else []
        if not counts:
            step = f"hagane logs show {endpoint}"
            raise DataError(Fault(what=f"nothing is logged of '{endpoint}' in this time", next_step=step))
        models = logged_models(folder, since=window.first_hour, until=window.end_hour)
        files = tuple(folder.files("requests", since=window.first_hour, until=window.end_hour))
        whole = Window(window.since or 0, window.until or time.time_ns() // 1000)
        phase = stack.enter_context(progress.phase("replay", total=len(counts), unit="models"))
        for each in counts:
            model = known_model(models, each["id"])
            chosen = f"SELECT * FROM ({logged}) WHERE NOT mirror AND deployed_model_id = {quote_text(each['id'])}"
            rows = LoggedRows(engine=engine, sql=chosen, num_rows=each["n"], files=files, model=model, window=whole,
                              folder=folder, workspace=workspace, monitoring=Monitoring())  # fmt: skip
            replayed = replay_rows(rows, num_rows)
            found.append(ModelReplay(deployed_model_id=each["id"], model=rows.reference, replay=replayed))
            phase.advance(1)
    return ReplayReport(endpoint=endpoint, models=tuple(found))
