"""The functions called `ML.X`: scalar ones, and analytic ones with OVER ()."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from sqlglot import exp

from hagane.errors import nearest
from hagane.sql.bind_arrays import bind_distance, bind_ngrams, bind_norm
from hagane.sql.coerce import coerce
from hagane.sql.constant_series import constant_series
from hagane.sql.expression import Analyze, Call, Expression, Literal, walk
from hagane.sql.functions import ANALYZERS, BUCKET_FORMATS, FUNCTIONS, AnalyzerSignature, Option
from hagane.sql.source import WAY_OUT
from hagane.sql.syntax import function_name
from hagane.sql.type_steps import analyzer_step
from hagane.types import SqlType

if TYPE_CHECKING:
    from hagane.sql.binder import Binder

MAX_HASH_BUCKETS = 2**31 - 1
MAX_POINTS = 10_000


def ml_name(node: exp.Expression) -> str:
    """`ML.X` in capitals, or an empty string where `node` is something else."""
    if isinstance(node, exp.Dot) and str(node.this.name).upper() == "ML" and isinstance(node.expression, exp.Anonymous):
        return f"ML.{str(node.expression.this).upper()}"
    return ""


def bind_scalar(binder: Binder, node: exp.Dot) -> Expression | None:
    """The call that `ML.X(…)` without OVER () is, or None after noting its faults."""
    from hagane.sql.cross import cross_call

    name = ml_name(node)
    match name:
        case "ML.BUCKETIZE":
            return _bucketize(binder, node)
        case "ML.HASH_BUCKETIZE":
            return _hash_bucketize(binder, node)
        case "ML.FEATURE_CROSS":
            return cross_call(binder, node)
        case "ML.POLYNOMIAL_EXPAND":
            binder.source.fault("ML.POLYNOMIAL_EXPAND is several features", node,
                                next_step="let it be the whole expression, or write the product itself")  # fmt: skip
        case "ML.NGRAMS":
            return bind_ngrams(binder, node)
        case "ML.NORMALIZER" | "ML.LP_NORM":
            return bind_norm(binder, node, name)
        case "ML.DISTANCE":
            return bind_distance(binder, node)
        case _ if name in ANALYZERS:
            binder.source.fault(f"{name} learns from all rows", node, expected=ANALYZERS[name].usage,
                                next_step="add OVER () behind it")  # fmt: skip
        case "":
            binder.refuse(node)
        case _:
            _unknown(binder, name, node)
    return None


def bind_analyzer(binder: Binder, node: exp.Window) -> Expression | None:
    """The analyzer that `ML.X(…) OVER ()` is, or None after noting its faults."""
    name = ml_name(node.this)
    if not name:
        binder.source.fault("a window function cannot be compiled: a feature is computed from one row", node,
                            next_step=WAY_OUT)  # fmt: skip
        return None
    if name not in ANALYZERS:
        if name in FUNCTIONS:
            binder.source.fault(f"{name} is computed from one row", node, next_step="remove OVER ()")
        else:
            _unknown(binder, name, node)
        return None
    if any(node.args.get(key) for key in ("partition_by", "order", "spec", "alias")):
        binder.source.fault("OVER () takes nothing: an analyzer learns from all rows", node, expected="OVER ()",
                            next_step=WAY_OUT)  # fmt: skip
        return None
    return _analyze(binder, ANALYZERS[name], node)


def _analyze(binder: Binder, signature: AnalyzerSignature, node: exp.Window) -> Expression | None:
    arguments: list[exp.Expression] = node.this.expression.expressions
    if not arguments:
        binder.source.fault(f"{signature.name} needs an argument", node, expected=signature.usage)
        return None
    argument = binder.bind(arguments[0])
    options = _options(binder, signature, arguments[1:], node)
    if argument is None or options is None:
        return None
    if any(isinstance(part, Analyze) for part in walk(argument)):
        binder.source.fault("an analyzer inside an analyzer cannot be learned in one pass", arguments[0],
                            next_step=WAY_OUT)  # fmt: skip
        return None
    if argument.type not in signature.types:
        step = analyzer_step(signature, argument.type)
        binder.source.fault(f"{signature.name} does not take this type", arguments[0], received=argument.type.value,
                            expected=" or ".join(type_.value for type_ in signature.types), next_step=step)  # fmt: skip
        return None
    if signature.name == "ML.IMPUTER" and argument.type is SqlType.STRING and options[0] != "most_frequent":
        binder.source.fault("strings have no mean and no median", node, expected="'most_frequent'")
        return None
    span = binder.source.span(node)
    return Analyze(signature.name, argument, signature.types[argument.type], options, span=span)


def _options(binder: Binder, signature: AnalyzerSignature, nodes: list[exp.Expression],
             whole: exp.Expression) -> tuple[object, ...] | None:  # fmt: skip
    given: dict[str, exp.Expression] = {}
    for index, node in enumerate(nodes):
        if isinstance(node, exp.Kwarg):
            given[str(node.this.name).lower()] = node.expression
        elif index < len(signature.options):
            given[signature.options[index].name] = node
        else:
            given[f"argument {index + 2}"] = node
    known = {option.name: option for option in signature.options}
    for name in given.keys() - known.keys():
        binder.source.fault(f"{signature.name} has no option {name}", given[name], nearest=nearest(name, known),
                            expected=signature.usage)  # fmt: skip
    values = [_option(binder, option, given.get(option.name), whole, signature) for option in signature.options]
    return None if given.keys() - known.keys() or None in values else tuple(values)


def _option(binder: Binder, option: Option, node: exp.Expression | None, whole: exp.Expression,
            signature: AnalyzerSignature) -> int | str | tuple[int, ...] | None:  # fmt: skip
    if node is None:
        if option.default is None:
            binder.source.fault(f"{signature.name} needs its option {option.name}", whole, expected=signature.usage)
        return option.default
    if option.type is SqlType.ARRAY_INT64:
        return _range_option(binder, option, node, signature)
    literal = binder.bind(node)
    if literal is None:
        return None
    value = literal.value if isinstance(literal, Literal) else None
    if option.type is SqlType.STRING and isinstance(value, str) and value.lower() in option.choices:
        return value.lower()
    if option.type is SqlType.BOOL and isinstance(value, bool):
        return value
    if option.type is SqlType.INT64 and _in_range(option, value):
        return value  # type: ignore[return-value]
    choices = ("TRUE", "FALSE") if option.type is SqlType.BOOL else tuple(map(repr, option.choices))
    expected = " or ".join(choices) or _range(option)
    guess = nearest(str(value), option.choices) if isinstance(value, str) else ""
    binder.source.fault(f"this is no {option.name} of {signature.name}", node, expected=expected, nearest=guess)
    return None


def _range_option(binder: Binder, option: Option, node: exp.Expression,
                  signature: AnalyzerSignature) -> tuple[int, ...] | None:  # fmt: skip
    parts = binder.bind_each(node.expressions) if isinstance(node, exp.Array) else []
    if parts is None:
        return None
    values = [part.value for part in parts if isinstance(part, Literal) and _in_range(option, part.value)]
    if len(values) == len(parts) == 2 and values[0] < values[1]:  # type: ignore[operator]
        return tuple(values)  # type: ignore[arg-type]
    expected = f"two whole numbers that ascend, from {option.low} to {option.high}, like [25, 75]"
    binder.source.fault(f"this is no {option.name} of {signature.name}", node, expected=expected)
    return None


def _in_range(option: Option, value: object) -> bool:
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return (option.low is None or value >= option.low) and (option.high is None or value <= option.high)


def _range(option: Option) -> str:
    return f"a whole number from {option.low}" + (f" to {option.high:,}" if option.high else " up")


def _bucketize(binder: Binder, node: exp.Dot) -> Call | None:
    signature = FUNCTIONS["ML.BUCKETIZE"]
    arguments = node.expression.expressions
    if not 2 <= len(arguments) <= 4:
        binder.source.fault("ML.BUCKETIZE takes 2 to 4 arguments", node, expected=signature.usage)
        return None
    value = binder.bind(arguments[0])
    points = _points(binder, arguments[1])
    exclude = _constant(binder, arguments[2], (False, True), "exclude_boundaries") if len(arguments) > 2 else False
    format_ = _constant(binder, arguments[3], BUCKET_FORMATS, "format") if len(arguments) > 3 else BUCKET_FORMATS[0]
    if value is None or points is None or exclude is None or format_ is None:
        return None
    if exclude and len(points) < 3:
        binder.source.fault("no point is left without the boundaries", arguments[1], expected="3 points or more")
        return None
    call = binder.call("ML.BUCKETIZE", (value,), node, (points, exclude, format_))
    return call if isinstance(call, Call) else None


def _constant(binder: Binder, node: exp.Expression, choices: tuple[object, ...], name: str) -> object | None:
    bound = binder.bind(node)
    if bound is None:
        return None
    if isinstance(bound, Literal) and bound.value in choices and type(bound.value) is type(choices[0]):
        return bound.value
    expected = " or ".join(str(choice).upper() if isinstance(choice, bool) else repr(choice) for choice in choices)
    binder.source.fault(f"this is no {name}", node, expected=expected)
    return None


def _points(binder: Binder, node: exp.Expression) -> tuple[float, ...] | None:
    if isinstance(node, exp.GenerateSeries):
        series = constant_series(binder, node, MAX_POINTS)
        return None if series is None else _ascending(binder, node, tuple(map(float, series)))
    if not isinstance(node, exp.Array) or not node.expressions:
        expected = "like [10, 20, 30], or GENERATE_ARRAY(10, 30, 10)"
        binder.source.fault("the points must be an array of constants", node, expected=expected, next_step=WAY_OUT)
        return None
    bound = binder.bind_each(node.expressions)
    if bound is None:
        return None
    numbers = [coerce(part, SqlType.FLOAT64) for part in bound]
    values = tuple(p.value for p in numbers if isinstance(p, Literal) and isinstance(p.value, float))
    if len(values) != len(bound):
        binder.source.fault("the points must be constant numbers", node, next_step=WAY_OUT)
        return None
    return _ascending(binder, node, values)


def _ascending(binder: Binder, node: exp.Expression, values: tuple[float, ...]) -> tuple[float, ...] | None:
    ascending = all(low < high for low, high in itertools.pairwise(values)) and all(map(math.isfinite, values))
    if not ascending or len(values) > MAX_POINTS:
        binder.source.fault("the points must ascend", node,
                            expected=f"at most {MAX_POINTS:,} constants, each greater than the one before")  # fmt: skip
        return None
    return values


def _hash_bucketize(binder: Binder, node: exp.Dot) -> Expression | None:
    arguments = node.expression.expressions
    if len(arguments) != 2:
        binder.source.fault("ML.HASH_BUCKETIZE takes 2 arguments", node, expected=FUNCTIONS["ML.HASH_BUCKETIZE"].usage)
        return None
    bound = binder.bind_each(arguments)
    if bound is None:
        return None
    number = bound[1].value if isinstance(bound[1], Literal) else None
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= MAX_HASH_BUCKETS:
        binder.source.fault("this is no number of buckets", arguments[1],
                            expected=f"a whole number from 1 to {MAX_HASH_BUCKETS:,}",
                            next_step="0 asks for the hash itself: FarmHash's, which no graph has" if number == 0
                            else "")  # fmt: skip
        return None
    return binder.call("ML.HASH_BUCKETIZE", bound[:1], node, (number,))


def _unknown(binder: Binder, name: str, node: exp.Expression) -> None:
    names = [known for known in function_name() if known.startswith("ML.")]
    like = nearest(name, names)
    binder.source.fault(f"the function {name} is not in the feature language", node, nearest=like,
                        next_step=f"correct the name, or {WAY_OUT}" if like else WAY_OUT)  # fmt: skip
