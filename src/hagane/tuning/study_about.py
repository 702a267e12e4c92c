"""`StudyAbout`: what a study searches, and for what: written when it begins, and never changed."""

from __future__ import annotations

import datetime

import msgspec

from hagane.spec.tuning import TrialStopping
from hagane.tuning.objective import Objective
from hagane.tuning.space import Space

STUDY_FORMAT = 1


class StudyAbout(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides which trials a study tries, with a JSON round trip."""

    format_version: int = STUDY_FORMAT
    name: str
    spec: str = ""
    """As YAML: what was asked for."""
    searched_spec: str = ""
    """As YAML: with every hyperparameter that is searched written where it stands; a trial's parameters settle it."""
    space: Space
    objectives: tuple[Objective, ...]
    algorithm: str = "tpe"
    stopping: TrialStopping = TrialStopping()
    rungs: tuple[int, ...] = ()
    """Iterations at which trials may be ended before their time."""
    seed: int = 0
    data: str = ""
    """The fingerprint of the rows."""
    releases: str = ""
    """Of what it was begun by."""
    created: datetime.datetime | None = None
    """UTC."""
