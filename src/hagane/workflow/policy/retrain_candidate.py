"""`begin_retraining`, `train_candidate`: the serving model's spec, trained again on fresh rows."""

from __future__ import annotations

import datetime
import shutil

import msgspec

from hagane.bundle.manifest import read_verified
from hagane.errors import DataError, Fault, HaganeError, PreemptedError, TrainingInterruptedError
from hagane.monitoring.policy_state import MOST_TRIES
from hagane.spec.policy import Policy
from hagane.spec.spec import Spec
from hagane.spec.warm_start import as_warm_start
from hagane.workflow.held_out_rows import read_labelled_rows
from hagane.workflow.lineage import Lineage
from hagane.workflow.log_window import LogWindow
from hagane.workflow.model_facts import ModelFacts, read_model_facts
from hagane.workflow.policy.labelled_log import LabelledLog
from hagane.workflow.policy.turn import Turn, serving_model, told
from hagane.workflow.train import train
from hagane.workspace.model_version import ModelVersion

FRAME = "(a frame"
AGAIN = "begun again: the process that trained had ended"


def begin_retraining(turn: Turn, why: str) -> None:
    """Note what is to be trained and which rows are kept back, or what it waits for; then train."""
    serving = serving_model(turn.deployed())
    facts = read_model_facts(serving.path)
    try:
        _check_data(turn.policy, facts, serving.reference)
    except HaganeError as error:
        turn.wait("retrain", f"it cannot be trained again: {told(error)}")
        return
    try:
        log = LabelledLog(turn.endpoint, facts.bundle.signature, turn.workspace)
    except HaganeError as error:
        turn.wait("retrain", f"a candidate could not be evaluated on labelled rows of the log: {told(error)}")
        return
    rows_after = turn.now if turn.policy.data == "spec" else _cut(turn, log)
    if rows_after is None:
        return
    turn.note("retrain", "begun", why, serving=serving.reference, rows_after=rows_after)
    train_candidate(turn)


def resume_retraining(turn: Turn) -> None:
    """Find out how far a training came of whose end nothing is known, and go on; once."""
    try:
        found = made_by(turn)
    except HaganeError as error:
        turn.note("retrain", "failed", told(error))
        return
    if found is not None:
        _trained(turn, "it had been trained when its process ended", found)
        return
    state = turn.state
    if state.begun is not None and state.tries >= MOST_TRIES:
        turn.note("retrain", "failed", f"its training died {MOST_TRIES} times")
        forget_rows(turn)
        return
    turn.note("retrain", "begun", AGAIN, serving=state.serving, rows_after=state.rows_after)
    train_candidate(turn)


def train_candidate(turn: Turn) -> None:
    """Train, and note what came of it. Raises only what ended the training from outside."""
    state = turn.state
    try:
        facts = read_model_facts(turn.workspace.get(state.serving).path)
        spec = _spec(turn, facts)
        made = train(spec, workspace=turn.workspace, progress=turn.progress,
                     occasion=turn.occasion + (state.begun.why if state.begun else ""))  # fmt: skip
    except (TrainingInterruptedError, PreemptedError, KeyboardInterrupt):
        turn.note("retrain", "interrupted", "it was told to end; the next round goes on")
        raise
    except HaganeError as error:
        turn.note("retrain", "failed", told(error))
        forget_rows(turn)
        return
    name, value = made.evaluation.headline()
    figures = {"num_rows": float(sum(made.split_counts.values())), "seconds": round(made.duration_seconds, 1)}
    figures |= {name: value} if name and value is not None else {}
    _trained(turn, f"trained on {int(figures['num_rows']):,} rows", made.version, figures)


def _trained(turn: Turn, why: str, version: ModelVersion, figures: dict[str, float] | None = None) -> None:
    """Of a spec's own data nobody knows from when they are: what was asked before the training's end may be in them."""
    rows_after = turn.now if turn.policy.data == "spec" else turn.state.rows_after
    turn.note("retrain", "done", why, model=version.reference, rows_after=rows_after, figures=figures)
    forget_rows(turn)


