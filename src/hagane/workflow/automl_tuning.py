"""`tune_candidate`: a study over the options of one candidate, beginning with those that it has."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hagane.errors import Fault, TrainingError
from hagane.tuning.dimension import Dimension
from hagane.tuning.family_space import family_space
from hagane.tuning.make_space import make_space
from hagane.tuning.open_study import open_or_make_study, study_path
from hagane.tuning.run_trial import Report, TrialOutcome
from hagane.tuning.run_trials import run_trials
from hagane.tuning.search import Search
from hagane.tuning.study_about import StudyAbout
from hagane.tuning.trial import TrialState
from hagane.workflow.automl_candidate import AutoMlCandidate, TriedModel
from hagane.workflow.automl_trials import AutoMlTrials

PREFIX = "model.options."


def tune_candidate(
    best: AutoMlCandidate, trials: AutoMlTrials, folder: Path, *, num_trials: int, deadline: float, seed: int
) -> list[TriedModel]:
    """At most `num_trials` others of its family, until `deadline` (`time.monotonic`); TPE proposes their options.

    The study lies in `folder`, and begins anew in each process: from the same results it proposes the same options, and
    what an earlier process found of them is not done again.
    """
    dimensions = _dimensions(best)
    if not dimensions or num_trials < 1:
        return []
    tuned: list[TriedModel] = []

    def run(number: int, parameters: Mapping[str, Any], report: Report) -> TrialOutcome:
        if number == 1:  # the candidate itself, which is measured already
            return TrialOutcome(metrics=known.metrics)
        options = {name.removeprefix(PREFIX): value for name, value in parameters.items()}
        candidate = replace(best, name=f"{best.name}, tuned {number - 1}", options=best.options | options)
        tried = trials.run(candidate, deadline)
        if tried.state is not TrialState.SUCCEEDED:
            raise TrainingError(Fault(what=tried.reason))
        tuned.append(tried)
        return TrialOutcome(metrics=tried.metrics, best_iteration=tried.best_iteration)

    known = next(tried for tried in trials.tried if tried.candidate.key == best.key)
    about = StudyAbout(name="automl", space=make_space(dimensions), objectives=(trials.objective,), seed=seed)
    path = study_path(folder, "tuning")
    for earlier in folder.glob(f"{path.name}*"):
        earlier.unlink()
    study = open_or_make_study(path, about)
    with Search(study, num_trials=num_trials + 1, seconds=deadline - time.monotonic()) as search:
        run_trials(search, run)
    return tuned


def _dimensions(best: AutoMlCandidate) -> list[Dimension]:
    """BigQuery ML's or our own ranges of the family, with the candidate's own values as the point of departure."""
    found = []
    for name, dimension in family_space(best.model_type).items():
        default = best.options.get(name, dimension.default)
        found.append(replace(dimension, name=f"{PREFIX}{name}", default=default))
    return found
