"""Jensen-Shannon and L-infinity of given histograms against TensorFlow Data Validation itself (`make test-tfdv`)."""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hagane.monitoring.distribution import Bucket, Categories, Distribution, Histogram
from hagane.monitoring.measures import get_measure

TFDV = os.environ.get("HAGANE_TFDV", "")
pytestmark = pytest.mark.skipif(not TFDV, reason="run by `make test-tfdv`, which has TFDV in an environment of its own")
PROGRAM = Path(__file__).with_name("tfdv_program.py")
NUM_CASES = 400


def histogram(random: np.random.Generator) -> Histogram:
    """Ascending buckets, some of one value, some empty, some with a gap between; now and then to infinity."""
    edges = np.sort(np.round(random.normal(0, 3, 2 * random.integers(1, 12)), random.integers(0, 4)))
    edges[-1] = math.inf if random.random() < 0.05 else edges[-1]
    has_gaps = random.random() < 0.5
    sides = [*(zip(edges[::2], edges[1::2], strict=True) if has_gaps else itertools.pairwise(edges))]
    counts = np.where(random.random(len(sides)) < 0.15, 0.0, np.round(random.gamma(1.0, 40.0, len(sides)), 3))
    counts[0] += 1.0
    return Histogram(tuple(Bucket(float(low), float(high), float(count)) for (low, high), count in zip(
        sides, counts, strict=True)))  # fmt: skip


def categories(random: np.random.Generator) -> Categories:
    values = random.choice([*"abcdefgh", "日本", "a b"], random.integers(1, 9), replace=False)
    return Categories({str(value): float(random.integers(1, 500)) for value in values})


def cases() -> list[tuple[str, Distribution, Distribution]]:
    random = np.random.default_rng(33)
    made: list[tuple[str, Distribution, Distribution]] = []
    for number in range(NUM_CASES):
        if number % 2:
            made.append(("JENSEN_SHANNON_DIVERGENCE", histogram(random), histogram(random)))
        else:
            made.append((("L_INFTY", "JENSEN_SHANNON_DIVERGENCE")[number // 2 % 2], categories(random),
                         categories(random)))  # fmt: skip
    return made


def plain(side: Distribution) -> dict[str, Any]:
    if isinstance(side, Categories):
        return {"counts": side.counts}
    return {"buckets": [(bucket.low, bucket.high, bucket.count) for bucket in side.buckets]}


def test_the_values_are_tensorflow_data_validations() -> None:
    made = cases()
    asked = [json.dumps({"measure": name, "base": plain(base), "study": plain(study)}) for name, base, study in made]
    command = [TFDV, str(PROGRAM)]
    done = subprocess.run(command, input="\n".join(asked), capture_output=True, text=True, timeout=300, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == NUM_CASES
    for (name, base, study), expected in zip(made, told, strict=True):
        found = get_measure(name)(base, study)
        assert expected is not None
        assert found == pytest.approx(expected, abs=1e-9), (name, base, study)
    assert 0.1 < float(np.mean(told)) < 0.9, "the cases are of all kinds"