def made_by(turn: Turn) -> ModelVersion | None:
    """The version that this attempt has made, whether or not its journal knows."""
    serving = turn.workspace.get(turn.state.serving)
    for version in turn.workspace.list(serving.name):
        if version.version > serving.version and _occasion(version).startswith(turn.occasion):
            return version
    return None


def forget_rows(turn: Turn) -> None:
    """Logged rows that were copied for a training are not kept when it has ended."""
    shutil.rmtree(turn.journal.rows_folder, ignore_errors=True)


def _occasion(version: ModelVersion) -> str:
    try:
        document = read_verified(version.path, keep=("lineage.json",))[1]["lineage.json"]
        return msgspec.json.decode(document, type=Lineage).occasion or ""
    except (HaganeError, KeyError, msgspec.MsgspecError):
        return ""


def _check_data(policy: Policy, facts: ModelFacts, reference: str) -> None:
    """Raise DataError where there can be no fresh rows."""
    if policy.data == "spec" and isinstance(facts.spec.data, str) and facts.spec.data.startswith(FRAME):
        step = "name its rows in the spec (a query, files), or train on the log: policy: {data: request_log}"
        raise DataError(Fault(what=f"{reference} was trained on a frame in memory, which cannot be read again",
                              where="data", next_step=step))  # fmt: skip


def _cut(turn: Turn, log: LabelledLog) -> int | None:
    """From when on logged rows are kept for the evaluation; None where there are too few for both.

    Not from before the serving model was trained: it may have seen what came before.
    """
    policy, trained = turn.policy, _moment(turn.workspace.get(serving_model(turn.deployed()).reference).created)
    newest = log.nth_newest(policy.min_rows)
    cut = None if newest is None else max(newest, trained)
    num_rows = 0 if cut is None else log.num_rows(_period(turn, cut))
    if cut is None or num_rows < policy.min_train_rows:
        why = (
            f"for {policy.min_train_rows:,} labelled rows of the last {policy.period} to train on, and "
            f"{policy.min_rows:,} newer ones to evaluate on"
        )
        turn.wait("retrain", why, f"there are {num_rows:,} of the former" if cut else "there are fewer")
        return None
    return cut


def _moment(created: str) -> int:
    return int(datetime.datetime.fromisoformat(created).timestamp() * 1e6)


def _period(turn: Turn, cut: int) -> LogWindow:
    return LogWindow(cut - int(turn.policy.seconds("period") * 1e6), cut + 1)


def _spec(turn: Turn, facts: ModelFacts) -> Spec:
    """What is trained: the same, on fresh rows, from the serving model on where the spec asks for a warm start."""
    state, spec = turn.state, facts.spec
    spec = msgspec.structs.replace(spec, name=turn.workspace.get(state.serving).name)
    warm = as_warm_start(spec.training.warm_start)
    if warm is not None:
        again = msgspec.structs.replace(warm, model=state.serving)
        spec = msgspec.structs.replace(spec, training=msgspec.structs.replace(spec.training, warm_start=again))
    if turn.policy.data == "spec":
        _check_fresh(facts, state.serving, turn)
        return spec
    path = turn.journal.rows_folder / f"attempt-{state.attempt}.parquet"
    if not path.exists():
        log = LabelledLog(turn.endpoint, facts.bundle.signature, turn.workspace)
        log.write(path, _period(turn, state.rows_after))
    return msgspec.structs.replace(spec, data=str(path), tables={}, dialect="duckdb", schema=None)


def _check_fresh(facts: ModelFacts, reference: str, turn: Turn) -> None:
    """Raise DataError where the spec's data are the very rows that the serving model was trained on."""
    if read_labelled_rows(facts, turn.progress).table.fingerprint() == facts.lineage.data_fingerprint:
        what = f"the data of the spec are the very rows that {reference} was trained on"
        raise DataError(Fault(what=what, where="data", next_step="a query over files that grow gives fresh rows"))
