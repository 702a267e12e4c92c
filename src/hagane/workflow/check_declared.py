"""`check_declared`: everything about a training that its spec alone can have wrong, before its data are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hagane.errors import Fault, SpecError
from hagane.models import AUTO_FAMILIES, family_options, get_family
from hagane.models.bigquery_options import bigquery_options
from hagane.models.family import Family
from hagane.spec.check import spec_faults
from hagane.spec.spec import Spec
from hagane.workflow.check_class_weights import task_faults
from hagane.workflow.check_held_out import kind_faults
from hagane.workflow.check_strategy import strategy_faults
from hagane.workflow.label_family_faults import label_family_faults

MANY_ROWS = 1_000_000
"""For defaults that depend on the number of rows, which is not known yet; none of them can be at fault."""


def check_declared(spec: Spec) -> None:
    """Raise SpecError with every fault of `spec` that can be seen without its data.

    Those of a family that is not named yet (`auto`) are told where every family that it may become has some.

    >>> from hagane.spec.spec import Model, Training
    >>> asked = Spec(data="f.csv", label="y", model=Model(options={"dept": 3}), training=Training(seed=-1))
    >>> check_declared(asked)
    Traceback (most recent call last):
    hagane.errors.SpecError: 2 faults
    1. training.seed is out of range
    ...
    2. boosted_tree_classifier has no option 'dept'
    ...
    """
    faults = [*spec_faults(spec), *family_faults(spec)]
    if faults:
        raise SpecError(*faults)


def family_faults(spec: Spec) -> list[Fault]:
    """What the family that the spec names, or each of those that it leaves open, cannot do as asked."""
    if spec.model.type == "auto":
        if spec.training.warm_start is not None:  # the family of the earlier model
            return []
        return min(([*_faults_of(get_family(name), spec)] for name in _auto_families(spec)), key=len)
    try:
        family = get_family(spec.model.type)
    except SpecError as error:
        return list(error.faults)
    return [*_faults_of(family, spec)]


def declared_options(spec: Spec, family: Family, *, num_rows: int) -> dict[str, Any]:
    """The options that are given to a family, over those of `defaults: bigquery` where the spec asks for them."""
    if spec.defaults == "bigquery":
        return bigquery_options(family.name, spec.model.options, num_rows=num_rows)
    return dict(spec.model.options)


def _faults_of(family: Family, spec: Spec) -> Iterator[Fault]:
    try:
        options = family_options(family, declared_options(spec, family, num_rows=MANY_ROWS))
    except SpecError as error:
        yield from error.faults
    else:
        # BigQuery ML gives p-values of rows that weigh by their class; so does who asks for its defaults
        is_allowed = spec.defaults == "bigquery" and getattr(options, "calculate_p_values", False)
        yield from () if is_allowed else options.training_faults(spec.training)
    yield from strategy_faults(spec.training, family)
    yield from label_family_faults(spec, family)
    if isinstance(spec.label, str):
        yield from task_faults(spec, family.task.value, spec.label)
        yield from kind_faults(spec, family.task.value, spec.label)


def _auto_families(spec: Spec) -> tuple[str, ...]:
    """What `auto` may stand for: networks alone predict several labels at once."""
    one = isinstance(spec.label, str) or spec.label_form == "one_hot"
    return AUTO_FAMILIES if one else (*AUTO_FAMILIES, "dnn_classifier", "dnn_regressor")
