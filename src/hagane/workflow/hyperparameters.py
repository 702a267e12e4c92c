"""The hyperparameters of a spec: every literal of it that is left open, wherever it stands."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import msgspec

from hagane.errors import ExpressionError, Fault, SpecError, nearest
from hagane.spec.open_value import map_open, open_values
from hagane.spec.spec import Spec
from hagane.spec.value_text import value_text
from hagane.sql.hparams import Hparam, TypedText, Value, fill_hparams, find_hparams, frozen

RULES = "outliers.rules."


class Hyperparameter(msgspec.Struct, frozen=True, kw_only=True):
    """A literal to be chosen: between `low` and `high`, or out of `candidates`."""

    name: str
    """Where it stands: `model.options.max_depth`, `transform.hour`; `transform.hour[1]` is the second of a feature."""
    low: int | float | None = None
    high: int | float | None = None
    candidates: tuple[Any, ...] = ()
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
    return tuple(
        Hyperparameter(name=name, low=found.low, high=found.high, candidates=tuple(map(_plain, found.candidates)))
        for name, found in _find(spec).items()
    )


def chosen_hyperparameters(spec: Spec, values: Mapping[str, Any]) -> tuple[Hyperparameter, ...]:
    """The hyperparameters of the spec, each with its value: what was searched, and what was found.

    >>> spec = Spec(data="f.csv", label="y", transform={"h": "ML.HASH_BUCKETIZE(s, HPARAM_RANGE(2, 9))"})
    >>> chosen_hyperparameters(spec, {"transform.h": 4})[0].value
    4
    """
    return tuple(
        msgspec.structs.replace(found, value=_plain(_frozen(values[found.name]))) for found in hyperparameters(spec)
    )


def set_hyperparameters(spec: Spec, values: Mapping[str, Any]) -> Spec:
    """The spec with a literal for each hyperparameter, and nothing more to tune.

    Raises SpecError: unknown, missing, or outside its space.

    >>> spec = Spec(data="f.csv", label="y", transform={"h": "ML.HASH_BUCKETIZE(s, HPARAM_RANGE(2, 9))"})
    >>> set_hyperparameters(spec, {"transform.h": 4}).transform
    {'h': 'ML.HASH_BUCKETIZE(s, 4)'}
    """
    found = _find(spec)
    given = {name: _frozen(value) for name, value in values.items()}
    given |= {name: hparam.chosen(given[name]) for name, hparam in found.items() if name in given}
    faults = [_unknown(name, found) for name in given if name not in found]
    faults += [_missing(name, hparam) for name, hparam in found.items() if name not in given]
    faults += [
        _outside(name, found[name], value)
        for name, value in given.items()
        if name in found and not found[name].admits(value)
    ]
    if faults:
        raise SpecError(*faults)
    return msgspec.structs.replace(_filled(spec, given) if found else spec, tuning=None)


def _texts(spec: Spec) -> dict[str, str]:
    """Every text of the spec in which a hyperparameter may stand, by its place."""
    texts = {"model.type": spec.model.type}
    texts |= _option_texts("model.options", spec.model.options)
    texts |= {place: value.text for place, value in open_values(spec).items()}
    if spec.outliers is not None:
        texts |= {f"{RULES}{name}": sql for name, sql in spec.outliers.rules.items()}
    return texts | {f"transform.{name}": sql for name, sql in (spec.transform or {}).items()}


def _option_texts(place: str, value: Any) -> dict[str, str]:
    """The texts in an option, those in its lists too: `model.options.hidden_units[1]`."""
    if isinstance(value, str):
        return {place: value}
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list | tuple) else ()
    named = ((f"{place}.{key}" if isinstance(value, Mapping) else f"{place}[{key}]", part) for key, part in parts)
    return {name: text for each, part in named for name, text in _option_texts(each, part).items()}


def _find(spec: Spec) -> dict[str, Hparam]:
    found: dict[str, Hparam] = {}
    faults: list[Fault] = []
    for place, text in _texts(spec).items():
        try:
            hparams = find_hparams(text, where=place)
        except ExpressionError as error:
            faults += error.faults
            continue
        if hparams and not place.startswith(("transform.", RULES)) and not _is_whole(text, hparams):
            faults.append(Fault(what="an option is a hyperparameter or it is not", where=place, received=text,
                                expected="HPARAM_RANGE(…) or HPARAM_CANDIDATES(…) alone"))  # fmt: skip
        named = {place if i == 0 else f"{place}[{i}]": hparam for i, hparam in enumerate(hparams)}
        faults += [_ambiguous(name) for name in named if name in found]
        found |= named
    if faults:
        raise SpecError(*faults)
    return found


def _is_whole(text: str, hparams: tuple[Hparam, ...]) -> bool:
    stripped = text.strip()
    return len(hparams) == 1 and hparams[0].end - hparams[0].start == len(stripped)


def _filled(spec: Spec, values: Mapping[str, Value]) -> Spec:
    options = _filled_option("model.options", spec.model.options, values)
    model = msgspec.structs.replace(spec.model, type=str(values.get("model.type", spec.model.type)), options=options)
    transform = spec.transform and {
        name: _fill(sql, f"transform.{name}", values) for name, sql in spec.transform.items()
    }
    outliers = spec.outliers and msgspec.structs.replace(
        spec.outliers, rules={name: _fill(sql, f"{RULES}{name}", values) for name, sql in spec.outliers.rules.items()}
    )
    filled = msgspec.structs.replace(spec, model=model, transform=transform, outliers=outliers)
    return map_open(filled, lambda place, value: value.typed(values[place]))


def _filled_option(place: str, value: Any, values: Mapping[str, Value]) -> Any:
    if isinstance(value, str):
        return _option(values[place]) if place in values else value
    if isinstance(value, Mapping):
        return {name: _filled_option(f"{place}.{name}", part, values) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_filled_option(f"{place}[{index}]", part, values) for index, part in enumerate(value))
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


def _outside(name: str, hparam: Hparam, value: Value) -> Fault:
    return Fault(what=f"the hyperparameter {name} cannot have this value", where=name, expected=_space(hparam),
                 received=value_text(value))  # fmt: skip


def _space(hparam: Hparam) -> str:
    if hparam.candidates:
        return "one of " + ", ".join(repr(_option(value)) for value in hparam.candidates)
    whole = "a whole number " if isinstance(hparam.low, int) and isinstance(hparam.high, int) else "a number "
    return f"{whole}from {hparam.low} to {hparam.high}"
