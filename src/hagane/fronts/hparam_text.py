"""`hparam_range` and `hparam_candidates` as Python writes them: with all that is to be said of a hyperparameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import msgspec

from hagane.errors import Fault, SpecError
from hagane.spec.tuning import Scale, TunedParameter
from hagane.sql import hparams


class HparamText(str):
    """`HPARAM_RANGE(…)` or `HPARAM_CANDIDATES(…)` of which more is said than the text can hold.

    It stands alone, as an option or another value. Within SQL what is said besides would be lost, which is refused.

    >>> text = hparam_range(0.001, 0.3, scale="log")
    >>> text, text.more.scale
    ('HPARAM_RANGE(0.001, 0.3)', 'log')
    >>> f"ML.HASH_BUCKETIZE(city, {text})"
    Traceback (most recent call last):
    hagane.errors.SpecError: what is said of a hyperparameter besides its text cannot stand within SQL
      received: HPARAM_RANGE(0.001, 0.3), scale 'log'
      next: say it by the hyperparameter's place: tuning={'parameters': {'transform.NAME': {'scale': 'log'}}}
    """

    more: TunedParameter

    def __new__(cls, text: str, more: TunedParameter) -> HparamText:
        """`text`, and what is said besides."""
        made = super().__new__(cls, text)
        made.more = more
        return made

    def __format__(self, spec: str) -> str:
        self._refuse()

    def __add__(self, other: str) -> str:
        self._refuse()

    def __radd__(self, other: str) -> str:
        self._refuse()

    def _refuse(self) -> NoReturn:
        said = said_of(self.more)
        received = f"{str.__str__(self)}, " + ", ".join(f"{name} {value!r}" for name, value in said.items())
        step = f"say it by the hyperparameter's place: tuning={{'parameters': {{'transform.NAME': {said}}}}}"
        what = "what is said of a hyperparameter besides its text cannot stand within SQL"
        raise SpecError(Fault(what=what, received=received, next_step=step))


def hparam_range(
    low: int | float,
    high: int | float,
    *,
    scale: Scale | None = None,
    step: float | None = None,
    default: Any = None,
    when: Mapping[str, Any] | None = None,
) -> str:
    """A hyperparameter between two numbers, both included; whole where both are.

    `scale`, `step`, `default` and `when` are those of the spec's `tuning.parameters`.

    >>> hparam_range(2, 8)
    'HPARAM_RANGE(2, 8)'
    """
    more = TunedParameter(scale=scale, step=step, default=default, when=dict(when or {}))
    return _text(hparams.hparam_range(low, high), more)


def hparam_candidates(values: Sequence[Any], *, default: Any = None, when: Mapping[str, Any] | None = None) -> str:
    """A hyperparameter that is one of the values; `default` and `when` as of `hparam_range`.

    >>> hparam_candidates([[64], [64, 32]])
    'HPARAM_CANDIDATES([[64], [64, 32]])'
    """
    return _text(hparams.hparam_candidates(values), TunedParameter(default=default, when=dict(when or {})))


def _text(text: str, more: TunedParameter) -> str:
    return text if more == TunedParameter() else HparamText(text, more)


def said_of(more: TunedParameter) -> dict[str, Any]:
    """What was said, without what was not.

    >>> said_of(TunedParameter(step=2))
    {'step': 2}
    """
    return {name: value for name, value in msgspec.structs.asdict(more).items() if value is not None and value != {}}


def said_besides(value: object, place: str) -> dict[str, TunedParameter]:
    """Place → what an `HparamText` says besides, of all within mappings and lists at `place`.

    >>> said_besides({"options": {"units": [hparam_range(8, 64, step=8)]}}, "model")
    {'model.options.units[0]': TunedParameter(scale=None, step=8, default=None, when={})}
    """
    if isinstance(value, HparamText):
        return {place: value.more}
    parts: list[tuple[str, object]] = []
    if isinstance(value, Mapping):
        parts = [(f"{place}.{name}" if place else str(name), part) for name, part in value.items()]
    elif isinstance(value, list | tuple):
        parts = [(f"{place}[{index}]", part) for index, part in enumerate(value)]
    return {name: more for each, part in parts for name, more in said_besides(part, each).items()}


def as_written(value: Any) -> Any:
    """`value` with plain texts in the place of each `HparamText`.

    >>> type(as_written({"a": [hparam_range(1, 9, step=2)]})["a"][0])
    <class 'str'>
    """
    if isinstance(value, HparamText):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {name: as_written(part) for name, part in value.items()}
    return type(value)(map(as_written, value)) if type(value) in (list, tuple) else value
