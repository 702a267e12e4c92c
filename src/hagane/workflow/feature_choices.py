"""`feature_choices`: the features of a spec that a study chooses between, or leaves out.

`tuning.features`, `tuning.optional` and `tuning.crosses` say the same in three ways: a feature has several expressions,
of which NULL is none at all. The choice is a hyperparameter of the feature's own name, `transform.age`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hagane.errors import Fault, nearest
from hagane.spec.spec import Spec
from hagane.spec.tuning import Tuning
from hagane.sql.cross import cross_texts
from hagane.sql.dialects import ExpressionDialect

ALL = "*"
MOST_CROSSED = 4
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NAMED = re.compile(r"^.*\s+AS\s+(?=\S+$)", re.IGNORECASE | re.DOTALL)
"""What stands before the name of a field that is named by AS."""


class FeatureChoices(NamedTuple):
    """What there is to choose, and what is wrong with how it is written."""

    expressions: dict[str, tuple[str | None, ...]]
    """Feature → its candidates, that with which a search starts first; None: the feature is left out."""
    faults: tuple[Fault, ...] = ()


def feature_choices(spec: Spec) -> FeatureChoices:
    """The choices of the spec's `tuning`; none where it says nothing of features.

    >>> from hagane.spec.tuning import Tuning
    >>> spec = Spec(data="f.csv", label="y", transform={"a": "a", "b": "b"},
    ...             tuning=Tuning(features={"a": ("LN(a)", None)}, crosses=(("a", "b"),)))
    >>> feature_choices(spec).expressions
    {'a': ('a', 'LN(a)', None), 'a_b': (None, 'ML.FEATURE_CROSS(STRUCT(a, b))')}
    """
    tuning = spec.tuning
    if tuning is None or not (tuning.features or tuning.optional or tuning.crosses):
        return FeatureChoices({})
    if spec.transform is None:
        return FeatureChoices({}, (_unwritten(tuning),))
    faults = [*_faults(tuning, spec.transform)]
    found: dict[str, tuple[str | None, ...]] = {}
    for name, expressions in tuning.features.items():
        found[name] = _distinct(((spec.transform[name],) if name in spec.transform else ()) + expressions)
    for name in spec.transform if ALL in tuning.optional else tuning.optional:
        if name in spec.transform:
            found[name] = _distinct((*found.get(name, (spec.transform[name],)), None))
    for fields in tuning.crosses:
        if 2 <= len(fields) <= MOST_CROSSED and cross_name(fields) not in spec.transform:
            found[cross_name(fields)] = (None, cross_expression(fields))
    in_order = [name for name in spec.transform if name in found] + [
        name for name in found if name not in spec.transform
    ]
    return FeatureChoices({name: found[name] for name in in_order}, tuple(faults))


def cross_name(fields: tuple[str, ...]) -> str:
    """What the feature of crossed fields is called.

    >>> cross_name(("origin", "CAST(month AS STRING) AS month"))
    'origin_month'
    """
    return "_".join(NAMED.sub("", field).strip().strip("`") for field in fields)


def cross_expression(fields: tuple[str, ...]) -> str:
    """All of the fields crossed with one another, as SQL.

    >>> cross_expression(("origin", "arrival hour"))
    'ML.FEATURE_CROSS(STRUCT(origin, `arrival hour`))'
    """
    *_, whole = cross_texts(f"ML.FEATURE_CROSS(STRUCT({', '.join(map(_field, fields))}), {MOST_CROSSED})")
    return whole


def _field(text: str) -> str:
    """A column's name in backquotes where SQL needs them; an expression as it is."""
    if PLAIN.fullmatch(text) and text.upper() not in ExpressionDialect().tokenizer_class.KEYWORDS:
        return text
    return text if any(sign in text for sign in "(`") or NAMED.search(text) else f"`{text}`"


def _distinct(expressions: tuple[str | None, ...]) -> tuple[str | None, ...]:
    return tuple(dict.fromkeys(expressions))


def _faults(tuning: Tuning, transform: Mapping[str, str]) -> Iterator[Fault]:
    for name, expressions in tuning.features.items():
        if not expressions:
            yield Fault(what=f"the feature '{name}' has no candidates", where=f"tuning.features.{name}",
                        expected="a list of SQL expressions; null: the feature is left out")  # fmt: skip
        if any(text is not None and not text.strip() for text in expressions):
            yield Fault(what=f"a candidate of the feature '{name}' is empty", where=f"tuning.features.{name}",
                        expected="a SQL expression, or null: the feature is left out")  # fmt: skip
    for index, name in enumerate(tuning.optional):
        if name != ALL and name not in transform:
            yield Fault(
                what=f"there is no feature '{name}' to leave out",
                where=f"tuning.optional[{index}]",
                expected=f"a feature of transform, or '{ALL}' for each",
                nearest=nearest(name, transform),
            )
    yield from _cross_faults(tuning, transform)


def _cross_faults(tuning: Tuning, transform: Mapping[str, str]) -> Iterator[Fault]:
    taken = {*transform, *tuning.features}
    for index, fields in enumerate(tuning.crosses):
        where, name = f"tuning.crosses[{index}]", cross_name(fields)
        if not 2 <= len(fields) <= MOST_CROSSED or len(set(fields)) < len(fields):
            expected = f"2 to {MOST_CROSSED} different columns, or expressions with a name: CAST(x AS STRING) AS x"
            yield Fault(what="this is no cross", where=where, expected=expected, received=", ".join(fields) or "none")
        elif name in taken:
            step = "rename the other one, or give the cross as a candidate of a feature: tuning.features"
            yield Fault(what=f"two features would be called '{name}'", where=where, next_step=step)
        taken.add(name)


def _unwritten(tuning: Tuning) -> Fault:
    given = next(name for name in ("features", "optional", "crosses") if getattr(tuning, name))
    return Fault(
        what=f"tuning.{given} is about features, and the spec writes none",
        where=f"tuning.{given}",
        next_step="write the features: transform (the spec.yaml of a bundle has those of automatic preprocessing)",
    )
