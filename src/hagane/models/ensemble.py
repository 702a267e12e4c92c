"""`fit_ensemble`: every member fitted by its own family on its own features, one after another.

A member is fitted on the very rows and numbers, with the very context, that it would have alone, so that it is the very
model that it would be alone. Its rounds or epochs are iterations of the ensemble's curve, `training_run` saying whose;
the last iteration is the ensemble itself.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, PreemptedError
from hagane.features.encoded import Encoded
from hagane.models.ensemble_losses import mean_loss
from hagane.models.ensemble_member import FittedMember, MemberView
from hagane.models.ensemble_model import EnsembleModel
from hagane.models.ensemble_options import EnsembleOptions, Member, place_of
from hagane.models.family import Family, FitContext, FittedModel, Iteration
from hagane.models.member_faults import faults_of_member
from hagane.models.member_features import member_features
from hagane.models.member_progress import MemberProgress
from hagane.models.tell_iteration import tell_iteration

Floats = npt.NDArray[np.float64]


def fit_ensemble(
    train: Encoded, evaluation: Encoded | None, options: EnsembleOptions, context: FitContext, *, family: str
) -> EnsembleModel:
    """Fit the members that have a say. Raises TrainingError, SpecError, each told at the place of its member;
    PreemptedError at a notice."""
    watched = evaluation if evaluation is not None and evaluation.num_rows else None
    fitting = _Fitting(train, watched, context, num_members=len(options.members))
    total = sum(member.weight for _, member in options.kept)
    members = [fitting.fit(number, member, share=member.weight / total) for number, member in options.kept]
    model = EnsembleModel(family=family, features=context.features, members=members, num_classes=context.num_classes)
    model.curve = (*fitting.curve, fitting.measure(model))
    return model


class _Fitting:
    """What is common to the fits of all members."""

    def __init__(self, train: Encoded, evaluation: Encoded | None, context: FitContext, *, num_members: int) -> None:
        self.curve: list[Iteration] = []
        self._num_runs = 0
        self._num_steps = 0
        self._train, self._evaluation, self._context = train, evaluation, context
        self._num_members = num_members

    def fit(self, number: int, member: Member, *, share: float) -> FittedMember:
        """One member."""
        context, family = self._context, member.family
        with faults_of_member(place_of(number)):
            features = member_features(member.features, context.features)
            view = MemberView.of(family, features, context.features)
            train = _view_of(self._train, family, [feature.name for feature in features])
            watched = self._evaluation and _view_of(self._evaluation, family, [feature.name for feature in features])
            if context.class_offsets and not family.corrects_prior:
                train = train.weighted_by_class(np.exp(context.class_offsets))
            progress = self._progress(number, family)
            own = msgspec.structs.replace(
                context,
                features=features,
                seed=context.seed if member.seed is None else member.seed,
                progress=progress,
                class_offsets=context.class_offsets if family.corrects_prior else (),
                checkpoints=_checkpoints(context.checkpoints, f"member-{number}"),
            )
            model = family.fit(train, watched, member.own_options, own)
        self._add(model, progress)
        return FittedMember(number, view, model, share)

    def measure(self, model: EnsembleModel) -> Iteration:
        """The ensemble itself, as the curve's last iteration."""
        begun = time.perf_counter()
        loss = mean_loss(model, self._train)
        eval_loss = None if self._evaluation is None else mean_loss(model, self._evaluation)
        number = len(self.curve) + 1
        last = Iteration(iteration=number, training_run=self._num_runs, loss=loss, eval_loss=eval_loss,
                         duration_ms=1000 * (time.perf_counter() - begun))  # fmt: skip
        tell_iteration(self._context.progress, last, num_rows=self._train.num_rows, max_iterations=number,
                       best_iteration=number)  # fmt: skip
        return last

    def _progress(self, number: int, family: Family) -> MemberProgress:
        name = f"{family.name} ({number + 1} of {self._num_members})"
        return MemberProgress(
            self._context.progress, name, iterations_before=len(self.curve), steps_before=self._num_steps
        )

    def _add(self, model: FittedModel, progress: MemberProgress) -> None:
        """Its curve behind those before it; and end here, where a notice came when it was fitted."""
        before = len(self.curve)
        self.curve += [
            msgspec.structs.replace(each, iteration=before + each.iteration, training_run=self._num_runs)
            for each in model.curve
        ]
        self._num_runs += 1
        self._num_steps += progress.num_steps
        preemption = self._context.preemption
        if preemption is not None and preemption.requested:
            step = "run the same command again: what of its members was saved is not done again"
            raise PreemptedError(Fault(what="told to end (SIGTERM) between two members", next_step=step))


def _view_of(encoded: Encoded, family: Family, names: Sequence[str]) -> Encoded:
    wanted = [feature for feature in encoded.features if feature.name in set(names)]
    dtype = np.dtype(family.dense_dtype).name
    return encoded.of_features(wanted, dense_dtype=dtype, finite=not family.accepts_missing)


def _checkpoints(folder: Path | None, name: str) -> Path | None:
    """Where one of the models saves its state: networks keep more beside it, so it is a folder in one of its own."""
    return None if folder is None else folder / name / "checkpoints"
