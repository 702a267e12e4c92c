"""`Study`: a search that outlives its process: trials in Optuna's storage, told in our words.

A trial is one row of Optuna's, with all that we say of it (`Trial`) as one of its attributes and each measurement as
another. Optuna's own state is written last: a process that is killed between leaves a trial that the next one finishes
or runs again, with the same parameters and the same number. Nobody outside `hagane.tuning` sees Optuna.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec
import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as Stored
from sqlalchemy.exc import SQLAlchemyError

from hagane.errors import Fault, StorageError
from hagane.tuning.distributions import distribution_of, stored_value
from hagane.tuning.objective import Objective
from hagane.tuning.study_about import StudyAbout
from hagane.tuning.study_winner import StudyWinner
from hagane.tuning.trial import Measurement, Trial, TrialState
from hagane.tuning.trial_curve import trial_curve

ABOUT, TRIAL, MEASURED, WINNER = "hagane:about", "hagane:trial", "hagane:measured", "hagane:winner"
BEAT = "hagane:beat"
OPEN = (TrialState.REQUESTED, TrialState.ACTIVE)
Given = ParamSpec("Given")
Gives = TypeVar("Gives")


def _told(method: Callable[Concatenate[Study, Given], Gives]) -> Callable[Concatenate[Study, Given], Gives]:
    """A database that fails is told of in our words."""

    @functools.wraps(method)
    def run(self: Study, *given: Given.args, **options: Given.kwargs) -> Gives:
        try:
            return method(self, *given, **options)
        except (StorageInternalError, SQLAlchemyError) as error:
            reason = str(error.__cause__ or error).splitlines()[0]
            step = "what was measured stays; run the same command again when the storage can be written"
            raise StorageError(
                Fault(what=f"the study {self.about.name} cannot be written: {reason}", next_step=step)
            ) from None

    return run  # type: ignore[return-value]


class Study:
    """One study in a storage (`hagane.tuning.open_study`)."""

    def __init__(self, study: optuna.Study, about: StudyAbout) -> None:
        self.about = about
        self._storage, self._id = study._storage, study._study_id  # the storage is public, where a study has it is not
        self._trials: dict[int, Trial] = {}

    @_told
    def trials(self) -> tuple[Trial, ...]:
        """All, by their number, with their measurements."""
        return tuple(self._read(stored) for stored in self._stored())

    @_told
    def create(self) -> Trial:
        """A new trial, ACTIVE, without parameters yet (`begin`)."""
        number = self._storage.get_trial_number_from_id(self._storage.create_new_trial(self._id))
        return Trial(id=number + 1, parameters={}, state=TrialState.ACTIVE)

    @_told
    def request(self, parameters: Mapping[str, Any]) -> Trial:
        """A trial with these parameters, to be run."""
        stored = self._storage.create_new_trial(self._id)
        trial = Trial(id=self._storage.get_trial_number_from_id(stored) + 1, parameters=dict(parameters))
        self._write(stored, trial)
        self._set_parameters(stored, trial)
        self._storage.set_trial_state_values(stored, Stored.WAITING)
        return trial

    @_told
    def claim(self) -> Trial | None:
        """The first trial that is REQUESTED, from now on ACTIVE; None: there is none."""
        for stored in self._stored():
            if stored.state is Stored.WAITING and self._storage.set_trial_state_values(
                stored._trial_id, Stored.RUNNING
            ):
                return msgspec.structs.replace(self._read(stored), state=TrialState.ACTIVE)
        return None

    @_told
    def begin(self, trial: Trial, parameters: Mapping[str, Any], *, runner: str = "") -> Trial:
        """The trial runs from now on, with these parameters."""
        stored = self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.id - 1)
        begun = msgspec.structs.replace(
            trial,
            parameters=dict(parameters),
            state=TrialState.ACTIVE,
            started=_now(),
            num_attempts=trial.num_attempts + 1,
            runner=runner,
            measurements=(),
        )
        self._write(stored, begun)
        self._set_parameters(stored, begun)
        return begun

    @_told
    def measured(self, trial: Trial, measurement: Measurement) -> Trial:
        """What a running trial is worth at one point."""
        stored = self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.id - 1)
        key = f"{MEASURED}:{trial.num_attempts}:{measurement.iteration:09d}"
        self._storage.set_trial_user_attr(stored, key, msgspec.to_builtins(measurement))
        known = msgspec.structs.replace(trial, measurements=(*trial.measurements, measurement))
        if len(self.about.objectives) == 1:
            self._tell_sampler(stored, known)
        return known

    @_told
    def end(self, trial: Trial) -> Trial:
        """The trial is over: it has its state, its last measurement or its reason."""
        stored = self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.id - 1)
        ended = msgspec.structs.replace(trial, ended=_now())
        self._write(stored, ended)
        self._close(stored, ended)
        return ended

    @_told
    def give_back(self, trial: Trial, *, counts: bool = False) -> Trial:
        """The trial is to be run again, by whoever comes; `counts`: as an attempt that its process did not survive."""
        stored = self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.id - 1)
        num_attempts = trial.num_attempts - (0 if counts else 1)
        given = msgspec.structs.replace(
            trial,
            state=TrialState.REQUESTED,
            started=None,
            measurements=(),
            num_attempts=max(0, num_attempts),
            runner="",
        )
        self._write(stored, given)
        self._storage.set_trial_state_values(stored, Stored.WAITING)
        return given

    @_told
    def close_finished(self) -> tuple[Trial, ...]:
        """The trials that are ACTIVE; of those whose end was written, Optuna's state is made up for."""
        running = []
        for stored in self._stored():
            if stored.state is not Stored.RUNNING:
                continue
            trial = self._written(stored)
            if trial.state in OPEN:
                running.append(self._read(stored))
            else:
                self._close(stored._trial_id, trial)
        return tuple(running)

    @_told
    def for_samplers(self) -> optuna.Study:
        """As Optuna's samplers take it: each time anew, since one remembers trials as they were when it was asked."""
        return optuna.load_study(study_name=self.about.name, storage=self._storage)

    @_told
    def frozen(self, trial: Trial) -> FrozenTrial:
        """The trial as Optuna's samplers take it."""
        return self._storage.get_trial(self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.id - 1))

    @property
    def is_shared(self) -> bool:
        """Whether several machines may be at work on it."""
        backend = getattr(self._storage, "_backend", None)
        return backend is not None and backend.engine.dialect.name == "postgresql"

    @_told
    def beat(self, runner: str, number: int) -> None:
        """A process that is at work on it lives (`Liveness`)."""
        self._storage.set_study_user_attr(self._id, f"{BEAT}:{runner}", number)

    @_told
    def beats(self) -> dict[str, int]:
        """Process → the number that it wrote last."""
        kept = self._storage.get_study_user_attrs(self._id)
        return {key.removeprefix(f"{BEAT}:"): number for key, number in kept.items() if key.startswith(f"{BEAT}:")}

    @_told
    def winner(self) -> StudyWinner | None:
        """The model that was made of the best trial; None: none yet."""
        kept = self._storage.get_study_user_attrs(self._id).get(WINNER)
        return None if kept is None else msgspec.convert(kept, StudyWinner)

    @_told
    def keep_winner(self, winner: StudyWinner) -> None:
        """The model that was made of the best trial, in the place of an earlier one."""
        self._storage.set_study_user_attr(self._id, WINNER, msgspec.to_builtins(winner))

    def close(self) -> None:
        """Let go of the storage: of a file nothing is left beside it."""
        self._storage.remove_session()
        backend = getattr(self._storage, "_backend", None)  # what caches its trials does not say what it caches
        if backend is not None:
            backend.engine.dispose()

    def _stored(self) -> list[FrozenTrial]:
        return self._storage.get_all_trials(self._id, deepcopy=False)

    def _written(self, stored: FrozenTrial) -> Trial:
        written = stored.user_attrs.get(TRIAL)
        return Trial(id=stored.number + 1, parameters={}) if written is None else msgspec.convert(written, Trial)

    def _read(self, stored: FrozenTrial) -> Trial:
        if stored.number in self._trials:
            return self._trials[stored.number]
        trial = self._written(stored)
        if trial.state in OPEN:
            state = TrialState.ACTIVE if stored.state is Stored.RUNNING else TrialState.REQUESTED
            trial = msgspec.structs.replace(trial, state=state)
        prefix = f"{MEASURED}:{trial.num_attempts}:"
        told = (stored.user_attrs[key] for key in sorted(stored.user_attrs) if key.startswith(prefix))
        trial = msgspec.structs.replace(trial, measurements=tuple(msgspec.convert(each, Measurement) for each in told))
        if stored.state.is_finished():
            self._trials[stored.number] = trial
        return trial

    def _write(self, stored: int, trial: Trial) -> None:
        without = msgspec.structs.replace(trial, measurements=())
        self._storage.set_trial_user_attr(stored, TRIAL, msgspec.to_builtins(without))

    def _set_parameters(self, stored: int, trial: Trial) -> None:
        """Those that a process which was killed had not written yet."""
        known = self._storage.get_trial(stored).params
        for dimension in self.about.space.dimensions:
            if dimension.name in trial.parameters and dimension.name not in known:
                distribution = distribution_of(dimension)
                value = distribution.to_internal_repr(stored_value(dimension, trial.parameters[dimension.name]))
                self._storage.set_trial_param(stored, dimension.name, value, distribution)

    def _worst(self) -> list[float] | None:
        found = [stored.values for stored in self._stored() if stored.state is Stored.COMPLETE and stored.values]
        ends = [min if objective.goal == "MAXIMIZE" else max for objective in self.about.objectives]
        return [end(column) for end, column in zip(ends, zip(*found, strict=True), strict=True)] if found else None

    def _tell_sampler(self, stored: int, trial: Trial) -> None:
        """The newest point of the curve, the way round that the direction of the study is."""
        curve = trial_curve(trial.measurements, self.about.objectives[0])
        if curve is not None and curve.costs[-1] != float("inf"):
            sign = -1.0 if self.about.objectives[0].goal == "MAXIMIZE" else 1.0
            self._storage.set_trial_intermediate_value(stored, curve.iterations[-1], sign * curve.costs[-1])

    def _close(self, stored: int, trial: Trial) -> None:
        """What samplers learn from: values of what succeeded; all else was no good, so that they look elsewhere.

        A Gaussian process knows of values alone: what came to nothing is worth the worst that there is.
        """
        values = _values(trial, self.about.objectives) if trial.state is TrialState.SUCCEEDED else None
        if values is None and self.about.algorithm == "gaussian_process" and trial.state is not TrialState.STOPPED:
            values = self._worst()
        state = Stored.PRUNED if values is None else Stored.COMPLETE
        with suppress(UpdateFinishedTrialError):  # another process that saw its end has done so
            self._storage.set_trial_state_values(stored, state, values)


def _values(trial: Trial, objectives: tuple[Objective, ...]) -> list[float] | None:
    measured = trial.final_measurement.metrics if trial.final_measurement else {}
    values = [measured.get(objective.metric) for objective in objectives]
    return None if any(value is None for value in values) else [float(value) for value in values if value is not None]


def direction_of(objective: Objective) -> StudyDirection:
    """Optuna's word for a goal."""
    return StudyDirection.MAXIMIZE if objective.goal == "MAXIMIZE" else StudyDirection.MINIMIZE


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
