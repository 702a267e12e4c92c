"""`train_torch`: a torch family's training, by whatever strategy the context names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from safetensors.torch import save_file
from torch import Tensor

from hagane.errors import Fault, SpecError
from hagane.models.family import FitContext, Iteration
from hagane.models.torch_options import TorchOptions
from hagane.models.torch_parameters import JOB_FILE, unshared
from hagane.spec.strategy import Strategy
from hagane.training.device_for import device_for
from hagane.training.loop import History
from hagane.training.strategies import get_strategy
from hagane.training.training_job import Share, TrainingJob
from hagane.training.training_run import Trained, TrainingRun
from hagane.write_aside import write_aside

INITIAL_FILE = "initial.safetensors"


def train_torch(
    make: str,
    arguments: msgspec.Struct,
    share: Share,
    options: TorchOptions,
    context: FitContext,
    *,
    num_threads: int = 0,
    initial: Mapping[str, Tensor] | None = None,
) -> Trained:
    """Train what `make` (a `MakeTask`, as `module:function`) makes, its module beginning with the state `initial`.

    Raises TrainingError, PreemptedError; SpecError for a warm start of which the family has made no `initial` state.
    """
    if context.warm_start is not None and initial is None:
        what, step = "this family cannot begin with an earlier model", "train it without warm_start"
        raise SpecError(Fault(what=what, where="training.warm_start", next_step=step))
    run, asked = _run(context), context.training
    job = TrainingJob(
        make=make,
        arguments=msgspec.to_builtins(arguments),
        settings=options.loop_settings(
            seed=context.seed, bfloat16=asked.precision == "bfloat16", compiled=asked.compile
        ),
        communication=asked.communication,
        num_threads=context.num_threads or num_threads,
    )
    if context.checkpoints is not None:
        context.checkpoints.parent.mkdir(parents=True, exist_ok=True)
        write_aside(context.checkpoints.with_name(JOB_FILE), msgspec.json.encode(job))
    with _kept(initial, context) as path:
        job = msgspec.structs.replace(job, initial_state=path)
        return get_strategy(run.strategy.type)(job, share, run)


def _run(context: FitContext) -> TrainingRun:
    asked = context.training
    assert isinstance(asked.strategy, Strategy)
    return TrainingRun(
        device=device_for(asked.device),
        strategy=asked.strategy,
        memory=context.memory,
        progress=context.progress,
        checkpoints=context.checkpoints,
        checkpoint_policy=asked.checkpoint,
        preemption=context.preemption,
    )


@contextmanager
def _kept(initial: Mapping[str, Tensor] | None, context: FitContext) -> Iterator[str]:
    """A file with the state, for any process of this machine; an empty path for none."""
    if initial is None:
        yield ""
        return
    held = unshared(initial)
    if context.checkpoints is not None:
        path = context.checkpoints.with_name(INITIAL_FILE)
        write_aside(path, lambda aside: save_file(held, aside))
        yield str(path)
        return
    with TemporaryDirectory(prefix="hagane-initial-") as folder:
        save_file(held, Path(folder) / INITIAL_FILE)
        yield str(Path(folder) / INITIAL_FILE)


def training_curve(history: History, unit: float) -> tuple[Iteration, ...]:
    """Losses times `unit`: in the label's own."""
    return tuple(
        Iteration(
            iteration=each.number,
            loss=each.loss * unit,
            eval_loss=None if each.eval_loss is None else each.eval_loss * unit,
            metric=each.metric,
            learning_rate=each.learn_rate,
            duration_ms=1000 * each.duration_seconds,
        )
        for each in history.iterations
    )
