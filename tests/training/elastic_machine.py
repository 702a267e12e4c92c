"""One machine of `test_elastic`: `python elastic_machine.py FOLDER PORT NODES`. Its workspace is FOLDER.

Trains on the rows in FOLDER/../rows and writes the weights to FOLDER/weights.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.models.torch_model import TorchModel
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.spec.spec import Training
from hagane.spec.strategy import Strategy

OPTIONS = {"max_iterations": 6, "dropout": 0.0, "batch_size": 50, "hidden_units": [8], "early_stop": False}


def main(folder: Path, port: str, nodes: str) -> None:
    """Train with whoever meets here."""
    train, evaluation = (Encoded.open(folder.parent / "rows" / part) for part in ("train", "eval"))
    strategy = Strategy(type="multi_worker", num_processes=1, num_nodes=nodes, rendezvous=f"localhost:{port}")
    training = Training(strategy=strategy, checkpoint=CheckpointPolicy(every_seconds=0.2))
    context = FitContext(features=train.features, num_classes=2, checkpoints=folder / "checkpoints", training=training)
    options = family_options("dnn_classifier", OPTIONS)
    model = get_family("dnn_classifier").fit(train, evaluation, options, context)
    assert isinstance(model, TorchModel)
    found = torch.cat([parameter.detach().flatten() for parameter in model.module.parameters()])
    (folder / "weights").write_bytes(found.numpy().tobytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
