"""`make_space`: what a spec leaves open, and what its `tuning.parameters` say more of it, as one search space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from hagane.errors import Fault, SpecError, nearest
from hagane.spec.tuning import TunedParameter
from hagane.spec.value_text import value_text
from hagane.tuning.dimension import Dimension
from hagane.tuning.space import Space

LOG_OF_ZERO = 1e-14
"""Where a range from 0 begins on a log scale, as in BigQuery ML."""


def make_space(dimensions: Sequence[Dimension], tuned: Mapping[str, TunedParameter] | None = None) -> Space:
    """The space of `dimensions`, each as `tuned` says more of it. Raises SpecError with every fault.

    A `default` of a dimension itself is where the nearest value is looked for; one of `tuned` must lie in the space.

    >>> reg = Dimension(name="model.options.l2_reg", low=0.0, high=10.0, default=1.0)
    >>> make_space([reg], {"model.options.l2_reg": TunedParameter(scale="log")})["model.options.l2_reg"].low
    1e-14
    >>> make_space([reg], {"model.options.l2_rag": TunedParameter(scale="log")})
    Traceback (most recent call last):
    hagane.errors.SpecError: the spec has no hyperparameter 'model.options.l2_rag'
      where: tuning.parameters.model.options.l2_rag
      expected: one of model.options.l2_reg
      did you mean: model.options.l2_reg
    """
    more = dict(tuned or {})
    names = [dimension.name for dimension in dimensions]
    faults = [_unknown(name, f"tuning.parameters.{name}", names) for name in more if name not in names]
    said = [_said(dimension, more.get(dimension.name, TunedParameter())) for dimension in dimensions]
    by_name = {dimension.name: dimension for dimension in said}
    for dimension in said:
        own = [*_range_faults(dimension), *_when_faults(dimension, by_name)]
        faults += own or _default_faults(dimension, more.get(dimension.name))
    ordered = _ordered(said)
    if len(ordered) < len(said) and not faults:
        left = ", ".join(name for name in names if name not in {each.name for each in ordered})
        what = "hyperparameters play a part only with each other's values: none can be chosen first"
        faults.append(Fault(what=what, where="tuning.parameters", received=left))
    if faults:
        raise SpecError(*faults)
    return Space(tuple(_settled(dimension) for dimension in ordered))


def _said(dimension: Dimension, more: TunedParameter) -> Dimension:
    when = tuple((name, tuple(_listed(wanted))) for name, wanted in more.when.items())
    step = int(more.step) if dimension.is_whole and more.step is not None and more.step == int(more.step) else more.step
    return msgspec.structs.replace(
        dimension,
        scale=more.scale or dimension.scale,
        step=dimension.step if step is None else step,
        default=dimension.default if more.default is None else more.default,
        when=when or dimension.when,
    )


def _listed(wanted: Any) -> Sequence[Any]:
    return wanted if isinstance(wanted, list | tuple) else (wanted,)


def _range_faults(dimension: Dimension) -> Iterator[Fault]:
    where = f"tuning.parameters.{dimension.name}"
    if dimension.candidates:
        said = {"scale": dimension.scale != "linear", "step": dimension.step is not None}
        for name in (name for name, is_said in said.items() if is_said):
            yield Fault(what=f"candidates have no {name}", where=f"{where}.{name}",
                        next_step="leave it out, or write a range: HPARAM_RANGE(low, high)")  # fmt: skip
        return
    low, high = dimension.ends
    if dimension.step is not None:
        if not dimension.step > 0:
            yield Fault(what="a step must be above 0", where=f"{where}.step", received=str(dimension.step))
        elif dimension.step > high - low:
            yield Fault(what="a step goes beyond the range", where=f"{where}.step", received=str(dimension.step),
                        expected=f"at most {high - low:g}, as from {low} to {high}")  # fmt: skip
        elif dimension.is_whole and not isinstance(dimension.step, int):
            yield Fault(what="a range of whole numbers has a whole step", where=f"{where}.step",
                        received=str(dimension.step), next_step=f"or write {float(low)} as its end")  # fmt: skip
    least = 1 if dimension.is_whole else 0
    if dimension.scale != "linear" and low < least:
        expected = "a range of whole numbers from 1 on" if dimension.is_whole else "a range from 0 on"
        yield Fault(what=f"no logarithm of {low}: the scale {dimension.scale} does not go with this range",
                    where=f"{where}.scale", expected=expected, received=f"{low} to {high}")  # fmt: skip


def _when_faults(dimension: Dimension, by_name: Mapping[str, Dimension]) -> Iterator[Fault]:
    where = f"tuning.parameters.{dimension.name}.when"
    for name, wanted in dimension.when:
        if name not in by_name:
            yield _unknown(name, where, list(by_name))
            continue
        for value in wanted:
            if not by_name[name].admits(value):
                yield Fault(what=f"{name} never has this value", where=where, received=value_text(value),
                            expected=space_text(by_name[name]))  # fmt: skip


def _default_faults(dimension: Dimension, more: TunedParameter | None) -> list[Fault]:
    if more is None or more.default is None or dimension.admits(_as_listed(dimension, more.default)):
        return []
    where = f"tuning.parameters.{dimension.name}.default"
    expected = space_text(dimension)
    what = "the search cannot start outside its space"
    return [Fault(what=what, where=where, received=value_text(more.default), expected=expected)]


def _as_listed(dimension: Dimension, value: Any) -> Any:
    """A whole number for a range of others."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_whole and dimension.low is not None and not dimension.is_whole else value


def space_text(dimension: Dimension) -> str:
    """What may be chosen, in words.

    >>> space_text(Dimension(name="x", low=2, high=8, step=2)), space_text(Dimension(name="x", candidates=("a", 1)))
    ('a whole number from 2 to 8 in steps of 2', "one of 'a', 1")
    """
    if dimension.candidates:
        return "one of " + ", ".join(map(value_text, dimension.candidates))
    low, high = dimension.ends
    kind = "a whole number" if dimension.is_whole else "a number"
    return f"{kind} from {low} to {high}" + ("" if dimension.step is None else f" in steps of {dimension.step}")


def _settled(dimension: Dimension) -> Dimension:
    """With an end that has a logarithm, and a start that lies in it."""
    if dimension.scale != "linear" and dimension.low == 0:
        dimension = msgspec.structs.replace(dimension, low=LOG_OF_ZERO)
    if dimension.default is None:
        return dimension
    return msgspec.structs.replace(dimension, default=dimension.nearest(dimension.default))


def _ordered(dimensions: Sequence[Dimension]) -> list[Dimension]:
    """Each behind those that decide over it; those in a circle left out."""
    ordered: list[Dimension] = []
    left = list(dimensions)
    while left:
        known = {dimension.name for dimension in ordered}
        ready = next((each for each in left if all(name in known for name, _ in each.when)), None)
        if ready is None:
            return ordered
        ordered.append(ready)
        left.remove(ready)
    return ordered


def _unknown(name: str, where: str, names: Sequence[str]) -> Fault:
    expected = "one of " + ", ".join(names) if names else "none: every literal of the spec is settled"
    return Fault(what=f"the spec has no hyperparameter {name!r}", where=where, expected=expected,
                 nearest=nearest(name, names))  # fmt: skip
