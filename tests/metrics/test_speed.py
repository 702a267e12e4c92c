"""A million rows stay interactive; the limits are several times what two busy cores need."""

import time

import numpy as np
import pytest

from hagane.metrics.average_precision import average_precision
from hagane.metrics.best_threshold import best_threshold
from hagane.metrics.ranked_counts import ranked_counts
from hagane.metrics.roc_auc import roc_auc

NUM_ROWS = 1_000_000


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_ranking_metric_of_a_million_rows_takes_one_sort(dtype):
    generator = np.random.default_rng(0)
    positive = generator.random(NUM_ROWS) < 0.3
    scores = generator.random(NUM_ROWS).astype(dtype)
    start = time.process_time()
    ranked = ranked_counts(positive, scores)
    area, precision, best = roc_auc(ranked), average_precision(ranked), best_threshold(ranked, "f1_score")
    assert time.process_time() - start < 2.0
    assert abs(area - 0.5) < 0.005
    assert abs(precision - 0.3) < 0.005
    assert ranked.thresholds[best] < 0.01
