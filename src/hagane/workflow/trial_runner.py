"""`TrialRunner`: trains and measures one choice of hyperparameters after another on rows that are prepared once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from hagane.data.folds import all_folds
from hagane.errors import Fault, PreemptedError, SpecError
from hagane.features.column_cache import TRIALS_FOLDER
from hagane.features.encode import EncodedSplits, encode
from hagane.features.encoded import Encoded
from hagane.features.no_label import NoLabel
from hagane.models.family import FittedModel
from hagane.progress import SILENT, Progress
from hagane.spec.spec import Spec
from hagane.training.preemption import Preemption
from hagane.tuning.run_trial import InfeasibleTrialError, Report, TrialOutcome
from hagane.usable_cores import limited_cores
from hagane.workflow.beginning import Beginning, find_beginning
from hagane.workflow.build_graph import build_graph
from hagane.workflow.check_declared import check_declared
from hagane.workflow.fit_context import fit_context
from hagane.workflow.hyperparameters import set_hyperparameters
from hagane.workflow.kept_scores import KeptScores
from hagane.workflow.measured_folds import MeasuredFolds
from hagane.workflow.prepare import Prepared, prepare
from hagane.workflow.row_weights import WeightedSplits, weigh_rows, weight_column
from hagane.workflow.shared_rows import Division, SharedRows
from hagane.workflow.trial_checkpoints import BUDGETS, ContinuedFit, TrialCheckpoints
from hagane.workflow.trial_progress import TrialEnded, TrialProgress
from hagane.workflow.trial_scores import TrialScores, measured_metrics, trial_metrics, trial_scores
from hagane.workflow.warm_start import begin_spec
from hagane.workspace.workspace import Workspace

MODEL_BYTES = "model_bytes"
"""The size of the graph that would serve: measured only where it is an objective, since the graph must be made."""
Settle = Callable[[Spec, Mapping[str, Any]], Spec]


@dataclass(frozen=True, slots=True)
class TrialRun:
    """What a trial that was trained to its end left in memory."""

    prepared: Prepared
    encoded: EncodedSplits
    model: FittedModel
    found: TrialScores
    metrics: dict[str, float | None]
    continued_from: int | None = None
    """The trial from whose last state its fit went on."""


class TrialRunner:
    """A `RunTrial` over the rows that `spec` names (`frame` stands in for its data where given).

    Rows are read, checked, divided, looked at for outliers and measured once, and again only in what depends on a
    hyperparameter that stands there (`hagane.workflow.shared_rows`). A trial resolves its spec, fits its features,
    encodes the columns that the workspace's cache does not have, fits its family and measures the eval rows by the
    training path. No graph is built, and no test row looked at. `settle` makes the trial's spec of its parameters;
    `num_threads` is what a trial may use (0: every core); without `keeps_columns` no encoded column is put into the
    cache. With `tuning.folds` a trial is a training a fold, and heard of on its way in the first alone. What it answers
    for its eval rows goes to `kept`; `divisions` divide the rows of the split before anything else.
    """

    def __init__(
        self,
        spec: Spec,
        *,
        workspace: Workspace,
        frame: object | None = None,
        settle: Settle = set_hyperparameters,
        shared: SharedRows | None = None,
        num_threads: int = 0,
        keeps_columns: bool = True,
        kept: KeptScores | None = None,
        divisions: Sequence[Division] = (),
        progress: Progress = SILENT,
    ) -> None:
        self.spec, self.workspace = spec, workspace
        self.shared = shared or SharedRows(frame, workspace.root)
        self.shared.answers = self.shared.answers or workspace.fit_answers
        self._settle, self._num_threads, self._progress = settle, num_threads, progress
        self._keeps_columns, self._kept, self._divisions = keeps_columns, kept, tuple(divisions)

    def __call__(self, number: int, parameters: Mapping[str, Any], report: Report) -> TrialOutcome:
        """Trial `number`. Raises InfeasibleTrialError for what cannot be a spec, else HaganeError as `train` does."""
        told = TrialProgress(report, self._progress)
        measured = MeasuredFolds()
        try:
            spec = self._settle(self.spec, parameters)
            continues = any(name.rpartition(".")[2] in BUDGETS for name in parameters)
            for fold in self._folds:  # later folds would tell of iterations that were told of
                heard, notice = (told, told.notice) if fold == self._folds[0] else (SILENT, None)
                measured.add(self.run(spec, heard, notice, divisions=fold, continues=number if continues else None))
        except SpecError as error:
            raise InfeasibleTrialError(*error.faults) from None
        except (TrialEnded, PreemptedError):
            newest = told.newest
            if newest is None or not told.is_ended:
                raise
            return TrialOutcome(metrics=newest.metrics, best_iteration=newest.best_iteration, stopped=True)
        if self._kept is not None:
            self._kept.keep(number, measured.scores)
        return measured.outcome()

    @property
    def _folds(self) -> list[tuple[Division, ...]]:
        """How the rows are divided for each training of a trial."""
        count = self.spec.tuning.folds if self.spec.tuning else None
        folds = [(fold,) for fold in all_folds(count)] if count else [()]
        return [(*self._divisions, *fold) for fold in folds]

    def run(
        self,
        spec: Spec,
        progress: Progress,
        notice: Preemption | None = None,
        *,
        divisions: Sequence[Division] = (),
        part: Literal["eval", "held_out"] = "eval",
        continues: int | None = None,
    ) -> TrialRun:
        """Train what a settled spec declares and measure its rows of `part`. Raises HaganeError.

        `held_out`: the test rows, or the eval rows where there are none. A fit that cannot be ended out of
        `progress.tell` is by `notice`. `divisions` divide the split's rows again. With the number of a trial,
        `continues`, the fit goes on from where one ended that differs in how long it may take alone.
        """
        with limited_cores(self._num_threads):
            return self._run(spec, progress, notice=notice, divisions=divisions, part=part, continues=continues)

    def _run(
        self,
        spec: Spec,
        progress: Progress,
        *,
        notice: Preemption | None,
        divisions: Sequence[Division],
        part: Literal["eval", "held_out"],
        continues: int | None,
    ) -> TrialRun:
        beginning = self._beginning(spec)
        spec = spec if beginning is None else begin_spec(spec, beginning)
        check_declared(spec)
        prepared = prepare(spec, None, progress, folder=self.workspace.root, beginning=beginning, shared=self.shared,
                           divisions=divisions)  # fmt: skip
        is_test = part == "held_out" and prepared.splits.test is not None
        if prepared.splits.eval is None and not is_test:
            raise SpecError(_no_eval_rows())
        with self.workspace.scratch("trial") as scratch:
            encoded = self._encoded(prepared, scratch, progress)
            weighted = weigh_rows(encoded, prepared)
            with self._continued(continues, prepared, beginning) as fit:
                model = self._fitted(prepared, weighted, beginning, progress, notice=notice, fit=fit)
            judged = encoded.test if is_test else encoded.eval
            assert judged is not None
            found = trial_scores(prepared, judged, model)
        metrics = self._metrics(prepared, model, found, judged)
        came_from = None if fit is None else fit.continued_from
        return TrialRun(prepared, encoded, model, found, metrics, came_from)

    def _continued(
        self, trial: int | None, prepared: Prepared, beginning: Beginning | None
    ) -> AbstractContextManager[ContinuedFit | None]:
        if trial is None:
            return nullcontext()
        return TrialCheckpoints(self.workspace.cache_folder / TRIALS_FOLDER).of(trial, prepared, beginning)

    def _beginning(self, spec: Spec) -> Beginning | None:
        return find_beginning(spec, self.workspace)

    def _encoded(self, prepared: Prepared, scratch: Path, progress: Progress) -> EncodedSplits:
        cache = self.workspace.cache if self._keeps_columns else None
        return encode(prepared.splits, prepared.transform, prepared.label, scratch / "encoded",
                      weight=weight_column(prepared), cache=cache, progress=progress)  # fmt: skip

    def _fitted(
        self,
        prepared: Prepared,
        encoded: WeightedSplits,
        beginning: Beginning | None,
        progress: Progress,
        *,
        notice: Preemption | None,
        fit: ContinuedFit | None,
    ) -> FittedModel:
        training = prepared.resolved.spec.training
        context = fit_context(
            prepared,
            encoded,
            beginning,
            progress=progress,
            preemption=notice,
            checkpoints=None if fit is None else fit.folder,
            training=training if fit is None else msgspec.structs.replace(training, checkpoint=fit.policy),
            num_threads=self._num_threads,
            keeps_last=fit is not None,
        )
        return prepared.resolved.family.fit(encoded.train, encoded.eval, prepared.resolved.options, context)

    def _metrics(
        self, prepared: Prepared, model: FittedModel, found: TrialScores, judged: Encoded
    ) -> dict[str, float | None]:
        has_label = not isinstance(prepared.label, NoLabel)
        metrics = trial_metrics(prepared, found) if has_label else measured_metrics(judged, model)
        objectives = self.spec.tuning.objectives if self.spec.tuning else ()
        if any(name.lower() == MODEL_BYTES for name in objectives):
            threshold = prepared.resolved.spec.evaluation.threshold
            graph = build_graph(prepared.transform, model, prepared.label, threshold=threshold)
            metrics[MODEL_BYTES] = float(len(graph))
        return metrics


def _no_eval_rows() -> Fault:
    return Fault(
        what="no eval rows by which a trial could be judged",
        where="split",
        expected="eval_fraction > 0, or a split column that says EVAL",
        next_step="give the split an eval part; small data are better tuned over folds: tuning.folds",
    )
