"""`advice_of`: what a training's curve tells its user to try next.

Against overfitting the remedies stand in the order in which a practitioner would try them: regularisation, early
stopping where it is off, a smaller model; longer training is none. Each is an option that the family has, with a value
that it takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from hagane.errors import SpecError
from hagane.evaluation.judge_curve import CurveVerdict, judge_curve
from hagane.models.ensemble_model import EnsembleModel
from hagane.models.ensemble_options import EnsembleOptions
from hagane.models.family import FittedModel, Iteration
from hagane.number_text import brief_text, percent_text

Next = Callable[[Any], Any]
"""An option's value → the one to try; None where there is none."""
LEAST_WIDTH = 8


class Remedy(NamedTuple):
    """An option, and what to try instead of a value."""

    option: str
    next: Next


def _more_dropout(value: Any) -> Any:
    return min(0.5, round(value + 0.15, 2) if value else 0.2) if value < 0.5 else None


def _stronger(first: float, most: float) -> Next:
    """Ten times the penalty, or the first where there is none."""
    return lambda value: None if value >= most else float(f"{value * 10 if value else first:.3g}")


def _smaller_share(value: Any) -> Any:
    return round(value - 0.2, 2) if value is not None and value > 0.5 else None


def _halved(least: int) -> Next:
    return lambda value: value // 2 if isinstance(value, int) and value // 2 >= least else None


def _narrower(value: Any) -> Any:
    """One layer fewer; of the last one half."""
    units = list(value)
    if len(units) > 1:
        return units[:-1]
    return [units[0] // 2] if units and units[0] // 2 >= LEAST_WIDTH else None


def _shallower(value: Any) -> Any:
    return value - 2 if value > 3 else None


def _turned_on(value: Any) -> Any:
    return None if value else True


REGULARISATION = (
    Remedy("dropout", _more_dropout),
    Remedy("l2_reg", _stronger(1e-4, 1e4)),
    Remedy("l1_reg", lambda value: float(f"{value * 10:.3g}") if value else None),
    Remedy("subsample", _smaller_share),
)
STOPPING = (Remedy("early_stop", _turned_on),)
SIZE = (
    Remedy("hidden_units", _narrower),
    Remedy("num_leaves", _halved(4)),
    Remedy("max_tree_depth", _shallower),
)
MORE = (
    Remedy("max_iterations", lambda value: value * 2),
    Remedy("learn_rate", lambda value: float(f"{value * 2:.3g}")),
)


def advice_of(
    curve: Sequence[Iteration], best_iteration: int, options: msgspec.Struct, losses: str = "eval loss"
) -> tuple[str, ...]:
    """Sentences on overfitting and underfitting, where the curve is sure of it; none else."""
    if metric := _undefined_metric(curve, options):
        return (f"{metric} was undefined after every iteration: none was the best, and the last one was kept",)
    most = getattr(options, "max_iterations", None)
    verdict = judge_curve(curve, most if isinstance(most, int) else None)
    if verdict is None:
        return ()
    if verdict.kind == "overfitting":
        return (_overfitting(verdict, best_iteration, len(curve), options, losses),)
    return (_underfitting(verdict, options, losses),)


def advice_on(model: FittedModel, options: msgspec.Struct) -> tuple[str, ...]:
    """`advice_of` a model's curve; of an ensemble those of its members, each with its own options."""
    if not isinstance(model, EnsembleModel):
        return advice_of(model.curve, model.best_iteration, options)
    assert isinstance(options, EnsembleOptions)
    return tuple(
        f"member {fitted.number + 1} ({options.members[fitted.number].type}{fold}): {text}"
        for fitted in model.members
        for number, one in enumerate(fitted.models, 1)
        for fold in (f", fold {number}" if len(fitted.models) > 1 else "",)
        for text in advice_of(one.curve, one.best_iteration, options.members[fitted.number].own_options)
    )


def _undefined_metric(curve: Sequence[Iteration], options: msgspec.Struct) -> str | None:
    """The metric that was to be watched, and had no value: precision where no row was ever called positive."""
    metric = getattr(options, "eval_metric", None)
    has_eval = any(each.eval_loss is not None for each in curve)
    is_known = any(each.metric is not None and not math.isnan(each.metric) for each in curve)
    return metric if metric is not None and has_eval and not is_known else None


def remedies(kinds: Sequence[Remedy], options: msgspec.Struct) -> Iterator[tuple[str, Any, Any]]:
    """Option, its value and the one to try, of those that the family has and that it would take."""
    for name, following in kinds:
        now = getattr(options, name, None)
        value = following(now) if hasattr(options, name) and now is not None else None
        if value is not None and _is_taken(options, name, value):
            yield name, now, value


def _overfitting(verdict: CurveVerdict, best: int, last: int, options: msgspec.Struct, losses: str) -> str:
    said = (
        f"overfitting: after iteration {verdict.first} the {losses} rose ({_change(verdict.eval_loss)}) while the "
        f"training loss fell on ({_change(verdict.loss)}); the model kept is that of iteration {best}"
    )
    said += ", the last" if best == last else ""
    found = list(remedies((*REGULARISATION, *STOPPING, *SIZE), options))
    return f"{said}. {_to_try(found, 'in this order')}" if found else said


def _underfitting(verdict: CurveVerdict, options: msgspec.Struct, losses: str) -> str:
    share = 1 - verdict.eval_loss[1] / verdict.eval_loss[0]
    said = (
        f"underfitting: the {losses} still fell when the iterations ran out (by {percent_text(share)} over the last "
        f"{verdict.last - verdict.first})"
    )
    found = list(remedies(MORE, options))
    return f"{said}. {_to_try(found, 'one or the other')}" if found else said


def _to_try(found: Sequence[tuple[str, Any, Any]], how: str) -> str:
    """The options, with what they are now."""
    listed = ", ".join(f"{name} {_text(value)} (now {_text(now)})" for name, now, value in found)
    return f"To try{f', {how}' if len(found) > 1 else ''}: {listed}"


def _change(ends: tuple[float, float]) -> str:
    return f"{brief_text(ends[0])} to {brief_text(ends[1])}"


def _text(value: Any) -> str:
    """An option's value as a spec writes it.

    >>> [_text(value) for value in (True, (128, 64), 1e-4, 31)]
    ['true', '[128, 64]', '0.0001', '31']
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_text, value))}]"
    return brief_text(value, 6) if isinstance(value, float) else str(value)


def _is_taken(options: msgspec.Struct, name: str, value: Any) -> bool:
    """Whether the family takes the value."""
    try:
        type(options)(**msgspec.structs.asdict(options) | {name: tuple(value) if isinstance(value, list) else value})
    except SpecError:
        return False
    return True
