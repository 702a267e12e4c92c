"""The hyperparameters of a spec: every literal of it that is left open, wherever it stands, and what its `tuning` adds.

A feature with several candidates is one, too (`feature_choices`). Of such a choice, and of `model.type`, others depend:
the literals of a candidate, the options of one family (`family_groups`), and what `tuning.parameters` says.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from hagane.errors import ExpressionError, Fault, SpecError, nearest
from hagane.spec.open_value import map_open, open_values
from hagane.spec.spec import Spec
from hagane.spec.value_text import value_text
from hagane.sql.hparams import Hparam, TypedText, Value, fill_hparams, find_hparams, frozen
from hagane.workflow.family_groups import family_groups, options_of_family
from hagane.workflow.feature_choices import feature_choices

RULES, TRANSFORM = "outliers.rules.", "transform."
OPTIONS = "model.options"
LEFT_OUT = object()
"""The value of an option that plays no part."""

When = tuple[tuple[str, tuple[Any, ...]], ...]


class Hyperparameter(msgspec.Struct, frozen=True, kw_only=True):
    """A literal to be chosen: between `low` and `high`, or out of `candidates`."""

    name: str
    """Where it stands: `model.options.max_depth`, `transform.hour`; `transform.hour[1]` is the second of a feature."""
    low: int | float | None = None
    high: int | float | None = None
    candidates: tuple[Any, ...] = ()
    when: When = ()
    """Other hyperparameters, each with the values with which this one plays a part."""
    value: Any = None
    """What was chosen, once it was."""

    def __str__(self) -> str:
        listed = ", ".join(map(repr, self.candidates))
        return f"{self.name}: " + (listed if self.candidates else f"{self.low} to {self.high}")


def hyperparameters(spec: Spec) -> tuple[Hyperparameter, ...]:
    """Every hyperparameter of the spec, in its order. Raises SpecError with every fault.

    >>> spec = Spec(data="f.csv", label="y", transform={"h": "ML.HASH_BUCKETIZE(s, HPARAM_RANGE(2, 9))"})
    >>> [str(found) for found in hyperparameters(spec)]
    ['transform.h: 2 to 9']
    """
    hparams, when = _find(spec)
    return tuple(
        Hyperparameter(
            name=name,
            low=found.low,
            high=found.high,
            candidates=tuple(map(_plain, found.candidates)),
            when=when.get(name, ()),
        )
        for name, found in hparams.items()
    )


def chosen_hyperparameters(spec: Spec, values: Mapping[str, Any]) -> tuple[Hyperparameter, ...]:
    """Those hyperparameters of the spec that play a part, each with its value: what was searched, and what was found.

    >>> spec = Spec(data="f.csv", label="y", transform={"h": "ML.HASH_BUCKETIZE(s, HPARAM_RANGE(2, 9))"})
    >>> chosen_hyperparameters(spec, {"transform.h": 4})[0].value
    4
    """
    return tuple(
        msgspec.structs.replace(found, value=_plain(_frozen(values[found.name])))
        for found in hyperparameters(spec)
        if found.name in values
    )


def set_hyperparameters(spec: Spec, values: Mapping[str, Any]) -> Spec:
    """The spec with a literal for each hyperparameter, and nothing more to tune.

    Raises SpecError: unknown, missing, outside its space, or of no part with the values of others.

    >>> spec = Spec(data="f.csv", label="y", transform={"h": "ML.HASH_BUCKETIZE(s, HPARAM_RANGE(2, 9))"})
    >>> set_hyperparameters(spec, {"transform.h": 4}).transform
    {'h': 'ML.HASH_BUCKETIZE(s, 4)'}
    """
    space = _find(spec)
    found = space.hparams
    given = {name: _frozen(value) for name, value in values.items()}
    given |= {name: hparam.chosen(given[name]) for name, hparam in found.items() if name in given}
    active = _active(space, given)
    faults = [_unknown(name, found) for name in given if name not in found]
    faults += [_missing(name, hparam) for name, hparam in found.items() if name not in given and name in active]
    faults += [_outside(name, found[name], given[name]) for name in given
               if name in active and not found[name].admits(given[name])]  # fmt: skip
    faults += [_of_no_part(name, space.when[name]) for name in given if name in found and name not in active]
    if faults:
        raise SpecError(*faults)
    return msgspec.structs.replace(_filled(spec, given) if found else spec, tuning=None)


class _Space(NamedTuple):
    """What is to be chosen."""

    hparams: dict[str, Hparam]
    when: dict[str, When]


def _active(space: _Space, given: Mapping[str, Any]) -> set[str]:
    """The hyperparameters that play a part with these values; those of which that cannot be told for want of others
    play none."""
    active: set[str] = set()
    waiting = dict(space.hparams)
    while now := {name for name in waiting if _plays(space.when.get(name, ()), active, given)}:
        active |= now
        waiting = {name: hparam for name, hparam in waiting.items() if name not in now}
    return active


def _plays(when: When, active: set[str], given: Mapping[str, Any]) -> bool:
    return all(name in active and name in given and given[name] in map(_frozen, values) for name, values in when)


def _texts(spec: Spec) -> dict[str, str]:
    """Every text of the spec in which a hyperparameter may stand, by its place."""
    texts = {"model.type": spec.model.type}
    texts |= _option_texts(OPTIONS, spec.model.options)
    texts |= {place: value.text for place, value in open_values(spec).items()}
    if spec.outliers is not None:
        texts |= {f"{RULES}{name}": sql for name, sql in spec.outliers.rules.items()}
    return texts | {f"{TRANSFORM}{name}": sql for name, sql in (spec.transform or {}).items()}


def _option_texts(place: str, value: Any) -> dict[str, str]:
    """The texts in an option, those in its lists too: `model.options.hidden_units[1]`."""
    if isinstance(value, str):
        return {place: value}
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list | tuple) else ()
    named = ((f"{place}.{key}" if isinstance(value, Mapping) else f"{place}[{key}]", part) for key, part in parts)
    return {name: text for each, part in named for name, text in _option_texts(each, part).items()}


def _find(spec: Spec) -> _Space:
    found: dict[str, Hparam] = {}
    choices, wrong = feature_choices(spec)
    when: dict[str, When] = {}
    faults = list(wrong)
    for place, text in _texts(spec).items():
        if place.removeprefix(TRANSFORM) in choices and place.startswith(TRANSFORM):
            continue
        hparams = _hparams(text, place, faults)
        if hparams and not place.startswith((TRANSFORM, RULES)) and not _is_whole(text, hparams):
            faults.append(Fault(what="an option is a hyperparameter or it is not", where=place, received=text,
                                expected="HPARAM_RANGE(…) or HPARAM_CANDIDATES(…) alone"))  # fmt: skip
        named = {place if i == 0 else f"{place}[{i}]": hparam for i, hparam in enumerate(hparams)}
        faults += [_ambiguous(name) for name in named if name in found]
        found |= named
    for feature, expressions in choices.items():
        named, parts = _of_choice(f"{TRANSFORM}{feature}", expressions, faults)
        faults += [_ambiguous(name) for name in named if name in found]
        found |= named
        when |= parts
    faults += _add_conditions(spec, found, when)
    if faults:
        raise SpecError(*faults)
    return _Space(found, when)


def _hparams(text: str, place: str, faults: list[Fault]) -> tuple[Hparam, ...]:
    try:
        return find_hparams(text, where=place)
    except ExpressionError as error:
        faults += error.faults
        return ()


def _of_choice(
    place: str, expressions: tuple[str | None, ...], faults: list[Fault]
) -> tuple[dict[str, Hparam], dict[str, When]]:
    """The choice between expressions, and behind it, `[1]` and so on, what is open in each of them."""
    found, when = {place: Hparam(0, 0, candidates=expressions)}, dict[str, When]()
    for expression in expressions:
        for hparam in _hparams(expression or "", place, faults):
            name = f"{place}[{len(found)}]"
            found[name], when[name] = hparam, ((place, (expression,)),)
    return found, when


def _add_conditions(spec: Spec, found: Mapping[str, Hparam], when: dict[str, When]) -> list[Fault]:
    """Those of families' own options, and those that the spec says itself."""
    for family in family_groups(spec.model):
        for name in found:
            if name.startswith(f"{OPTIONS}.{family}."):
                when[name] = (("model.type", (family,)),)
    faults = []
    for name, more in (spec.tuning.parameters if spec.tuning else {}).items():
        if name not in found or not more.when:  # what is no hyperparameter is told where the space is made
            continue
        faults += [_unknown(other, found) for other in more.when if other not in found]
        if not name.startswith(f"{OPTIONS}."):
            faults.append(_cannot_depend(name))
        said = (
            (other, tuple(value) if isinstance(value, list | tuple) else (value,)) for other, value in more.when.items()
        )
        when[name] = (*when.get(name, ()), *said)
    return faults


