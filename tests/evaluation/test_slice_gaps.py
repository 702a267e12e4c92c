"""Slices that do worse: against scipy's test, and how often chance is taken for a gap."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hagane.evaluation import evaluate
from hagane.evaluation.slice_gaps import slice_gaps, worse_slices


def test_a_gap_is_welchs() -> None:
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, 5_000)
    losses = random.exponential(1 + 0.05 * codes)
    for index, gap in enumerate(slice_gaps(losses, codes, 4)):
        assert gap is not None
        inside, outside = losses[codes == index], losses[codes != index]
        theirs = stats.ttest_ind(inside, outside, equal_var=False, alternative="greater")
        assert gap.gap == pytest.approx(inside.mean() - outside.mean())
        assert gap.p_value == pytest.approx(theirs.pvalue, abs=2e-3)


def test_where_nothing_is_worse_hardly_anything_is_called_so_and_a_real_gap_is() -> None:
    random = np.random.default_rng(1)
    alarms = 0
    for _ in range(200):
        columns = [random.integers(0, 5, 400) for _ in range(3)]
        losses = random.normal(1, 0.5, 400)
        alarms += any(any(found) for found in worse_slices([slice_gaps(losses, codes, 5) for codes in columns]))
    assert alarms <= 22  # 5 % of 200 is 10
    codes = np.repeat([0, 1, 2], [900, 80, 5])
    losses = random.normal(1, 0.5, 985) + 0.4 * (codes == 1) + 3 * (codes == 2)
    assert [*worse_slices([slice_gaps(losses, codes, 3)])] == [[False, True, False]]  # five rows tell nothing


@pytest.mark.parametrize("kind", ["binary", "several", "number"])
def test_the_slices_of_an_evaluation_say_it(kind: str) -> None:
    random = np.random.default_rng(2)
    place = np.where(random.random(3_000) < 0.2, "south", "north").astype(object)
    noise = np.where(place == "south", 0.9, 0.3)
    if kind == "number":
        labels = random.normal(size=3_000)
        result = evaluate(
            labels, labels + noise * random.normal(size=3_000), task="regression", slices={"place": place}
        )
    else:
        count = 2 if kind == "binary" else 3
        labels = random.integers(0, count, 3_000)
        scores = np.eye(count)[labels] * 2 / noise[:, None] + random.normal(size=(3_000, count))
        scores = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        result = evaluate(labels, scores, task="classification", slices={"place": place})
    slices = {each.value: each for each in result.slices[0].slices}
    assert (slices["south"].is_worse, slices["north"].is_worse) == (True, False)
    assert slices["south"].loss_gap == pytest.approx(-slices["north"].loss_gap)
