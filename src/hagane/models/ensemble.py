"""`fit_ensemble`: every member fitted by its own family on its own features, one after another.

Without folds a member is fitted on the very rows and numbers, with the very context, that it would have alone, so that
it is the very model that it would be alone. With k folds it is k models, each fitted without the rows of one fold and
watched by them, and their mean is its answer (bagging; Breiman, "Bagging Predictors", 1996; the rows left out are
Wolpert's of "Stacked Generalization", 1992).

The rounds or epochs of each model are iterations of the ensemble's curve, `training_run` saying of which; the last
iteration is the ensemble itself.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from hagane.counted import counted
from hagane.errors import Fault, PreemptedError, TrainingError
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature
from hagane.features.fold_rows import Fold
from hagane.models.ensemble_losses import mean_loss
from hagane.models.ensemble_member import FittedMember, MemberView
from hagane.models.ensemble_mixture import Mixture, StackedClasses, StackedNumbers, WeightedMean
from hagane.models.ensemble_model import EnsembleModel
from hagane.models.ensemble_options import EnsembleOptions, Member, place_of
from hagane.models.ensemble_weights import greedy_weights, stack_classes, stack_numbers
from hagane.models.family import Family, FitContext, FittedModel, Iteration
from hagane.models.held_out_answers import HeldOutAnswers
from hagane.models.member_faults import faults_of_member
from hagane.models.member_features import member_features
from hagane.models.member_progress import MemberProgress
from hagane.models.tell_iteration import tell_iteration
from hagane.number_text import percent_text

Floats = npt.NDArray[np.float64]


def fit_ensemble(
    train: Encoded, evaluation: Encoded | None, options: EnsembleOptions, context: FitContext, *, family: str
) -> EnsembleModel:
    """Fit the members that have a say. Raises TrainingError, SpecError, each told at the place of its member;
    PreemptedError at a notice."""
    watched = evaluation if evaluation is not None and evaluation.num_rows else None
    _require_rows(train, watched, options)
    fitting = _Fitting(train, watched, options, context)
    members = [fitting.fit(number, member) for number, member in options.kept]
    mixture = fitting.mixture(members)
    heard = [place for place, weight in enumerate(mixture.weights) if weight > 0]
    model = EnsembleModel(
        family=family,
        features=context.features,
        members=[members[place] for place in heard],
        mixture=mixture.of(heard),
        num_classes=context.num_classes,
    )
    model.curve = (*fitting.curve, fitting.measure(model))
    return model


class _Fitting:
    """What is common to the fits of all members."""

    def __init__(
        self, train: Encoded, evaluation: Encoded | None, options: EnsembleOptions, context: FitContext
    ) -> None:
        self.curve: list[Iteration] = []
        self._num_runs = self._num_steps = 0
        self._train, self._evaluation, self._options, self._context = train, evaluation, options, context
        self._held_out: HeldOutAnswers | None = None
        if options.folds:
            self._held_out = HeldOutAnswers(train, context.num_classes, context.seed, context.class_offsets)
        elif options.method != "average":
            assert evaluation is not None
            self._held_out = HeldOutAnswers(evaluation, context.num_classes, context.seed)

    def fit(self, number: int, member: Member) -> FittedMember:
        """One member: a model, or one for each fold."""
        folds = self._options.folds
        with faults_of_member(place_of(number)):
            features = member_features(member.features, self._context.features)
            view = MemberView.of(member.family, features, self._context.features)
            models = [self._fit(number, member, features, view, fold) for fold in range(max(1, folds))]
        held_out = self._held_out
        loss = None if held_out is None else held_out.mean_loss(held_out.answers[number])
        return FittedMember(number, view, tuple(models), loss)

    def _fit(
        self, number: int, member: Member, features: tuple[Feature, ...], view: MemberView, fold: int
    ) -> FittedModel:
        context, family = self._context, member.family
        train, watched, left_out = self._train, self._evaluation, None
        if self._options.folds:
            left_out = Fold(seed=context.seed, num_folds=self._options.folds, number=fold, inside=True)
            train, watched = train.of_fold(replace(left_out, inside=False)), train.of_fold(left_out)
        train, watched = _seen(train, features, view), watched and _seen(watched, features, view)
        if context.class_offsets and not family.corrects_prior:
            train = train.weighted_by_class(np.exp(context.class_offsets))
        progress = self._progress(number, family, fold)
        own = replace(
            context,
            features=features,
            seed=context.seed if member.seed is None else member.seed,
            progress=progress,
            class_offsets=context.class_offsets if family.corrects_prior else (),
            checkpoints=_checkpoints(context.checkpoints, f"member-{number}-{fold}"),
            time_limit=None,  # no spec could say that each model of a member had another number of rounds
        )
        model = family.fit(train, watched, member.own_options, own)
        self._add(model, progress)
        if self._held_out is not None:
            self._held_out.add(number, model, view, left_out)
        return model

    def mixture(self, members: list[FittedMember]) -> Mixture:
        """As given, or learned from the rows held out."""
        held_out, method = self._held_out, self._options.method
        if method == "average":
            given = np.array([self._options.members[member.number].weight for member in members])
            return WeightedMean(given / given.sum())
        assert held_out is not None
        learned = _learned(method, np.stack([held_out.answers[member.number] for member in members]), held_out)
        shares = learned.weights / max(float(learned.weights.sum()), 1e-300)
        said = ", ".join(
            f"{self._name(member.number)} {percent_text(share)}" for member, share in zip(members, shares, strict=True)
        )
        self._context.progress.note(f"weights learned from {counted(len(held_out.rows), 'row')} held out: {said}")
        return learned

    def measure(self, model: EnsembleModel) -> Iteration:
        """The ensemble itself, as the curve's last iteration; with folds its loss is of the rows held out."""
        begun, held_out = time.perf_counter(), self._held_out
        if self._options.folds and held_out is not None:
            mixed = model.mixture.mix([held_out.answers[member.number] for member in model.members])
            loss = held_out.mean_loss(mixed)
        else:
            loss = mean_loss(model, self._train)
        eval_loss = None if self._evaluation is None else mean_loss(model, self._evaluation)
        number = len(self.curve) + 1
        last = Iteration(iteration=number, training_run=self._num_runs, loss=loss, eval_loss=eval_loss,
                         duration_ms=1000 * (time.perf_counter() - begun))  # fmt: skip
        tell_iteration(self._context.progress, last, num_rows=self._train.num_rows, max_iterations=number,
                       best_iteration=number)  # fmt: skip
        return last

    def _name(self, number: int) -> str:
        return f"{self._options.members[number].type} ({number + 1} of {len(self._options.members)})"

    def _progress(self, number: int, family: Family, fold: int) -> MemberProgress:
        of_folds = f", fold {fold + 1} of {self._options.folds}" if self._options.folds else ""
        return MemberProgress(self._context.progress, self._name(number) + of_folds,
                              iterations_before=len(self.curve), steps_before=self._num_steps)  # fmt: skip

    def _add(self, model: FittedModel, progress: MemberProgress) -> None:
        """Its curve behind those before it; and end here, where a notice came when it was fitted."""
        before = len(self.curve)
        self.curve += [
            replace(each, iteration=before + each.iteration, training_run=self._num_runs) for each in model.curve
        ]
        self._num_runs += 1
        self._num_steps += progress.num_steps
        preemption = self._context.preemption
        if preemption is not None and preemption.requested:
            step = "run the same command again: what of its members was saved is not done again"
            raise PreemptedError(Fault(what="told to end (SIGTERM) between two members", next_step=step))


