"""What does an ensemble cost at serving: one row through its graph, the graph's size, and the time to load it?

    python benchmarks/ensembles.py [--rows 4000] [--folds 8] [--repeats 5]

Boosted trees (300 rounds), two of them, a network and a linear model over 12 numbers and three categories, one after
another and all together, each as one model and as so many folds. Microseconds are the processor's; the best of the
repeats counts; a row is padded as the server pads it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from hagane.features.emit import Emitter
from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.feature import Feature, FeatureKind
from hagane.models import family_options, get_family
from hagane.models.ensemble_model import EnsembleModel
from hagane.models.family import FitContext
from hagane.models.tree_model import TreeModel
from hagane.runtime.session import Session

SIZES = (8, 40, 300)
NUM_DENSE = 12
CALLS = 200
TREES = {"max_iterations": 300, "early_stop": False}
MEMBERS: dict[str, list[dict[str, Any]]] = {
    "boosted trees": [{"type": "boosted_tree_classifier", "options": TREES}],
    "two of them": [
        {"type": "boosted_tree_classifier", "options": TREES},
        {"type": "boosted_tree_classifier", "options": {**TREES, "num_leaves": 15}, "seed": 3},
    ],
    "network": [{"type": "dnn_classifier", "options": {"max_iterations": 2}}],
    "linear": [{"type": "logistic_reg"}],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4_000)
    parser.add_argument("--folds", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    every = [member for name, members in MEMBERS.items() if name != "boosted trees" for member in members]
    print(f"{'members':<15} folds  nodes  trees    MiB  load, ms  one row, us")
    with tempfile.TemporaryDirectory() as folder:
        train = encoded(Path(folder), arguments.rows)
        for name, members in (MEMBERS | {"all": every}).items():
            for folds in (0, arguments.folds):
                measure(name, fitted(train, members, folds), folds, arguments.repeats)


def encoded(folder: Path, num_rows: int) -> Encoded:
    """Rows of a signal that all kinds of members find."""
    random = np.random.default_rng(0)
    dense = random.normal(size=(num_rows, NUM_DENSE))
    ids = [random.integers(0, size, num_rows) for size in SIZES]
    label = (dense[:, :4].sum(axis=1) + ids[1] % 3 + 2 * random.normal(size=num_rows) > 1).astype(np.int64)
    names = [f"x{number}" for number in range(NUM_DENSE)]
    features = [Feature(name=name, kind=FeatureKind.DENSE, columns=(name,)) for name in names]
    features += [Feature(name=f"c{size}", kind=FeatureKind.ID, columns=("c",), cardinality=size) for size in SIZES]
    writer = EncodedWriter(folder, tuple(features), dense_dtype="float64")
    writer.append([*dense.T, *ids, label])
    return writer.close()


def fitted(train: Encoded, members: list[dict[str, Any]], folds: int) -> EnsembleModel:
    family = get_family("ensemble_classifier")
    context = FitContext(features=train.features, num_classes=2, num_threads=1)
    model = family.fit(train, None, family_options(family, {"members": members, "folds": folds}), context)
    assert isinstance(model, EnsembleModel)
    return model


def measure(name: str, model: EnsembleModel, folds: int, repeats: int) -> None:
    serialized, num_nodes = graph(model)
    begun = time.process_time()
    session = Session(serialized)
    load = time.process_time() - begun
    best = min(one_row(session) for _ in range(repeats))
    num_trees = sum(len(each.trees.trees) for m in model.members for each in m.models if isinstance(each, TreeModel))
    print(f"{name:<15} {folds:>5} {num_nodes:>6} {num_trees:>6} {len(serialized) / 2**20:>6.1f} {1e3 * load:>9.1f} "
          f"{1e6 * best:>12.0f}", flush=True)  # fmt: skip


def graph(model: EnsembleModel) -> tuple[bytes, int]:
    """The model's graph, and how many nodes it has."""
    emitter = Emitter()
    dense = emitter.input("dense", np.float64, ("n", NUM_DENSE))
    ids = emitter.input("ids", np.int64, ("n", len(SIZES)))
    emitter.output("scores", model.emit(emitter, dense, ids), np.float64, ("n", 2))
    made = emitter.model()
    return made.SerializeToString(), len(made.graph.node)


def one_row(session: Session) -> float:
    """Seconds a call."""
    random = np.random.default_rng(1)
    feed = {"dense": random.normal(size=(1, NUM_DENSE)), "ids": np.array([[1, 2, 3]])}
    for _ in range(20):
        session.run(feed, ["scores"])
    begun = time.process_time()
    for _ in range(CALLS):
        session.run(feed, ["scores"])
    return (time.process_time() - begun) / CALLS


if __name__ == "__main__":
    main()
