"""Options of the ensemble families: which models there are, what each sees, and how their answers become one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from hagane.errors import Fault, SpecError
from hagane.features.feature import Feature
from hagane.models import family_options, get_family
from hagane.models.family import Family, Task
from hagane.models.member_faults import moved_faults
from hagane.models.member_features import member_features
from hagane.models.options import PLACE, FamilyOptions, OptionPart
from hagane.spec.spec import Training

PREFIX = "ensemble_"


class Member(OptionPart, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model of an ensemble."""

    type: str
    """A family that predicts what the ensemble predicts; no ensemble."""
    options: dict[str, Any] = msgspec.field(default_factory=dict)
    """Its family's."""
    features: tuple[str, ...] | None = None
    """Those of the transform that it sees. null: all of them; without a transform, those that suit its family."""
    weight: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    """Its say in method `average`, relative to the others'. 0: it is left out, whatever the method."""
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**32)] | None = None
    """null: `training.seed`."""

    @classmethod
    def deep_faults(cls, values: Mapping[str, Any], place: str) -> Sequence[Fault]:
        """What its family says of its options; a family that there is not."""
        if "type" not in values:
            return ()
        try:
            family_options(_single_family(values["type"]), values.get("options", {}))
        except SpecError as error:
            return moved_faults(error.faults, place)
        return ()

    @property
    def family(self) -> Family:
        """What `type` names."""
        return get_family(self.type.lower())

    @property
    def own_options(self) -> FamilyOptions:
        """Its family's options with all their defaults."""
        return family_options(self.family, self.options)


class EnsembleOptions(FamilyOptions, frozen=True, kw_only=True):
    """Options of both ensemble families; every option of a member is written out in `members`."""

    task: ClassVar[Task]
    """What every member must predict."""

    members: tuple[Member, ...] = ()
    """The models, one or several; where nothing is said boosted trees, a forest and a network."""
    method: Literal["average", "greedy", "stack"] = "average"
    """`average`: the mean of the members' answers, weighted as they say; `greedy`: weighted by greedy selection on rows
    held out; `stack`: a linear model over their answers, fitted on rows held out."""
    folds: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    """From 2 on: each member is so many models, each fitted without a fold of the training rows, which watches it and
    is held out. 0: one model each, the eval rows watch it and are held out."""

    def __post_init__(self) -> None:
        super().__post_init__()
        msgspec.structs.force_setattr(self, "members", tuple(map(_settled, self.members)))

    @property
    def kept(self) -> tuple[tuple[int, Member], ...]:
        """The members that have a say, each with its number."""
        return tuple((number, member) for number, member in enumerate(self.members) if member.weight > 0)

    def cross_faults(self) -> Sequence[Fault]:
        """Members that predict something else, or none."""
        return tuple(self._member_faults())

    def _member_faults(self) -> Iterator[Fault]:
        if self.folds == 1:
            yield Fault(what="one fold has no other rows to train on", where=f"{PLACE}.folds", received="1",
                        expected="0, or at least 2")  # fmt: skip
        if not self.kept:
            received = "no member" if not self.members else "weights that are all 0"
            yield Fault(what="an ensemble needs a member with a say", where=f"{PLACE}.members", received=received,
                        expected="at least one member whose weight is not 0")  # fmt: skip
        for number, member in enumerate(self.members):
            if _single_family(member.type).task is not self.task:
                what = f"{member.type} predicts {_predicted(member.family.task)}, this ensemble {_predicted(self.task)}"
                other = _sibling(member.type, self.task)
                yield Fault(what=what, where=f"{place_of(number)}.type", received=member.type, nearest=other)
            for name in {name for name in member.features or () if (member.features or ()).count(name) > 1}:
                yield Fault(what=f"the feature {name!r} is named twice", where=f"{place_of(number)}.features")
            if member.features == ():
                yield Fault(what="a member needs at least one feature", where=f"{place_of(number)}.features",
                            expected="names of features, or null for all")  # fmt: skip

    def training_faults(self, training: Training) -> Sequence[Fault]:
        """What each member's family says of how rows are weighed; an earlier model to begin with."""
        earlier = [] if training.warm_start is None else [_warm_start_fault()]
        return earlier + [
            fault
            for number, member in enumerate(self.members)
            for fault in moved_faults(member.own_options.training_faults(training), place_of(number))
        ]

    def feature_faults(self, features: Sequence[Feature], num_classes: int, num_labels: int = 1) -> Sequence[Fault]:
        """What each member says of its features; names that are no features."""
        found: list[Fault] = []
        for number, member in enumerate(self.members):
            try:
                own = member_features(member.features, features)
            except SpecError as error:
                found += moved_faults(error.faults, place_of(number))
                continue
            found += moved_faults(member.own_options.feature_faults(own, num_classes, num_labels), place_of(number))
        return found

    def code(self) -> bytes:
        """The sources of the members' own classes."""
        return b"\0".join(member.own_options.code() for member in self.members)


class EnsembleClassifierOptions(EnsembleOptions, frozen=True, kw_only=True):
    """Options of ensemble_classifier."""

    task: ClassVar[Task] = Task.CLASSIFICATION

    members: tuple[Member, ...] = (
        Member(type="boosted_tree_classifier"),
        Member(type="random_forest_classifier"),
        Member(type="dnn_classifier"),
    )


class EnsembleRegressorOptions(EnsembleOptions, frozen=True, kw_only=True):
    """Options of ensemble_regressor."""

    task: ClassVar[Task] = Task.REGRESSION

    members: tuple[Member, ...] = (
        Member(type="boosted_tree_regressor"),
        Member(type="random_forest_regressor"),
        Member(type="dnn_regressor"),
    )


def place_of(number: int) -> str:
    """Where a member stands in the spec.

    >>> place_of(1)
    'model.options.members[1]'
    """
    return f"{PLACE}.members[{number}]"


def _warm_start_fault() -> Fault:
    what, step = "an ensemble cannot begin with an earlier model", "remove training.warm_start, or train one member"
    return Fault(what=what, where="training.warm_start", next_step=step)


def _settled(member: Member) -> Member:
    """With every option of its family."""
    return msgspec.structs.replace(member, type=member.type.lower(), options=msgspec.to_builtins(member.own_options))


def _single_family(name: str) -> Family:
    """The family of a member. Raises SpecError for none, and for an ensemble."""
    family = get_family(name.lower())
    if family.name.startswith(PREFIX):
        what, step = "an ensemble cannot be a member of an ensemble", "name its members here instead"
        raise SpecError(Fault(what=what, where="model.type", received=name, next_step=step))
    return family


def _predicted(task: Task) -> str:
    return "classes" if task is Task.CLASSIFICATION else "a number"


def _sibling(name: str, task: Task) -> str:
    """The same kind of model for the other task."""
    if name in ("linear_reg", "logistic_reg"):
        return "logistic_reg" if task is Task.CLASSIFICATION else "linear_reg"
    return f"{name.rpartition('_')[0]}_{'classifier' if task is Task.CLASSIFICATION else 'regressor'}"
