from __future__ import annotations

import numpy as np
import pytest

from hagane.evaluation.evaluation import Kind
from hagane.evaluation.measure import measure_binary, measure_multiclass, measure_regression
from hagane.models import FAMILIES, get_family
from hagane.models.options import FamilyOptions, default_values, value_faults
from hagane.tuning.family_space import family_space
from hagane.tuning.objectives import OBJECTIVES


@pytest.mark.parametrize("defaults", ["hagane", "bigquery"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_end_and_candidate_is_one_that_the_family_takes(family: str, defaults: str) -> None:
    options = get_family(family).Options
    assert issubclass(options, FamilyOptions)
    for name, dimension in family_space(family, defaults).items():
        assert name in default_values(options)
        for value in dimension.candidates or dimension.ends:
            assert value_faults(options, {name: value}) == []


@pytest.mark.parametrize("family", ["boosted_tree_regressor", "dnn_classifier", "random_forest_classifier"])
def test_a_family_is_searched_whatever_it_predicts(family: str) -> None:
    other = family.replace("regressor", "c").replace("classifier", "regressor").replace("_c", "_classifier")
    assert family_space(family) == family_space(other) != {}


def test_objectives_are_what_evaluations_measure() -> None:
    random = np.random.default_rng(0)
    labels, scores = random.integers(0, 3, 60), random.dirichlet(np.ones(3), 60)
    numbers = random.random(60)
    measured: dict[Kind, set[str]] = {
        "binary": set(measure_binary((labels > 0).astype(np.int64), scores[:, 0], 0.5)),
        "multiclass": set(measure_multiclass(labels, scores)),
        "regression": set(measure_regression(numbers, numbers)) | {"mean_pinball_loss", "mean_poisson_deviance"},
    }
    for kind, names in measured.items():
        assert set(OBJECTIVES[kind]) == names
