"""Whatever the rows, weights and penalties: what a linear family returns meets the conditions of an optimum.

The conditions (Karush, Kuhn and Tucker) are computed here from the spelled-out matrix and the weights in the features'
own units; nothing of the solvers or their scaling is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax

from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family, linear_reg, logistic_reg
from hagane.models.family import FitContext

Encode = Callable[..., Encoded]
CARDINALITIES = (4, 3)
PROBLEMS = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10**6),
        "rows": st.integers(12, 120),
        "l1_reg": st.sampled_from([0.0, 0.3, 4.0]),
        "l2_reg": st.sampled_from([0.01, 1.0, 20.0]),
        "fit_intercept": st.booleans(),
        "weighted": st.booleans(),
        "unit": st.sampled_from([1e-3, 1.0, 1e3]),
        "narrow": st.booleans(),
    }
)


def optimum_of(encode: Encode, problem: dict[str, Any], name: str, num_classes: int) -> tuple[np.ndarray, ...]:
    """The slope of the smooth part by the weights [w, c] and intercepts [c], and the weights."""
    random = np.random.default_rng(problem["seed"])
    n = problem["rows"]
    dense = random.normal(size=(n, 3)) * [1.0, problem["unit"], 1.0] + [0, 0, 50.0]
    ids = np.stack([random.integers(0, c, n) for c in CARDINALITIES], axis=1)
    x = np.concatenate([dense, *(np.eye(c)[ids[:, i]] for i, c in enumerate(CARDINALITIES))], axis=1)
    signal = dense[:, 0] + dense[:, 1] / problem["unit"] + ids[:, 0] + random.normal(size=n)
    label = signal * 10 if not num_classes else random.permutation(np.arange(n) % num_classes)
    if num_classes:
        told = np.digitize(signal, np.quantile(signal, np.arange(1, num_classes) / num_classes))
        label = np.where(random.random(n) < 0.6, told, label)
    weight = random.uniform(0.2, 3, n).astype(np.float32) if problem["weighted"] else None
    train = encode(dense, ids, label, CARDINALITIES, dense_dtype="float64", block_rows=50, weight=weight)
    given_options = {key: problem[key] for key in ("l1_reg", "l2_reg", "fit_intercept")} | {"max_iterations": 20_000}
    context = FitContext(features=train.features, num_classes=num_classes)
    model = get_family(name).fit(train, None, family_options(name, given_options), context)
    weights = np.concatenate([model.coefficients.dense, model.coefficients.table])
    raw = x @ weights + model.coefficients.intercept
    target = label[:, None] if num_classes in (0, 2) else np.eye(num_classes)[label]
    answer = raw if not num_classes else expit(raw) if num_classes == 2 else softmax(raw, axis=1)
    residual = (answer - target) * (1.0 if weight is None else weight.astype(float)[:, None])
    size = np.abs(x).T @ (np.abs(residual) + 0.01) + np.abs(problem["l2_reg"] * weights) + problem["l1_reg"]
    return x.T @ residual + problem["l2_reg"] * weights, residual.sum(axis=0), weights, size


@pytest.mark.parametrize(("name", "num_classes"), [("linear_reg", 0), ("logistic_reg", 2), ("logistic_reg", 3)])
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(problem=PROBLEMS)
def test_the_conditions_of_an_optimum_hold(
    encode: Encode, monkeypatch: pytest.MonkeyPatch, name: str, num_classes: int, problem: dict[str, Any]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(linear_reg, "GRAM_COLUMNS", 3000 if problem["narrow"] else 3)
        patch.setattr(logistic_reg, "PRINCIPAL_COLUMNS", 3000 if problem["narrow"] else 3)
        slope, bias_slope, weights, size = optimum_of(encode, problem, name, num_classes)
    # L-BFGS ends at a slope that is small beside the root of the number of rows: of a dozen rows that is more of `size`
    room, l1 = (1e-4 if num_classes else 1e-5) * size, problem["l1_reg"]
    assert (np.abs(slope + l1 * np.sign(weights))[weights != 0] <= room[weights != 0]).all()
    assert (np.abs(slope)[weights == 0] <= l1 + room[weights == 0]).all()
    if problem["fit_intercept"]:
        assert (np.abs(bias_slope) <= 1e-5 * problem["rows"] * (10 if name == "linear_reg" else 1)).all()
