"""`final_spec`: what an AutoML run decided, as the spec that a person would have written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from hagane.models import get_family
from hagane.models.options import default_values
from hagane.spec.spec import Model, Spec, Split
from hagane.workflow.automl_candidate import AutoMlCandidate, TriedModel

BY_FRACTION = ("random",)
"""Splits of which the eval rows can be trained on by saying that there are none; the test rows stay those that they
were. Rows of one key, or of a later time, must not stand in two folds: there the eval rows stay apart."""
DIGITS = 3


def final_spec(base: Spec, members: Sequence[tuple[TriedModel, float]], *, num_folds: int, is_number: bool) -> Spec:
    """The spec of one model, or of an ensemble of several (with their shares), each of `num_folds` models (0: one)."""
    if len(members) == 1 and not num_folds:
        return _single(base, members[0][0].candidate)
    transform, features = _common_transform([tried for tried, _ in members])
    options: dict[str, Any] = {
        "members": [
            _member(tried.candidate, share, names, len(members))
            for (tried, share), names in zip(members, features, strict=True)
        ]
    }
    split = base.split
    if num_folds:
        options["folds"] = num_folds
        split = without_eval(split)
    type_ = f"ensemble_{'regressor' if is_number else 'classifier'}"
    own = base.transform if transform is None else transform
    return replace(base, model=Model(type=type_, options=options), split=split, transform=own)


def without_eval(split: Split) -> Split:
    """The same test rows; eval rows are trained on.

    >>> without_eval(Split(eval_fraction=0.1, test_fraction=0.2)).eval_fraction, without_eval(Split(method="key"))
    (0.0, Split(method='key', ...))
    """
    return replace(split, eval_fraction=0.0) if split.method in BY_FRACTION else split


def _single(base: Spec, candidate: AutoMlCandidate) -> Spec:
    spec = candidate.spec(base)
    return replace(spec, model=Model(type=candidate.model_type, options=written(candidate)))


def _member(candidate: AutoMlCandidate, share: float, features: Sequence[str] | None, num_members: int
            ) -> dict[str, Any]:  # fmt: skip
    found: dict[str, Any] = {"type": candidate.model_type}
    if options := written(candidate):
        found["options"] = options
    if features is not None:
        found["features"] = list(features)
    if num_members > 1:
        found["weight"] = round(share, DIGITS)
    if candidate.seed is not None:
        found["seed"] = candidate.seed
    return found


def written(candidate: AutoMlCandidate) -> dict[str, Any]:
    """The candidate's options that are not its family's defaults anyway.

    >>> written(AutoMlCandidate(name="", model_type="linear_reg", options={"l2_reg": 1.0, "l1_reg": 0.5}))
    {'l1_reg': 0.5}
    """
    usual = default_values(get_family(candidate.model_type).Options)
    return {name: value for name, value in candidate.options.items() if name not in usual or usual[name] != value}


def _common_transform(
    models: Sequence[TriedModel],
) -> tuple[dict[str, str] | None, list[Sequence[str] | None]]:
    """The features of all members together, and which of them each member sees.

    None for both where preprocessing is automatic: then each family is given what suits it, as it was by itself.
    """
    if all(tried.candidate.transform is None for tried in models):
        return None, [None] * len(models)
    common: dict[str, str] = {}
    seen: list[Sequence[str] | None] = []
    for tried in models:
        names = {name: _free_name(name, sql, common) for name, sql in tried.transform.items()}
        common |= {names[name]: sql for name, sql in tried.transform.items()}
        seen.append(tuple(names.values()))
    if all(set(names or ()) == set(common) for names in seen):
        return common, [None] * len(models)
    return common, seen


def _free_name(name: str, sql: str, common: Mapping[str, str]) -> str:
    """`name`, or where another member's feature of that name is something else, one that tells them apart."""
    free, ending = name, "_scaled" if "SCALER" in sql else "_"
    while free in common and common[free] != sql:
        free += ending
        ending = "_"
    return free
