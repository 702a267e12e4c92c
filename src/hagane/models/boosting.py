"""`Boosting`: the rounds of boosted trees, and which of them is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, TrainingError
from hagane.models.boosted_tree_options import BoostedTreeOptions
from hagane.models.eval_metric import EvalMetric, require_defined
from hagane.models.family import FitContext, Iteration
from hagane.models.growing_trees import GrowingTrees, best_constants
from hagane.models.lightgbm_dataset import EncodedRows, raw_sums
from hagane.models.tell_iteration import tell_iteration
from hagane.models.training_data import all_labels
from hagane.models.tree_checkpoints import RoundState, Saved, TreeCheckpoints
from hagane.models.tree_datasets import TreeDatasets, tree_datasets
from hagane.progress.events import StoppedEarly
from hagane.training.early_stopping import EarlyStopping

Floats = npt.NDArray[np.float64]


class Boosting:
    """Rounds on `train`, each judged by the rows of `evaluation`.

    `behind` is the model file of trees that are there already (empty: none), `shift` [outputs] what the raw scores of
    new trees lack on rows of which none were left out, `saved` what an earlier process had of this very training.
    """

    def __init__(
        self,
        train: EncodedRows,
        evaluation: EncodedRows | None,
        parameters: Mapping[str, Any],
        options: BoostedTreeOptions,
        context: FitContext,
        *,
        behind: str,
        shift: Floats,
        metric: EvalMetric | None,
        saved: Saved | None,
    ) -> None:
        self.options, self.context = options, context
        self.state = _first_state(options) if saved is None else saved.state
        self.state.is_over = self.state.is_final or self.state.round_number >= options.max_iterations
        self._metric = metric
        self._num_rows, self._is_watched = train.encoded.num_rows, evaluation is not None
        self._labels = None if metric is None or evaluation is None else all_labels(evaluation.encoded)
        if metric is not None and self._labels is not None:
            require_defined(metric, self._labels, context.num_classes)
        self._rounds_before = lgb.Booster(model_str=behind).current_iteration() if behind else 0
        self._best_text: str | None = None
        sums = _first_sums(train, evaluation, behind, shift) if saved is None else saved.grown[1:]
        datasets = tree_datasets(train, evaluation, parameters, context.memory, sums)
        self.offset = shift
        """[outputs] what is still to be added to the raw scores."""
        if parameters.get("boosting") == "dart" and not behind:
            self.offset = shift + _start_apart(datasets, parameters, shift)
        self.trees = GrowingTrees(
            parameters,
            datasets.train,
            datasets.evaluation,
            seed=context.seed,
            before=saved.grown.text if saved else behind,
        )

    @property
    def best_round(self) -> int:
        """The one whose trees, with those before them, are kept; all without eval rows."""
        return self.state.watch.best_iteration if self.state.watch.best_iteration > 0 else len(self.state.curve)

    def run(self, checkpoints: TreeCheckpoints) -> str:
        """All rounds that are still to do; the model file that is kept. Raises TrainingError, PreemptedError."""
        with self.context.progress.phase(
            "train",
            total=self.options.max_iterations,
            unit="rounds",
            at_most=self.options.early_stop and self._is_watched,
            completed=self.state.round_number,
        ) as phase:
            while not self.state.is_over:
                phase.advance(1, **self._round())
                self._watch_the_clock()
                checkpoints.after_round(self.trees, self.state)
        checkpoints.after_last(self.trees, self.state)
        return self._best_text or self.trees.text(self._rounds_before + self.best_round)

    def _watch_the_clock(self) -> None:
        """End with the round that was just done where the fit's time is over."""
        limit = self.context.time_limit
        if limit is not None and not self.state.is_over:
            self.state.is_over = limit.is_over(self.state.round_number)

    def _round(self) -> dict[str, float]:
        """One round; its figures."""
        state, begun = self.state, time.perf_counter()
        state.round_number += 1
        is_exhausted = self.trees.grow(self._rounds_before + state.round_number)
        if is_exhausted and not self.trees.can_go_on and state.curve:
            state.is_over = state.is_final = True  # and the sums of the rows lack the trees that were left out
            return {}
        loss, eval_loss = self.trees.losses()
        if not np.isfinite(loss):
            raise _not_finite(state.round_number, loss)
        metric = None if self._labels is None else self._measured()
        state.curve.append(
            Iteration(
                iteration=state.round_number,
                loss=loss,
                eval_loss=eval_loss,
                metric=metric,
                learning_rate=self.options.learn_rate,
                duration_ms=1000 * (time.perf_counter() - begun),
            )
        )
        watched = eval_loss if metric is None else metric * self._direction
        is_known = watched is not None and not math.isnan(watched)  # precision is not before a row is called positive
        is_enough = watched is not None and is_known and state.watch.update(state.round_number, watched)
        self._tell(is_enough)
        state.is_final = is_exhausted or is_enough
        state.is_over = state.is_final or state.round_number >= self.options.max_iterations
        if not self.trees.can_go_on and state.watch.best_iteration == state.round_number:
            self._best_text = self.trees.text()
        return {"loss": loss} | ({} if eval_loss is None else {"eval_loss": eval_loss})

    def _tell(self, is_stopped: bool) -> None:
        """The newest round, and whether it is the last for want of progress."""
        state, progress = self.state, self.context.progress
        best = state.watch.best_iteration if state.watch.best_iteration > 0 else None
        tell_iteration(
            progress,
            state.curve[-1],
            num_rows=self._num_rows,
            max_iterations=self.options.max_iterations,
            best_iteration=best,
            metric_name=self._metric.name if self._metric else None,
        )
        if is_stopped and best is not None:
            value = None if state.watch.best_loss is None else state.watch.best_loss * self._direction
            progress.tell(StoppedEarly(iteration=state.round_number, best_iteration=best, best_value=value))

    @property
    def _direction(self) -> int:
        """What makes a figure that should fall of what is watched."""
        return -1 if self._metric is not None and self._metric.is_better_high else 1

    def _measured(self) -> float:
        """The metric of the eval rows."""
        assert self._metric is not None
        assert self._labels is not None
        scores = self.trees.eval_scores().reshape(-1, len(self._labels))
        return self._metric.value(self._labels, scores[0] if len(scores) == 1 else scores.T)


