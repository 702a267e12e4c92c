"""`tuned_space`: the search space of a spec, each dimension starting at what a spec that left it out would have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from hagane.errors import Fault, SpecError
from hagane.models.family import Family
from hagane.models.options import FamilyOptions, default_values, value_faults
from hagane.spec.spec import Spec
from hagane.spec.tuning import Tuning
from hagane.tuning.dimension import Dimension
from hagane.tuning.make_space import make_space
from hagane.tuning.space import Space
from hagane.workflow.check_declared import declared_options
from hagane.workflow.hyperparameters import Hyperparameter, hyperparameters
from hagane.workflow.searched_spec import OPTIONS


def tuned_space(spec: Spec, family: Family, *, num_rows: int) -> Space:
    """The space of a `searched_spec`. Raises SpecError with every fault, and where there is nothing to search.

    `num_rows` are those of training: BigQuery ML's default of the batch size depends on them.
    """
    starts = default_starts(spec, family, num_rows=num_rows)
    dimensions = [dimension_of(found, starts.get(found.name)) for found in hyperparameters(spec)]
    if not dimensions:
        raise SpecError(_nothing(family))
    faults = [fault for dimension in dimensions for fault in _option_faults(dimension, family)]
    try:
        space = make_space(dimensions, (spec.tuning or Tuning()).parameters)
    except SpecError as error:
        raise SpecError(*faults, *error.faults) from None
    if faults:
        raise SpecError(*faults)
    return space


def dimension_of(found: Hyperparameter, default: Any = None) -> Dimension:
    """A hyperparameter as a dimension that nothing more is said of."""
    return Dimension(name=found.name, low=found.low, high=found.high, candidates=found.candidates, default=default)


def default_starts(spec: Spec, family: Family, *, num_rows: int) -> dict[str, Any]:
    """Place → the value that a spec has which leaves it out: of the family's options, and of sections."""
    options = msgspec.structs.replace(spec, model=msgspec.structs.replace(spec.model, options={}))
    values = {**default_values(family.Options), **declared_options(options, family, num_rows=num_rows)}
    bare = msgspec.to_builtins(Spec(data="", label=""))
    return {**dict(_leaves(bare, "")), **{OPTIONS + name: value for name, value in values.items()}}


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _leaves(part, f"{place}.{name}" if place else str(name))
    elif value is not None:
        yield place, value


def _option_faults(dimension: Dimension, family: Family) -> Iterator[Fault]:
    """Of an option's range or candidates those that it does not take."""
    name = dimension.name.removeprefix(OPTIONS)
    assert issubclass(family.Options, FamilyOptions)
    if name == dimension.name or name not in default_values(family.Options):
        return
    listed = dimension.candidates or dimension.ends
    faults = [fault for value in listed for fault in value_faults(family.Options, {name: value})]
    yield from {fault.received: msgspec.structs.replace(fault, where=dimension.name) for fault in faults}.values()


def _nothing(family: Family) -> Fault:
    return Fault(
        what="there is nothing to search: every literal of the spec is settled",
        where="spec",
        expected="HPARAM_RANGE(low, high) or HPARAM_CANDIDATES([a, b, …]) in the place of a literal, or a family with"
        " a space of its own (tuning.family_space)",
        received=family.name,
        next_step="write what is to be searched: model: {options: {learn_rate: 'HPARAM_RANGE(0.01, 0.3)'}}",
    )
