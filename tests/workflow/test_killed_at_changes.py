"""A training that is killed before a change of its files: while a folder is half made, a lock just let go."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="what has loaded its libraries is forked"),
]
PROGRAM = Path(__file__).with_name("killed_at_changes.py")
FAMILIES: dict[str, tuple[dict[str, Any], int]] = {
    "dnn_classifier": ({"max_iterations": 2, "early_stop": False}, 11),
    "boosted_tree_classifier": ({"max_iterations": 10, "early_stop": False}, 23),
    "logistic_reg": ({"l1_reg": 1.0}, 23),
}
"""Options, and how many changes from one moment to the next."""


@pytest.mark.parametrize("family", FAMILIES)
def test_killed_before_a_change_the_next_training_has_the_same_bits_and_leaves_nothing(
    family: str, tmp_path: Path
) -> None:
    options, stride = FAMILIES[family]
    spec = write_spec(tmp_path, family, options)
    command = [sys.executable, str(PROGRAM), str(tmp_path / "places"), str(spec), str(1 + stride // 2), str(stride)]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    undisturbed, *moments = map(json.loads, said.stdout.splitlines())
    assert undisturbed["left"] == []
    assert [each["killed"] for each in moments] == [-9] * (len(moments) - 1) + [0]
    assert len(moments) > 4
    for each in moments:
        assert each["code"] == 0, (each, said.stderr)
        assert each["versions"] == each["registered"] + 1, each
        assert (each["different"], each["left"]) == ([], []), each


def write_spec(folder: Path, family: str, options: dict[str, Any]) -> Path:
    draw, n = np.random.default_rng(5), 1_000
    wind, distance, carrier = draw.normal(10, 5, n), draw.integers(100, 4_000, n), draw.choice(list("ABCDEFGH"), n)
    late = wind + distance / 500 + (carrier == "B") * 5 + draw.normal(0, 4, n) > 15
    pq.write_table(
        pa.table({"wind": wind, "distance": distance, "carrier": carrier, "late": late}), folder / "f.parquet"
    )
    path = folder / "spec.yaml"
    model = json.dumps({"type": family, "options": options})
    path.write_text(
        f"data: {folder / 'f.parquet'}\nlabel: late\ntraining: {{checkpoint: {{every_steps: 3}}}}\nmodel: {model}\n"
    )
    return path