def _first_state(options: BoostedTreeOptions) -> RoundState:
    watch = EarlyStopping(
        patience=options.patience, min_rel_progress=options.min_rel_progress, enabled=options.early_stop
    )
    return RoundState(watch=watch)


def _start_apart(datasets: TreeDatasets, parameters: Mapping[str, Any], shift: Floats) -> Floats:
    """Let dart start from the best constants [outputs], outside its trees: inside the first they would be left out."""
    level = best_constants(parameters, datasets.train)
    for dataset, start in ((datasets.train, level), (datasets.evaluation, level + shift)):
        if dataset is not None:
            dataset.set_field("init_score", np.repeat(start, dataset.num_data()))
    return level


def _first_sums(
    train: EncodedRows, evaluation: EncodedRows | None, behind: str, shift: Floats
) -> tuple[Floats | None, Floats | None]:
    """[outputs · n] of both splits, where they are not 0.

    What is behind answers for rows of which none were left out, as eval rows are, and training rows are not.
    """
    if not behind:
        is_shifted = evaluation is not None and shift.any()
        return None, np.repeat(shift, evaluation.encoded.num_rows) if evaluation and is_shifted else None
    booster = lgb.Booster(model_str=behind)
    train_sums = raw_sums(booster, train) - np.repeat(shift, train.encoded.num_rows)
    return train_sums, None if evaluation is None else raw_sums(booster, evaluation)


def _not_finite(round_number: int, loss: float) -> TrainingError:
    return TrainingError(
        Fault(
            what=f"the loss became {loss} in round {round_number}",
            where="model.options.learn_rate",
            next_step="take a smaller learn_rate, or look for very large label values",
        )
    )
