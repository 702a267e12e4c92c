"""`iterate`: run a solver to its end, telling, saving and watching on the way.

After each iteration the losses are told and written into the curve; as often as `training.checkpoint` says the state
goes to disk, and a fit that is started again goes on from there, bit by bit. A notice to end is looked for between two
blocks of rows: the state of before the pass that was cut off is saved then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Generic, NamedTuple

import msgspec
import numpy as np

from hagane.errors import PreemptedError
from hagane.models.array_checkpointer import ArrayCheckpointer, array_checkpointer
from hagane.models.family import ClusterInfo, FitContext, Iteration
from hagane.models.linear_options import LinearOptions
from hagane.models.solvers.method import Floats, Method, S, SolverState, Status, put_together, take_apart
from hagane.models.tell_iteration import tell_iteration
from hagane.progress import Phase
from hagane.progress.events import Resumed, StoppedEarly
from hagane.training.array_checkpoint import ArrayCheckpoint
from hagane.training.early_stopping import EarlyStopping
from hagane.training.told_to_end import told_to_end


class Outcome(NamedTuple):
    """What a solver found: the `point` [p] that is kept, every iteration, and how it ended."""

    point: Floats
    curve: tuple[Iteration, ...]
    best_iteration: int
    status: Status
    """`running`: it was at its last iteration, or stopped by the eval loss."""
    was_stopped: bool


class Watched(NamedTuple):
    """What is measured after each iteration."""

    loss: Callable[[SolverState], float]
    """Of the training rows: a weighted mean, without penalties."""
    eval_loss: Callable[[Floats], float] | None
    stopping: EarlyStopping
    clusters: Callable[[Any], tuple[ClusterInfo, ...]] | None = None
    """Of a state of k-means."""


class _Run(msgspec.Struct, kw_only=True):
    """All that a checkpoint holds beside the solver's own state."""

    method: str
    curve: list[Iteration] = []
    watch: EarlyStopping
    is_stopped: bool = False


class _Stand(NamedTuple, Generic[S]):
    """A fit between two iterations."""

    state: S
    best: Floats
    run: _Run


def iterate(
    method: Method[S], watched: Watched, *, most: int, context: FitContext, phase: Phase, num_rows: int
) -> Outcome:
    """At most `most` iterations over `num_rows`, fewer where the solver or the eval loss says so.

    Goes on from what `context.checkpoints` holds. Raises PreemptedError, after a last checkpoint, when told to end.
    """
    with array_checkpointer(context) as checkpointer:
        stand = _begun(method, watched.stopping, context, checkpointer)
        run = stand.run
        phase.advance(len(run.curve))
        num_before = len(run.curve)
        begun = time.perf_counter()
        while stand.state.status == "running" and not run.is_stopped and len(run.curve) < most:
            try:
                following = method.step(stand.state)
                measured = _measured(following, watched, len(run.curve) + 1)
            except PreemptedError:
                raise _left(stand, checkpointer) from None
            now = time.perf_counter()
            run.curve.append(msgspec.structs.replace(measured, duration_ms=1000 * (now - begun)))
            begun = now
            stand = _Stand(following, _judged(following, stand.best, run), run)
            _tell(run, context, most, num_rows)
            phase.advance(1, **_figures(measured))
            if context.preemption is not None and context.preemption.requested:
                raise _left(stand, checkpointer)
            if checkpointer is not None and checkpointer.is_due(len(run.curve)):
                checkpointer.save(_checkpoint(stand))
        if checkpointer is not None and context.keeps_last and len(run.curve) > num_before:
            checkpointer.save(_checkpoint(stand))
    if not run.curve:
        run.curve.append(_measured(stand.state, watched, 1))
        _tell(run, context, most, num_rows)
    return _outcome(stand)


def early_stopping(options: LinearOptions, held_out: object | None) -> EarlyStopping:
    """As the options ask for it, where there are eval rows."""
    return EarlyStopping(
        patience=options.patience,
        min_rel_progress=options.min_rel_progress,
        enabled=options.early_stop and held_out is not None,
        reference_iteration=0,
    )