def _learned(method: str, answers: Floats, held_out: HeldOutAnswers) -> Mixture:
    """From `answers` [m, n] or [m, n, c]; greedily, too, where no member is worth a weight in a linear model."""
    weight = held_out.weight
    if answers.ndim == 2:
        numbers = held_out.label.astype(np.float64)
        stack = stack_numbers(answers, numbers, weight) if method == "stack" else None
        if stack is not None and stack.weights.any():
            return StackedNumbers(stack)
        return WeightedMean(greedy_weights(answers, numbers, weight))
    classes = held_out.label.astype(np.int64)
    stack = stack_classes(answers, classes, weight) if method == "stack" else None
    if stack is not None and stack.weights.any():
        return StackedClasses(stack)
    return WeightedMean(greedy_weights(answers[:, np.arange(len(classes)), classes], None, weight))


def _require_rows(train: Encoded, evaluation: Encoded | None, options: EnsembleOptions) -> None:
    """Raises TrainingError where there is nothing to learn weights from, or less than a row a fold."""
    if options.folds > train.num_rows:
        raise TrainingError(Fault(what="there are more folds than training rows", where="model.options.folds",
                                  expected=f"at most {train.num_rows}", received=str(options.folds)))  # fmt: skip
    if options.method != "average" and not options.folds and evaluation is None:
        raise TrainingError(
            Fault(
                what=f"method {options.method!r} learns weights from rows held out, and there are none",
                where="model.options.method",
                expected="eval rows, or folds",
                next_step="set folds: 5, or split eval rows off, or take the method 'average'",
            )
        )


def _seen(encoded: Encoded, features: tuple[Feature, ...], view: MemberView) -> Encoded:
    names = {feature.name for feature in features}
    wanted = [feature for feature in encoded.features if feature.name in names]
    return encoded.of_features(wanted, dense_dtype=view.dense_dtype, finite=view.finite)


def _checkpoints(folder: Path | None, name: str) -> Path | None:
    """Where one of the models saves its state: networks keep more beside it, so it is a folder in one of its own."""
    return None if folder is None else folder / name / "checkpoints"
