"""`train_torch`: a torch family's training, by whatever strategy the context names."""

from __future__ import annotations

import msgspec

from hagane.models.family import FitContext, Iteration
from hagane.models.target import Target
from hagane.models.torch_options import TorchOptions
from hagane.spec.strategy import Strategy
from hagane.training.checkpointer import CheckpointPolicy
from hagane.training.device_for import device_for
from hagane.training.loop import History
from hagane.training.strategies import get_strategy
from hagane.training.training_job import Share, TrainingJob
from hagane.training.training_run import Trained, TrainingRun


def train_torch(
    make: str,
    arguments: msgspec.Struct,
    share: Share,
    options: TorchOptions,
    context: FitContext,
    *,
    num_threads: int = 0,
) -> Trained:
    """Train what `make` (a `MakeTask`, as `module:function`) makes. Raises TrainingError, PreemptedError."""
    asked = context.training
    assert isinstance(asked.strategy, Strategy)
    job = TrainingJob(
        make=make,
        arguments=msgspec.to_builtins(arguments),
        settings=options.loop_settings(
            seed=context.seed, bfloat16=asked.precision == "bfloat16", compiled=asked.compile
        ),
        communication=asked.communication,
        num_threads=context.num_threads or num_threads,
    )
    run = TrainingRun(
        device=device_for(asked.device),
        strategy=asked.strategy,
        memory=context.memory,
        progress=context.progress,
        checkpoints=None if context.checkpoints is None else CheckpointPolicy(folder=context.checkpoints),
        preemption=context.preemption,
    )
    return get_strategy(asked.strategy.type)(job, share, run)


def training_curve(history: History, target: Target) -> tuple[Iteration, ...]:
    """Losses in the label's own unit."""
    unit = target.loss_unit
    return tuple(
        Iteration(
            iteration=each.number,
            loss=each.loss * unit,
            eval_loss=None if each.eval_loss is None else each.eval_loss * unit,
            learning_rate=each.learn_rate,
            duration_ms=1000 * each.duration_seconds,
        )
        for each in history.iterations
    )
