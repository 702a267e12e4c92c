"""A linear fit that is cut off anywhere goes on to the same bits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from resuming import killed_again_and_again

from hagane.errors import PreemptedError
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family, linear_reg
from hagane.models.family import FitContext
from hagane.models.linear_model import LinearModel
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.spec.spec import Training
from hagane.training.checkpoint_folder import TENSORS_FILE, list_checkpoints

Encode = Callable[..., Encoded]
CARDINALITIES = (5, 12)
SOLVERS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "coordinate descent": ("linear_reg", 3000, {"l1_reg": 5.0, "l2_reg": 0.5}),
    "conjugate gradients": ("linear_reg", 3, {"l2_reg": 2.0}),
    "OWL-QN, least squares": ("linear_reg", 3, {"l1_reg": 5.0, "l2_reg": 0.1}),
    "L-BFGS, two classes": ("logistic_reg", 2, {"l2_reg": 1.0}),
    "L-BFGS, four classes": ("logistic_reg", 4, {"l2_reg": 1.0}),
    "OWL-QN, three classes": ("logistic_reg", 3, {"l1_reg": 2.0, "l2_reg": 0.1}),
    "stopped early": ("logistic_reg", 2, {"early_stop": True, "patience": 2, "l2_reg": 0.0}),
}


class Notice:
    """A notice to end that comes when it is looked for the `after`th time."""

    def __init__(self, after: int) -> None:
        self.after, self.asked = after, 0

    @property
    def requested(self) -> bool:
        self.asked += 1
        return self.asked > self.after


def splits(encode: Encode, name: str, num_classes: int) -> tuple[Encoded, Encoded]:
    def one(seed: int, n: int) -> Encoded:
        random = np.random.default_rng(seed)
        dense = random.normal(size=(n, 4)) @ np.triu(np.ones((4, 4)))
        ids = np.stack([random.integers(0, c, n) for c in CARDINALITIES], axis=1)
        signal = dense @ [1, -0.5, 0.2, 0] + 0.7 * (ids[:, 0] == 2) + random.normal(size=n)
        label = signal
        if name == "logistic_reg":
            label = np.digitize(signal, np.quantile(signal, np.arange(1, num_classes) / num_classes)).astype(np.int64)
        return encode(dense, ids, label, CARDINALITIES, dense_dtype="float64", block_rows=100)

    return one(0, 250), one(1, 80)


def fit(
    case: str, data: tuple[Encoded, Encoded], folder: Path | None = None, notice: Any = None, **policy: Any
) -> LinearModel:
    name, number, options = SOLVERS[case]
    context = FitContext(
        features=data[0].features,
        num_classes=number if name == "logistic_reg" else 0,
        checkpoints=folder,
        preemption=notice,
        training=Training(checkpoint=CheckpointPolicy(**policy)),
    )
    return get_family(name).fit(*data, family_options(name, options), context)


def bits(model: LinearModel) -> tuple[object, ...]:
    losses = [(row.iteration, row.loss, row.eval_loss) for row in model.curve]
    return (*(part.tobytes() for part in model.coefficients), losses, model.best_iteration)


@pytest.mark.parametrize("case", SOLVERS)
def test_cut_off_anywhere_it_goes_on_to_the_same_bits(
    case: str, encode: Encode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two blocks of rows as well as between two iterations: wherever the notice is looked for."""
    name, number, _ = SOLVERS[case]
    monkeypatch.setattr(linear_reg, "GRAM_COLUMNS", number)
    data, whole = splits(encode, name, number), Notice(10**9)
    expected = bits(fit(case, data, notice=whole))
    saved = 0
    for after in range(0, whole.asked, max(1, whole.asked // 25)):
        folder = tmp_path / f"run-{after}"
        with pytest.raises(PreemptedError):
            fit(case, data, folder, Notice(after))
        saved += bool(list_checkpoints(folder))
        assert bits(fit(case, data, folder)) == expected
    assert saved > 5 or case == "coordinate descent"


def test_it_is_cut_off_again_and_again(encode: Encode, tmp_path: Path) -> None:
    """One iteration or so at a time, and what the last process left is damaged once."""
    case = "L-BFGS, two classes"
    data = splits(encode, "logistic_reg", 2)
    expected, cuts = bits(fit(case, data)), 0
    while True:
        try:
            model = fit(case, data, tmp_path, Notice(13), every_seconds=0.0, keep=3)
            break
        except PreemptedError:
            cuts += 1
        if cuts == 3:
            (list_checkpoints(tmp_path)[-1] / TENSORS_FILE).write_bytes(b"")
    assert cuts > 4
    assert bits(model) == expected
    assert len(list_checkpoints(tmp_path)) <= 3


def test_what_it_says_when_it_is_told_to_end(encode: Encode, tmp_path: Path) -> None:
    data = splits(encode, "logistic_reg", 2)
    with pytest.raises(PreemptedError, match="saved its state") as raised:
        fit("L-BFGS, two classes", data, tmp_path, Notice(40))
    assert raised.value.faults[0].next_step == "run the same command again: it goes on from there"
    with pytest.raises(PreemptedError) as raised:
        fit("L-BFGS, two classes", data, None, Notice(40))
    assert raised.value.faults[0].next_step == "start it again"


SCRIPT = """
import sys, time
from pathlib import Path
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.spec.spec import Training
folder = Path(sys.argv[1])
train = Encoded.open(folder / "train")
training = Training(checkpoint=CheckpointPolicy(every_seconds=0.0))
context = FitContext(features=train.features, num_classes=3, checkpoints=folder / "checkpoints", training=training)
model = get_family("logistic_reg").fit(train, None, family_options("logistic_reg", {"l2_reg": 0.01}), context)
assert "torch" not in sys.modules
sys.stdout.write(b"".join(part.tobytes() for part in model.coefficients).hex())
"""


def write_data(folder: Path) -> None:
    from small_encoder import write

    random = np.random.default_rng(0)
    dense, ids = random.normal(size=(20_000, 6)), random.integers(0, 30, (20_000, 2))
    label = np.digitize(dense.sum(axis=1) + (ids[:, 0] % 3) + random.normal(size=20_000), [0, 2]).astype(np.int64)
    write(folder / "train", dense, ids, label, (30, 30), dense_dtype="float64", block_rows=2000)


def start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder)], stdout=subprocess.PIPE)


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    """kill -9, at moments that fall anywhere in it; and a linear model does not load torch."""
    write_data(tmp_path / "whole")
    write_data(tmp_path / "cut")
    expected, _ = start(tmp_path / "whole").communicate()
    assert expected
    found, kills = killed_again_and_again(
        lambda: start(tmp_path / "cut"), tmp_path / "cut" / "checkpoints", most=8, seconds=0.05
    )
    assert found == expected
    assert kills >= 2
