"""`fix_hyperparameters`: a spec some of whose hyperparameters are decided, while the others stay open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from hagane.errors import Fault, SpecError, nearest
from hagane.spec.open_value import OpenValue, map_open
from hagane.spec.spec import Spec
from hagane.spec.tuning import Tuning
from hagane.spec.value_text import value_text
from hagane.sql.hparams import find_hparams, frozen, hparam_candidates
from hagane.workflow.feature_choices import ALL, cross_name, feature_choices
from hagane.workflow.hyperparameters import OPTIONS, RULES, TRANSFORM, Hyperparameter, hyperparameters


def fix_hyperparameters(spec: Spec, values: Mapping[str, Any]) -> Spec:
    """The spec with one candidate left for each of the named hyperparameters, so that names and conditions stay.

    A choice between a feature's expressions is made. Raises SpecError: unknown, or outside its space.

    >>> spec = Spec(data="f.csv", label="y", transform={"h": "ML.HASH_BUCKETIZE(s, HPARAM_RANGE(2, 9))"})
    >>> fix_hyperparameters(spec, {"transform.h": 4}).transform
    {'h': 'ML.HASH_BUCKETIZE(s, HPARAM_CANDIDATES([4]))'}
    """
    if not values:
        return spec
    found = {each.name: each for each in hyperparameters(spec)}
    given = {name: frozen(value) for name, value in values.items()}
    faults = [fault for name, value in given.items() if (fault := _fault(name, value, found)) is not None]
    if faults:
        raise SpecError(*faults)
    choices = {name.removeprefix(TRANSFORM): value for name, value in given.items() if _is_choice(name, spec)}
    spec = _chosen(spec, choices)
    return _fixed(spec, {name: value for name, value in given.items() if not _is_choice(name, spec)})


def _fault(name: str, value: Any, found: Mapping[str, Hyperparameter]) -> Fault | None:
    if name not in found:
        return Fault(
            what=f"the spec has no hyperparameter {name!r}",
            expected="one of " + ", ".join(found) if found else "no values: every literal of the spec is settled",
            nearest=nearest(name, list(found)),
            next_step=_step(name, value),
        )
    if _admits(found[name], value):
        return None
    what = f"the hyperparameter {name} cannot have this value"
    return Fault(what=what, where=name, expected=str(found[name]).partition(": ")[2], received=value_text(value))


def _step(name: str, value: Any) -> str:
    """Of an option that the spec does not leave open: how it is given."""
    option = name.removeprefix(f"{OPTIONS}.")
    return f"give the option itself: --option {option}={value}" if option != name and "." not in option else ""


def _admits(space: Hyperparameter, value: Any) -> bool:
    if space.candidates:
        return any(
            frozen(one) == value and isinstance(one, bool) == isinstance(value, bool) for one in space.candidates
        )
    if isinstance(value, bool) or not isinstance(value, int | float) or space.low is None or space.high is None:
        return False
    is_whole = isinstance(space.low, int) and isinstance(space.high, int)
    return space.low <= value <= space.high and (not is_whole or isinstance(value, int))


def _is_choice(name: str, spec: Spec) -> bool:
    return name.startswith(TRANSFORM) and name.removeprefix(TRANSFORM) in feature_choices(spec).expressions


def _chosen(spec: Spec, choices: Mapping[str, Any]) -> Spec:
    """The spec in which features have the chosen expressions, and are not chosen any more."""
    if not choices:
        return spec
    written, tuning = dict(spec.transform or {}), spec.tuning or Tuning()
    faults = [_has_open_parts(name) for name in choices
              if any(find_hparams(each or "") for each in feature_choices(spec).expressions[name])]  # fmt: skip
    if faults:
        raise SpecError(*faults)
    optional = tuple(written) if ALL in tuning.optional else tuning.optional
    for name, expression in choices.items():
        written.pop(name, None) if expression is None else written.update({name: expression})
    kept = replace(
        tuning,
        features={name: each for name, each in tuning.features.items() if name not in choices},
        optional=tuple(name for name in optional if name not in choices),
        crosses=tuple(fields for fields in tuning.crosses if cross_name(fields) not in choices),
    )
    return replace(spec, transform={name: written[name] for name in written}, tuning=kept)


def _has_open_parts(name: str) -> Fault:
    return Fault(
        what=f"a candidate of the feature '{name}' has hyperparameters of its own",
        where=f"tuning.features.{name}",
        next_step="write the chosen expression into transform instead",
    )


def _fixed(spec: Spec, values: Mapping[str, Any]) -> Spec:
    """The spec with one candidate in the place of each hyperparameter that has a value."""
    transform = spec.transform and {
        name: _filled(sql, f"{TRANSFORM}{name}", values) for name, sql in spec.transform.items()
    }
    outliers = spec.outliers and replace(
        spec.outliers, rules={name: _filled(sql, f"{RULES}{name}", values) for name, sql in spec.outliers.rules.items()}
    )
    options = {name: _option(f"{OPTIONS}.{name}", value, values) for name, value in spec.model.options.items()}
    model = replace(spec.model, type=_filled(spec.model.type, "model.type", values), options=options)
    fixed = replace(spec, model=model, transform=transform, outliers=outliers)
    return map_open(fixed, lambda place, value: _open(value, values[place]) if place in values else value)


def _filled(sql: str, place: str, values: Mapping[str, Any]) -> str:
    """The text with what is decided in it; the second of a place is called `place[1]`."""
    parts, at = [], 0
    for index, hparam in enumerate(find_hparams(sql)):
        name = place if index == 0 else f"{place}[{index}]"
        parts.append(sql[at : hparam.start])
        parts.append(hparam_candidates([values[name]]) if name in values else sql[hparam.start : hparam.end])
        at = hparam.end
    return "".join([*parts, sql[at:]])


def _option(place: str, value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return hparam_candidates([values[place]]) if place in values else value
    if isinstance(value, Mapping):
        return {name: _option(f"{place}.{name}", part, values) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_option(f"{place}[{index}]", part, values) for index, part in enumerate(value))
    return value


def _open(value: OpenValue, chosen: Any) -> OpenValue:
    return OpenValue(hparam_candidates([chosen]), (value.typed(chosen),))
