"""`searched_spec`: a spec in which everything that is searched stands written, whoever decided on it."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
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


def searched_spec(spec: Spec, families: Sequence[Family]) -> Spec:
    """`spec` with the space of each family written into its options where it names none of them, ends of ranges as the
    options take them, and scales and conditions that hold of themselves among `tuning.parameters`.

    `families` are those that `model.type` names, or the one that it stands for. A trial's parameters settle the spec:
    `hagane train` of it with them gives the trial's model.

    >>> from hagane.models import get_family
    >>> asked = Spec(data="f.csv", label="y", model=Model(type="linear_reg", options={"l1_reg": 0.0}))
    >>> searched_spec(asked, [get_family("linear_reg")]).model.options
    {'l1_reg': 0.0, 'l2_reg': 'HPARAM_RANGE(0.0001, 10000.0)'}
    """
    tuning, given, names = spec.tuning or Tuning(), spec.model.options, [family.name for family in families]
    if len(families) == 1:
        groups = {OPTIONS: _family_options(spec, families[0], given, {})}
        options, type_ = groups[OPTIONS], names[0]
    else:
        shared = {name: _typed(value, _hints(name, families)) for name, value in given.items() if name not in names}
        own = {each.name: _family_options(spec, each, given.get(each.name, {}), shared) for each in families}
        groups = {f"{OPTIONS}{name}.": group for name, group in own.items()}
        options, type_ = {**shared, **{name: group for name, group in own.items() if group}}, spec.model.type
    parameters = dict(tuning.parameters)
    for family, (place, group) in zip(families, groups.items(), strict=True):
        parameters |= _said(parameters, place, group, family_space(family.name, spec.defaults))
    return msgspec.structs.replace(
        spec,
        model=Model(type=type_, options=options),
        tuning=msgspec.structs.replace(tuning, parameters=parameters),
    )


def _family_options(spec: Spec, family: Family, given: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """The options of one family, those `shared` with others apart."""
    options = {name: _typed(value, _hints(name, [family])) for name, value in given.items()}
    takes = [value for name, value in shared.items() if _hints(name, [family])]
    if (spec.tuning or Tuning()).family_space and not any(map(is_open, (*options.values(), *takes))):
        found = family_space(family.name, spec.defaults)
        options |= {name: option_text(each) for name, each in found.items() if name not in {**options, **shared}}
    return options


def _said(
    parameters: Mapping[str, TunedParameter], place: str, options: Mapping[str, Any], known: Mapping[str, Dimension]
) -> dict[str, TunedParameter]:
    """What holds of the open options at `place` by itself."""
    said = {
        place + name: _implied(parameters.get(place + name, TunedParameter()), name, options, known.get(name), place)
        for name, value in options.items()
        if is_open(value)
    }
    return {name: more for name, more in said.items() if more != TunedParameter()}


def _hints(name: str, families: Sequence[Family]) -> list[Any]:
    """The types that the families' options of this name have."""
    found = []
    for family in families:
        assert issubclass(family.Options, FamilyOptions)
        hints = option_types(family.Options)
        found += [hints[name]] if name in hints else []
    return found


def is_open(value: Any) -> bool:
    """Whether an option, or a part of it, is a hyperparameter."""
    if isinstance(value, str):
        return bool(find_hparams(value))
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return any(map(is_open, parts))


def option_text(dimension: Dimension) -> str:
    """A dimension as a spec writes it."""
    return hparam_candidates(dimension.candidates) if dimension.candidates else hparam_range(*dimension.ends)


def _typed(value: Any, hints: Sequence[Any]) -> Any:
    """A range of whole numbers of an option that takes others is one of those, as in BigQuery ML."""
    if not isinstance(value, str):
        return value
    found = find_hparams(value)
    if len(found) != 1 or found[0].low is None or found[0].high is None or not any(map(takes_fractions, hints)):
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


def _implied(
    more: TunedParameter, name: str, options: Mapping[str, Any], known: Dimension | None, place: str
) -> TunedParameter:
    """`more`, with the scale of the family's own space, and with the option without which this one plays no part."""
    has_log = isinstance(options[name], str) and any(
        found.low is not None and (found.low > 0 or (found.low == 0 and isinstance(found.low, float)))
        for found in find_hparams(options[name])
    )
    if more.scale is None and known is not None and known.scale != "linear" and has_log:
        more = msgspec.structs.replace(more, scale=known.scale)
    if not more.when and name in IMPLIED and is_open(options.get(IMPLIED[name][0], "")):
        other, value = IMPLIED[name]
        more = msgspec.structs.replace(more, when={place + other: value})
    return more
