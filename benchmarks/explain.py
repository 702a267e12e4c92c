"""How long does an explanation take, beside shap's TreeExplainer, LightGBM's own and captum, and do they agree?

    python benchmarks/explain.py [--rows 2000] [--repeats 3]

Trees: 100 boosted rounds of 31 leaves over 14 numeric columns, one thread each; shap is made to use its own TreeSHAP,
since it otherwise asks LightGBM. A network: 14 columns, three layers of 64, tanh, at 64 points of the way; and
two modules of a user's own, in float32. Both sides
of a ratio are measured in turns, by the processor's time; the best of the repeats counts. shap and captum are
installed once, beside this environment's numpy, torch and LightGBM, in ~/.cache/hagane-benchmark/explain.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from hagane.explanation.integrated_gradients import IntegratedGradients
from hagane.explanation.tree_paths import TreePaths
from hagane.explanation.tree_shap import TreeShap
from hagane.features.emit import Emitter
from hagane.features.emit_gradient import emit_gradient
from hagane.models.dnn_graph import emit_layers
from hagane.models.lightgbm_trees import parse_trees
from hagane.models.tabular_net import TabularNet
from hagane.models.tree_arrays_of import tree_arrays_of
from hagane.runtime.session import Session

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hagane-benchmark" / "explain"
PINS = Path(__file__).parent / "peers" / "explain.txt"
NUM_COLUMNS = 14
POINTS = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with_peers()
    rows = np.random.default_rng(1).normal(size=(arguments.rows, NUM_COLUMNS))
    print(f"{arguments.rows:,} rows; microseconds of the processor a row, and the largest difference from Hagane")
    trees(rows, arguments.repeats)
    network(rows, arguments.repeats)
    own_modules(rows, arguments.repeats)


def with_peers() -> None:
    """This very program again, with the peers beside this environment's own packages."""
    place = CACHE / hashlib.sha256(PINS.read_bytes()).hexdigest()[:16]
    if str(place) in sys.path:
        return
    if not (place / "ready").is_file():
        print(f"installing shap and captum in {place}", flush=True)
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(place), "-r", str(PINS)]
        subprocess.run(install, check=True)
        (place / "ready").touch()
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(place))))
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONPATH": path})


def trees(rows: np.ndarray, repeats: int) -> None:
    """TreeSHAP, path-dependent."""
    import shap

    random = np.random.default_rng(0)
    x = random.normal(size=(20_000, NUM_COLUMNS))
    y = x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + x[:, 3] ** 2 + random.normal(scale=0.3, size=len(x))
    booster = lgb.train({"objective": "regression", "num_leaves": 31, "verbose": -1}, lgb.Dataset(x, y), 100)
    parsed = parse_trees(booster.model_to_string())
    ours = TreeShap(TreePaths.of(tree_arrays_of(parsed, level=np.zeros(1), num_trees=1), 0), NUM_COLUMNS)
    theirs = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent")
    theirs.model.model_type = "internal"
    tell("trees", repeats, rows, {
        "Hagane": ours.attributions,
        "LightGBM pred_contrib": lambda x: booster.predict(x, pred_contrib=True, num_threads=1)[:, :-1],
        "shap TreeExplainer": lambda x: theirs.shap_values(x, check_additivity=False),
    })  # fmt: skip
    one = min(seconds(ours.attributions, rows[:1]) for _ in range(50))
    print(f"  one row by itself   {one * 1e6:10.0f}")


def network(rows: np.ndarray, repeats: int) -> None:
    """Integrated gradients at as many points."""
    import torch
    from captum.attr import IntegratedGradients as Captums

    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = TabularNet(NUM_COLUMNS, [], 1, widths=[], hidden_units=[64, 64, 64], activation="tanh", dropout=0.0,
                     batch_norm=False).double()  # fmt: skip
    emitter = Emitter()
    columns = emitter.input("columns", np.float64, ("n", NUM_COLUMNS))
    raw = emit_layers(emitter, net, columns, dtype=np.float64)
    emitter.output("raw", raw, np.float64, ("n", 1))
    seed = emitter.input("seed", np.float64, ("n", 1))
    emitter.output("gradient", emit_gradient(emitter, raw, columns, seed), np.float64, ("n", NUM_COLUMNS))
    ours = IntegratedGradients(Session(emitter.model().SerializeToString()), 0, 1)
    theirs, zeros = Captums(net.layers), np.zeros(NUM_COLUMNS)

    def captums(x: np.ndarray) -> np.ndarray:
        given = torch.from_numpy(x)
        return theirs.attribute(given, torch.zeros(1, NUM_COLUMNS).double(), 0, n_steps=POINTS).numpy()

    tell(f"a network, {POINTS} points", repeats, rows, {
        "Hagane": lambda x: ours._integrated(x, zeros, POINTS),
        "captum": captums,
    })  # fmt: skip
    tell("a network, as many points as each row needs", repeats, rows, {
        "Hagane": lambda x: ours.attribute(x, zeros).attributions,
    })  # fmt: skip