def _is_whole(text: str, hparams: tuple[Hparam, ...]) -> bool:
    stripped = text.strip()
    return len(hparams) == 1 and hparams[0].end - hparams[0].start == len(stripped)


def _filled(spec: Spec, values: Mapping[str, Value]) -> Spec:
    type_ = str(values.get("model.type", spec.model.type))
    chosen = options_of_family(spec.model.options, type_, groups) if (groups := family_groups(spec.model)) else None
    places = {name: f"{OPTIONS}.{type_}.{name}" for name in spec.model.options.get(type_, ())} if groups else {}
    options = {
        name: filled
        for name, value in (spec.model.options if chosen is None else chosen).items()
        if (filled := _filled_option(places.get(name, f"{OPTIONS}.{name}"), value, values)) is not LEFT_OUT
    }
    model = msgspec.structs.replace(spec.model, type=type_, options=options)
    outliers = spec.outliers and msgspec.structs.replace(
        spec.outliers, rules={name: _fill(sql, f"{RULES}{name}", values) for name, sql in spec.outliers.rules.items()}
    )
    filled = msgspec.structs.replace(spec, model=model, transform=_filled_transform(spec, values), outliers=outliers)
    return map_open(filled, lambda place, value: value.typed(values[place]))


def _filled_transform(spec: Spec, values: Mapping[str, Value]) -> dict[str, str] | None:
    """The features with what was chosen; new ones come last. Raises SpecError where none is left."""
    if spec.transform is None:
        return None
    choices = feature_choices(spec).expressions
    written: dict[str, str] = {}
    for name, sql in (
        spec.transform | dict.fromkeys((name for name in choices if name not in spec.transform), "")
    ).items():
        place = f"{TRANSFORM}{name}"
        if name not in choices:
            written[name] = _fill(sql, place, values)
        elif (chosen := values[place]) is not None:
            written[name] = _fill_candidate(choices[name], str(chosen), place, values)
    if spec.transform and not written:
        raise SpecError(Fault(what="every feature is left out", where="transform", next_step="keep one at least"))
    return written