def say_how_it_ended(family: str, outcome: Outcome, most: int, context: FitContext) -> None:
    """Tell the user of an end that is not the optimum."""
    if outcome.was_stopped or outcome.status == "converged":
        return
    if outcome.status == "stuck":
        after = f"{family} ended after {len(outcome.curve)} iterations, short of the optimum"
        context.progress.note(f"{after}: no step lowers the loss by more than its rounding; raise l2_reg")
    else:
        context.progress.note(f"{family} did not converge in {most} iterations; raise max_iterations or l2_reg")


def _measured(state: SolverState, watched: Watched, number: int) -> Iteration:
    eval_loss = None if watched.eval_loss is None else watched.eval_loss(state.point)
    clusters = () if watched.clusters is None else watched.clusters(state)
    return Iteration(iteration=number, loss=watched.loss(state), eval_loss=eval_loss, cluster_info=clusters)


def _judged(state: SolverState, best: Floats, run: _Run) -> Floats:
    """The best point so far: by the eval loss where it is to stop the fit, else the last."""
    last = run.curve[-1]
    if not run.watch.enabled or last.eval_loss is None:
        return state.point
    run.is_stopped = run.watch.update(last.iteration, last.eval_loss)
    return state.point if run.watch.best_iteration == last.iteration else best


def _tell(run: _Run, context: FitContext, most: int, num_rows: int) -> None:
    """The newest iteration, and whether it is the last for want of progress."""
    best = run.watch.best_iteration if run.watch.enabled and run.watch.best_iteration > 0 else len(run.curve)
    tell_iteration(context.progress, run.curve[-1], num_rows=num_rows, max_iterations=most, best_iteration=best)
    if run.is_stopped:
        stopped = StoppedEarly(iteration=len(run.curve), best_iteration=best, best_value=run.watch.best_loss)
        context.progress.tell(stopped)


def _outcome(stand: _Stand[S]) -> Outcome:
    state, best, run = stand
    kept = run.watch.best_iteration if run.watch.enabled and run.watch.best_iteration > 0 else len(run.curve)
    return Outcome(best, tuple(run.curve), kept, state.status, run.is_stopped)


def _figures(measured: Iteration) -> dict[str, float]:
    return {"loss": measured.loss} | ({} if measured.eval_loss is None else {"eval_loss": measured.eval_loss})


def _checkpoint(stand: _Stand[S]) -> ArrayCheckpoint:
    """Copies: it is written while the fit goes on."""
    arrays, rest = take_apart(stand.state)
    copies = {name: np.array(array) for name, array in {**arrays, "best": stand.best}.items()}
    facts: dict[str, Any] = {"state": rest, "run": msgspec.to_builtins(stand.run)}
    return ArrayCheckpoint(len(stand.run.curve), copies, facts)


def _begun(
    method: Method[S], watch: EarlyStopping, context: FitContext, checkpointer: ArrayCheckpointer | None
) -> _Stand[S]:
    """Where an earlier process left this very fit; its beginning where none did."""
    found = None if checkpointer is None else checkpointer.latest()
    name = type(method).__name__
    if found is None or found.facts.get("run", {}).get("method") != name:
        state = method.start()
        return _Stand(state, state.point, _Run(method=name, watch=watch))
    arrays: dict[str, Floats] = {name: np.asarray(array) for name, array in found.arrays.items()}
    state, run = put_together(method.State, arrays, found.facts["state"]), msgspec.convert(found.facts["run"], _Run)
    context.progress.tell(Resumed(step=len(run.curve), iteration=len(run.curve)))
    return _Stand(state, arrays["best"], run)


def _left(stand: _Stand[S], checkpointer: ArrayCheckpointer | None) -> PreemptedError:
    """Save, and say so."""
    if checkpointer is not None:
        checkpointer.save(_checkpoint(stand))
    return told_to_end(f"iteration {len(stand.run.curve)}", checkpointer)