def own_modules(rows: np.ndarray, repeats: int) -> None:
    """Modules of a user's own, whose gradients torch traced, at as many points."""
    import torch
    from captum.attr import IntegratedGradients as Captums
    from torch import nn

    from hagane.features.feature import Feature, FeatureKind
    from hagane.models.explained_torch_module import explained_torch_module
    from hagane.models.named_features import NamedFeatures
    from hagane.models.torch_inputs import TorchInputs

    class Net(nn.Module):
        def __init__(self, inputs: TorchInputs, layers: nn.Module) -> None:
            super().__init__()
            self.layers = layers

        def forward(self, features: dict[str, torch.Tensor]) -> torch.Tensor:
            return self.layers(features["x"])

    features = [Feature(name=f"x_{i}", kind=FeatureKind.DENSE, columns=(f"x_{i}",)) for i in range(NUM_COLUMNS)]
    inputs = TorchInputs.of(features, num_classes=0)
    attention = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, activation="gelu")
    nets = {
        "layers of 64, GELU": nn.Sequential(nn.Linear(NUM_COLUMNS, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(),
                                            nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 1)),
        "attention over columns": nn.Sequential(nn.Unflatten(1, (NUM_COLUMNS, 1)), nn.Linear(1, 16), attention,
                                                nn.Flatten(), nn.Linear(16 * NUM_COLUMNS, 1)),
    }  # fmt: skip
    for name, layers in nets.items():
        torch.manual_seed(0)
        module = NamedFeatures(Net(inputs, layers), inputs).eval()
        emitter = Emitter()
        columns = emitter.input("columns", np.float64, ("n", NUM_COLUMNS))
        seed = emitter.input("seed", np.float64, ("n", 1))
        raw, gradient = explained_torch_module(module).emit_gradient(emitter, columns, seed)
        emitter.output("raw", raw, np.float64, ("n", 1))
        emitter.output("gradient", gradient, np.float64, ("n", NUM_COLUMNS))
        ours = IntegratedGradients(Session(emitter.model().SerializeToString()), 0, 1, rounding=4e-6)
        theirs = Captums(layers.requires_grad_(False))

        def captums(x: np.ndarray, theirs: Any = theirs) -> np.ndarray:
            given = torch.from_numpy(x).float()
            return theirs.attribute(given, torch.zeros(1, NUM_COLUMNS), 0, n_steps=POINTS).numpy()

        some = rows[: len(rows) // (10 if "attention" in name else 1)]
        tell(f"a module of one's own: {name}, {POINTS} points", repeats, some, {
            "Hagane": lambda x, ours=ours: ours._integrated(x, np.zeros(NUM_COLUMNS), POINTS),
            "captum": captums,
        })  # fmt: skip


def tell(title: str, repeats: int, rows: np.ndarray, contenders: dict[str, Callable[[np.ndarray], Any]]) -> None:
    """A line each, in turns."""
    answers = {name: np.asarray(explain(rows)) for name, explain in contenders.items()}
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(repeats):
        for name, explain in contenders.items():
            best[name] = min(best[name], seconds(explain, rows))
    first = next(iter(contenders))
    print(title)
    for name, took in best.items():
        apart = np.abs(answers[name] - answers[first]).max()
        print(f"  {name:24}{took / len(rows) * 1e6:10.1f}   {took / best[first]:6.2f} x   {apart:.1e}")


def seconds(explain: Callable[[np.ndarray], Any], rows: np.ndarray) -> float:
    began = time.process_time()
    explain(rows)
    return time.process_time() - began


if __name__ == "__main__":
    main()