def _fill_candidate(expressions: tuple[str | None, ...], chosen: str, place: str, values: Mapping[str, Value]) -> str:
    """The chosen expression, its own literals counted behind those of the candidates before it."""
    before = sum(len(find_hparams(each or "")) for each in expressions[: expressions.index(chosen)])
    count = len(find_hparams(chosen))
    return fill_hparams(chosen, [values[f"{place}[{before + i + 1}]"] for i in range(count)])


def _filled_option(place: str, value: Any, values: Mapping[str, Value]) -> Any:
    if isinstance(value, str):
        if place in values:
            return _option(values[place])
        return LEFT_OUT if find_hparams(value) else value
    if isinstance(value, Mapping):
        parts = {name: _filled_option(f"{place}.{name}", part, values) for name, part in value.items()}
        return {name: part for name, part in parts.items() if part is not LEFT_OUT}
    if isinstance(value, list | tuple):
        items = (_filled_option(f"{place}[{index}]", part, values) for index, part in enumerate(value))
        return type(value)(item for item in items if item is not LEFT_OUT)
    return value


def _fill(sql: str, place: str, values: Mapping[str, Value]) -> str:
    count = len(find_hparams(sql))
    return fill_hparams(sql, [values[place if i == 0 else f"{place}[{i}]"] for i in range(count)])


def _option(value: Value) -> Any:
    """As YAML would give it: lists, not tuples."""
    return [_option(part) for part in value] if isinstance(value, tuple) else value


def _plain(value: Any) -> Any:
    """As JSON has it: the text of a typed literal."""
    return str(value) if isinstance(value, TypedText) else value


def _frozen(value: Any) -> Any:
    plain = frozen(value)
    if isinstance(plain, datetime.date):
        return str(plain)
    return tuple(map(_frozen, plain)) if isinstance(plain, tuple) else plain


def _unknown(name: str, found: Mapping[str, Hparam]) -> Fault:
    return Fault(
        what=f"the spec has no hyperparameter {name!r}",
        expected="one of " + ", ".join(found) if found else "no values: every literal of the spec is settled",
        nearest=nearest(name, list(found)),
    )


def _ambiguous(name: str) -> Fault:
    return Fault(
        what=f"two hyperparameters are called {name}",
        where=name,
        next_step="rename the feature, rule or class whose name ends in a number in brackets",
    )


def _missing(name: str, hparam: Hparam) -> Fault:
    return Fault(
        what=f"the hyperparameter {name} has no value",
        where=name,
        expected=_space(hparam),
        next_step=f"give one: --hparam {name}=…, or hparams={{{name!r}: …}} in Python",
    )


def _of_no_part(name: str, when: When) -> Fault:
    conditions = " and ".join(
        f"{other} is {' or '.join(value_text(value) for value in values)}" for other, values in when
    )
    return Fault(what=f"the hyperparameter {name} plays no part with the other values", where=name,
                 expected=f"no value, unless {conditions}")  # fmt: skip


def _cannot_depend(name: str) -> Fault:
    return Fault(
        what=f"{name} cannot depend on another hyperparameter: a spec without it says something else",
        where=f"tuning.parameters.{name}.when",
        expected="an option of the model (model.options.…), which has a default",
        next_step="give the feature candidates, tuning.features: what is open in one plays a part with it alone",
    )


def _outside(name: str, hparam: Hparam, value: Value) -> Fault:
    return Fault(what=f"the hyperparameter {name} cannot have this value", where=name, expected=_space(hparam),
                 received=value_text(value))  # fmt: skip


def _space(hparam: Hparam) -> str:
    if hparam.candidates:
        return "one of " + ", ".join(repr(_option(value)) for value in hparam.candidates)
    whole = "a whole number " if isinstance(hparam.low, int) and isinstance(hparam.high, int) else "a number "
    return f"{whole}from {hparam.low} to {hparam.high}"
