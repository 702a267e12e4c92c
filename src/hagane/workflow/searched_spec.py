"""`searched_spec`: a spec in which everything that is searched stands written, whoever decided on it."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from hagane.models.family import Family
from hagane.models.options import FamilyOptions, option_types
from hagane.spec.spec import Model, Spec
from hagane.spec.tuning import TunedParameter, Tuning
from hagane.sql.hparams import find_hparams, hparam_candidates, hparam_range
from hagane.tuning.dimension import Dimension
from hagane.tuning.family_space import IMPLIED, family_space

OPTIONS = "model.options."


def searched_spec(spec: Spec, family: Family) -> Spec:
    """`spec` with its family named, the family's own space written into its options where it names none of them, ends
    of ranges as the options take them, and scales and conditions that hold of themselves among `tuning.parameters`.

    A trial's parameters settle it: `hagane train` of it with them gives the trial's model.

    >>> from hagane.models import get_family
    >>> asked = Spec(data="f.csv", label="y", model=Model(type="linear_reg", options={"l1_reg": 0.0}))
    >>> searched_spec(asked, get_family("linear_reg")).model.options
    {'l1_reg': 0.0, 'l2_reg': 'HPARAM_RANGE(0.0001, 10000.0)'}
    """
    tuning = spec.tuning or Tuning()
    assert issubclass(family.Options, FamilyOptions)
    options = {
        name: _typed(value, option_types(family.Options).get(name)) for name, value in spec.model.options.items()
    }
    known: dict[str, Dimension] = family_space(family.name, spec.defaults)
    if tuning.family_space and not any(is_open(value) for value in options.values()):
        options |= {name: option_text(found) for name, found in known.items() if name not in options}
    parameters = dict(tuning.parameters)
    for name, value in options.items():
        if is_open(value):
            more = parameters.get(OPTIONS + name, TunedParameter())
            said = _implied(more, name, options, known.get(name))
            if said != TunedParameter():
                parameters[OPTIONS + name] = said
    return msgspec.structs.replace(
        spec,
        model=Model(type=family.name, options=options),
        tuning=msgspec.structs.replace(tuning, parameters=parameters),
    )


def is_open(value: Any) -> bool:
    """Whether an option, or a part of it, is a hyperparameter."""
    if isinstance(value, str):
        return bool(find_hparams(value))
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return any(map(is_open, parts))


def option_text(dimension: Dimension) -> str:
    """A dimension as a spec writes it."""
    return hparam_candidates(dimension.candidates) if dimension.candidates else hparam_range(*dimension.ends)


def _typed(value: Any, hint: Any) -> Any:
    """A range of whole numbers of an option that takes others is one of those, as in BigQuery ML."""
    if not isinstance(value, str) or hint is None:
        return value
    found = find_hparams(value)
    if len(found) != 1 or found[0].low is None or found[0].high is None or not takes_fractions(hint):
        return value
    return hparam_range(float(found[0].low), float(found[0].high))


def takes_fractions(hint: Any) -> bool:
    """Whether an option of this type is a number that need not be whole.

    >>> takes_fractions(Annotated[float, msgspec.Meta(ge=0)] | None), takes_fractions(int | None)
    (True, False)
    """
    if get_origin(hint) is Annotated:
        return takes_fractions(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return any(map(takes_fractions, get_args(hint)))
    return hint is float


def _implied(more: TunedParameter, name: str, options: Mapping[str, Any], known: Dimension | None) -> TunedParameter:
    """`more`, with the scale of the family's own space, and with the option without which this one plays no part."""
    is_range = isinstance(options[name], str) and any(found.low is not None for found in find_hparams(options[name]))
    if more.scale is None and known is not None and known.scale != "linear" and is_range:
        more = msgspec.structs.replace(more, scale=known.scale)
    if not more.when and name in IMPLIED and is_open(options.get(IMPLIED[name][0], "")):
        other, value = IMPLIED[name]
        more = msgspec.structs.replace(more, when={OPTIONS + other: value})
    return more
