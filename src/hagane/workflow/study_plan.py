"""`plan_study`: from a spec to what is searched for what, with the rows looked at and nothing trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from hagane.errors import Fault, SpecError
from hagane.evaluation.evaluation import Kind
from hagane.features.no_label import NoLabel
from hagane.features.several_labels import Labels
from hagane.models import FAMILIES, get_family
from hagane.models.family import Family, Task
from hagane.models.options import default_values
from hagane.progress import Progress
from hagane.spec.check import spec_faults
from hagane.spec.spec import Spec
from hagane.spec.tuning import Tuning
from hagane.sql.hparams import find_hparams
from hagane.tuning.check_search import check_search
from hagane.tuning.make_space import make_space
from hagane.tuning.objective import Objective
from hagane.tuning.objectives import objectives_of
from hagane.tuning.space import Space
from hagane.workflow.check_declared import check_declared, declared_options
from hagane.workflow.check_rows import with_schema
from hagane.workflow.check_search_space import check_search_space, search_space_faults
from hagane.workflow.hyperparameters import hyperparameters, set_hyperparameters
from hagane.workflow.resolve import choose_family
from hagane.workflow.score import asked_of
from hagane.workflow.searched_spec import OPTIONS, searched_spec
from hagane.workflow.shared_rows import SharedRows
from hagane.workflow.tuned_space import dimension_of, tuned_space
from hagane.workflow.tuned_split import with_tuned_split
from hagane.workflow.written_features import with_written_features, without_feature_choices

MANY_ROWS = 1_000_000
MAX_ITERATIONS = "max_iterations"


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """What a study will do."""

    declared: Spec
    searched: Spec
    """With every hyperparameter written where it stands (`searched_spec`), and with `tuning`."""
    families: tuple[Family, ...]
    space: Space
    objectives: tuple[Objective, ...]
    fingerprint: str
    """Of the rows."""

    @property
    def tuning(self) -> Tuning:
        """How it is searched."""
        assert self.searched.tuning is not None
        return self.searched.tuning

    def most_iterations(self, parameters: Mapping[str, Any]) -> int | None:
        """The most that a trial of these parameters' family may have, whatever it has itself; None: no such number."""
        family = next((each for each in self.families if each.name == parameters.get("model.type")), self.families[0])
        for place in (f"{OPTIONS}{family.name}.{MAX_ITERATIONS}", OPTIONS + MAX_ITERATIONS):
            if place in self.space.names:
                dimension = self.space[place]
                return int(max(dimension.candidates) if dimension.candidates else dimension.ends[1])
        given = {**self.searched.model.options, **(self.searched.model.options.get(family.name) or {})}
        bare = msgspec.structs.replace(self.searched, model=msgspec.structs.replace(self.searched.model, options={}))
        values = {**default_values(family.Options), **declared_options(bare, family, num_rows=MANY_ROWS), **given}
        found = values.get(MAX_ITERATIONS)
        return found if isinstance(found, int) else None


def plan_study(spec: Spec, shared: SharedRows, progress: Progress) -> StudyPlan:
    """Check everything that can be checked before a trial, and read, divide and measure the rows.

    Raises SpecError with every fault of the spec or of its space, DataError where rows cannot be read.
    """
    spec = with_tuned_split(spec if spec.tuning is not None else msgspec.structs.replace(spec, tuning=Tuning()))
    bare = without_feature_choices(spec)
    if faults := [*search_space_faults(bare), *spec_faults(spec)]:
        raise SpecError(*faults, *_faults_beside(bare, faults))
    named = _named_families(spec)
    draft = _draft(bare, named if bare is spec else ())
    check_declared(draft)
    rows = shared.divided(*with_schema(draft), progress)
    labelled, statistics = rows.labelled, rows.statistics
    families = named or (choose_family(labelled.spec, labelled.table.schema, statistics),)
    if bare is not spec:
        spec = with_written_features(spec, rows, families)
        check_search_space(spec)
    searched = searched_spec(spec, families)
    space = tuned_space(searched, families, num_rows=statistics.num_rows)
    label = shared.label(rows, families[0].task.value)
    settled = set_hyperparameters(searched, space.default_point())
    check_declared(settled)
    assert spec.tuning is not None
    objectives = _objectives(spec.tuning, families[0], label, settled)
    check_search(spec.tuning.algorithm, space, objectives)
    tuning = msgspec.structs.replace(
        searched.tuning or Tuning(), objectives=tuple(objective.metric for objective in objectives)
    )
    searched = msgspec.structs.replace(searched, tuning=tuning)
    return StudyPlan(spec, searched, families, space, objectives, labelled.table.fingerprint())


def _faults_beside(spec: Spec, known: Sequence[Fault]) -> list[Fault]:
    """What else is wrong with a spec whose `known` faults hide how it would be settled: looked at without these."""
    found: list[Fault] = []
    while True:
        rest = _without(spec, {fault.where for fault in (*known, *found)})
        more = [fault for fault in _draft_faults(rest) if fault not in found]
        if not more:
            return found
        found += more


def _without(spec: Spec, places: set[str]) -> Spec:
    """The spec without the features and options at these places, and without a search."""
    transform = {name: sql for name, sql in (spec.transform or {}).items() if f"transform.{name}" not in places}
    options = {name: value for name, value in spec.model.options.items() if OPTIONS + name not in places}
    return replace(spec, transform=transform or None, model=replace(spec.model, options=options), tuning=Tuning())


def _draft_faults(spec: Spec) -> tuple[Fault, ...]:
    try:
        if not search_space_faults(spec):
            check_declared(_draft(spec, _named_families(spec)))
    except SpecError as error:
        return error.faults
    return ()


def _named_families(spec: Spec) -> tuple[Family, ...]:
    """Those that the spec names; none where it leaves them to the label. Raises SpecError for every one unknown."""
    if spec.model.type == "auto":
        return ()
    open_types = find_hparams(spec.model.type)
    names = [str(name) for found in open_types for name in found.candidates] or [spec.model.type]
    faults = [fault for name in names for fault in _family_faults(name)]
    if faults:
        raise SpecError(*faults)
    return tuple(map(get_family, names))


def _family_faults(name: str) -> tuple[Any, ...]:
    if name in FAMILIES:
        return ()
    try:
        get_family(name)
    except SpecError as error:
        return error.faults
    return ()


def _draft(spec: Spec, families: tuple[Family, ...]) -> Spec:
    """The spec at a point of its space, by which rows are read and the family is chosen."""
    if families:
        searched = searched_spec(spec, families)
        return set_hyperparameters(searched, tuned_space(searched, families, num_rows=MANY_ROWS).default_point())
    point = make_space([dimension_of(found) for found in hyperparameters(spec)]).default_point()
    return set_hyperparameters(spec, point)


def _objectives(tuning: Tuning, family: Family, label: Labels, settled: Spec) -> tuple[Objective, ...]:
    asked = asked_of(settled.model)
    return objectives_of(tuning.objectives, kind_of(family, label), default=asked.name if asked else None)


def kind_of(family: Family, label: Labels) -> Kind:
    """Which metrics a label has; without one, what the family does with rows."""
    if isinstance(label, NoLabel):
        return label.task
    if family.task is Task.CLASSIFICATION:
        return "multi_label" if label.width > 1 else "binary" if label.num_classes == 2 else "multiclass"
    return "multivariate" if label.width > 1 else "regression"
