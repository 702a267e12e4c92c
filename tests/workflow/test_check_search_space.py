"""What is refused in a search space, in the words of a golden file."""

from __future__ import annotations

from pathlib import Path

import pytest

from hagane.errors import SpecError
from hagane.spec.read_yaml import read_yaml
from hagane.workflow.check_search_space import check_search_space, search_space_faults

GOLDEN = Path(__file__).with_name("refused_search_space.txt")
REFUSED = """
data: SELECT * FROM f WHERE x > HPARAM_RANGE(1, 5)
label: HPARAM_CANDIDATES([late, very_late])
defaults: HPARAM_CANDIDATES([hagane, bigquery])
split: {test_fraction: "HPARAM_RANGE(0.1, 0.3)", seed: "HPARAM_RANGE(1, 9)"}
model: {type: logistic_reg, options: {l2_reg: "1 + HPARAM_RANGE(1, 2)"}}
training:
  max_bad_rows_fraction: HPARAM_RANGE(0.1, 0.2)
  device: HPARAM_CANDIDATES([cpu, cuda])
  precision: HPARAM_CANDIDATES([float32, bfloat16])
  strategy: {type: mirrored, num_processes: "HPARAM_RANGE(2, 4)"}
  communication: {compression: "HPARAM_CANDIDATES([none, bfloat16])"}
  checkpoint: {keep: "HPARAM_RANGE(1, 4)"}
  tensorboard: HPARAM_CANDIDATES([true, false])
calibration: {method: "HPARAM_CANDIDATES([platt, isotonic])"}
evaluation: {threshold: "HPARAM_RANGE(0.2, 0.8)"}
serving: {on_error: "HPARAM_CANDIDATES(['refuse', 'null'])"}
tuning: {num_trials: "HPARAM_RANGE(10, 20)"}
"""
ALLOWED = """
data: SELECT 'HPARAM_RANGE(1, 5)' AS said, * FROM f
label: late
transform: {x: "x * HPARAM_RANGE(1, 5)", c: "ML.HASH_BUCKETIZE(c, 9)"}
model: {type: "HPARAM_CANDIDATES(['logistic_reg', 'dnn_classifier'])", options: {l2_reg: "HPARAM_RANGE(1, 2)"}}
training:
  downsample: {rate: "HPARAM_RANGE(0.1, 0.9)"}
  seed: HPARAM_RANGE(1, 9)
outliers: {rules: {far: "x > HPARAM_RANGE(5, 9)"}, z_score: {x: "HPARAM_RANGE(3, 9)"}}
tuning: {features: {c: ["ML.HASH_BUCKETIZE(c, HPARAM_RANGE(2, 9))"]}}
"""


def test_every_refusal_with_its_reason() -> None:
    with pytest.raises(SpecError) as caught:
        check_search_space(read_yaml(REFUSED))
    assert str(caught.value) + "\n" == GOLDEN.read_text()


def test_what_changes_the_model_may_be_searched() -> None:
    assert search_space_faults(read_yaml(ALLOWED)) == []
