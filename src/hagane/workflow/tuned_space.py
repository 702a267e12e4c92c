"""`tuned_space`: the search space of a spec, each dimension starting at what a spec that left it out would have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from hagane.errors import Fault, SpecError
from hagane.models.family import Family
from hagane.models.options import FamilyOptions, default_values, option_types, value_faults
from hagane.spec.spec import Model, Spec
from hagane.spec.tuning import Tuning
from hagane.tuning.dimension import Dimension
from hagane.tuning.make_space import make_space
from hagane.tuning.space import Space
from hagane.workflow.check_declared import declared_options
from hagane.workflow.feature_choices import feature_choices
from hagane.workflow.hyperparameters import TRANSFORM, Hyperparameter, hyperparameters
from hagane.workflow.searched_spec import OPTIONS


def tuned_space(spec: Spec, families: Sequence[Family], *, num_rows: int) -> Space:
    """The space of a `searched_spec`. Raises SpecError with every fault, and where there is nothing to search.

    `num_rows` are those of training: BigQuery ML's default of the batch size depends on them.
    """
    starts = default_starts(spec, families, num_rows=num_rows)
    dimensions = [dimension_of(found, starts.get(found.name)) for found in hyperparameters(spec)]
    if not dimensions:
        raise SpecError(_nothing(families))
    faults = [fault for dimension in dimensions for fault in _option_faults(dimension, families)]
    said = (spec.tuning or Tuning()).parameters
    try:  # hyperparameters have their conditions already
        space = make_space(dimensions, {name: msgspec.structs.replace(more, when={}) for name, more in said.items()})
    except SpecError as error:
        raise SpecError(*faults, *error.faults) from None
    if faults:
        raise SpecError(*faults)
    return space


def dimension_of(found: Hyperparameter, default: Any = None) -> Dimension:
    """A hyperparameter as a dimension that nothing more is said of."""
    low, high, candidates = found.low, found.high, found.candidates
    return Dimension(name=found.name, low=low, high=high, candidates=candidates, default=default, when=found.when)


def default_starts(spec: Spec, families: Sequence[Family], *, num_rows: int) -> dict[str, Any]:
    """Place → the value that a spec has which leaves it out: of families' options, and of sections."""
    starts = dict(_leaves(msgspec.to_builtins(Spec(data="", label="")), ""))
    choices = feature_choices(spec).expressions.items()
    starts |= {f"{TRANSFORM}{name}": expressions[0] for name, expressions in choices}
    bare = msgspec.structs.replace(spec, model=Model())
    for family in reversed(families):
        values = {**default_values(family.Options), **declared_options(bare, family, num_rows=num_rows)}
        starts |= {f"{OPTIONS}{family.name}.{name}": value for name, value in values.items()}
        starts |= {f"{OPTIONS}{name}": value for name, value in values.items()}  # of several the first one's
    return starts


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _leaves(part, f"{place}.{name}" if place else str(name))
    elif value is not None:
        yield place, value


def _option_faults(dimension: Dimension, families: Sequence[Family]) -> Iterator[Fault]:
    """Of an option's range or candidates those that it does not take."""
    if not dimension.name.startswith(OPTIONS):
        return
    faults: list[Fault] = []
    for family in families:
        assert issubclass(family.Options, FamilyOptions)
        name = dimension.name.removeprefix(OPTIONS).removeprefix(f"{family.name}.")
        if name in option_types(family.Options):
            listed = dimension.candidates or dimension.ends
            faults += [fault for value in listed for fault in value_faults(family.Options, {name: value})]
    yield from {fault.received: msgspec.structs.replace(fault, where=dimension.name) for fault in faults}.values()


def _nothing(families: Sequence[Family]) -> Fault:
    return Fault(
        what="there is nothing to search: every literal of the spec is settled",
        where="spec",
        expected="HPARAM_RANGE(low, high) or HPARAM_CANDIDATES([a, b, …]) in the place of a literal, or a family with"
        " a space of its own (tuning.family_space)",
        received=" or ".join(family.name for family in families),
        next_step="write what is to be searched: model: {options: {learn_rate: 'HPARAM_RANGE(0.01, 0.3)'}}",
    )
