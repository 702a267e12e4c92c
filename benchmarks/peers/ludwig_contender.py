"""Ludwig's side of `benchmarks/training.py`: its preprocessing and its trainer.

Runs in an environment of its own (`ludwig.txt`), with torch's CPU build. Commands: `prepare` (read the file,
preprocess), `train` (a fresh model on what was prepared; only the epochs are timed, not the evaluations between them,
and nothing is saved), `whole` (`LudwigModel.train` from the file to a saved model, with the ROC AUC of the test rows).
"""

from __future__ import annotations

import logging
import tempfile
import time
from typing import Any

from peers.absent_modules import stand_in
from peers.contender import answer_commands, clocked, take_problem

PROBLEM, ANSWERS = take_problem()
stand_in("torchvision", "torchaudio")

import pandas as pd
import torch
from ludwig.api import LudwigModel
from ludwig.callbacks import Callback

SPLITS = {"TRAIN": 0, "EVAL": 1, "TEST": 2}
NOTHING_SAVED = {
    f"skip_save_{what}": True
    for what in ("training_description", "training_statistics", "model", "progress", "log", "processed_input")
}
torch.set_num_threads(PROBLEM.threads)


class EpochClock(Callback):  # type: ignore[misc]
    """Seconds between each epoch's beginning and the end of its last batch."""

    def __init__(self) -> None:
        self.clock = self.processor = 0.0
        self._begun = (0.0, 0.0)
        self._last = (0.0, 0.0)

    def on_epoch_start(self, *_: object) -> None:
        self._begun = time.perf_counter(), time.process_time()

    def on_batch_end(self, *_: object, **__: object) -> None:
        self._last = time.perf_counter(), time.process_time()

    def on_epoch_end(self, *_: object) -> None:
        self.clock += self._last[0] - self._begun[0]
        self.processor += self._last[1] - self._begun[1]


def config() -> dict[str, Any]:
    """The network that the problem describes."""
    if PROBLEM.kind != "dnn":
        raise ValueError("Ludwig has no wide and deep model")
    numbers = [
        {
            "name": name, "type": "number",
            "preprocessing": {"normalization": "zscore", "missing_value_strategy": "fill_with_mean"},
        }
        for name in PROBLEM.numbers
    ]  # fmt: skip
    categories = [
        {
            "name": name, "type": "category", "encoder": {"type": "dense", "embedding_size": width},
            "preprocessing": {"missing_value_strategy": "fill_with_const", "fill_value": "?"},
        }
        for name, width in PROBLEM.categories.items()
    ]  # fmt: skip
    layers = [
        {"output_size": units, "activation": "relu", "dropout": PROBLEM.dropout} for units in PROBLEM.hidden_units
    ]
    return {
        "input_features": [*numbers, *categories],
        "combiner": {"type": "concat", "flatten_inputs": True, "fc_layers": layers},
        "output_features": [{"name": PROBLEM.label, "type": "binary"}],
        "trainer": {
            "epochs": PROBLEM.epochs,
            "batch_size": PROBLEM.batch_size,
            "eval_batch_size": 8_192,
            "learning_rate": PROBLEM.learn_rate,
            "optimizer": {"type": "adamw", "weight_decay": 0.01},
            "gradient_clipping": {"clipglobalnorm": None},
            "early_stop": -1,
            "evaluate_training_set": False,
        },
        "preprocessing": {"split": {"type": "fixed", "column": "split"}},
    }


def read() -> pd.DataFrame:
    frame = pd.read_parquet(PROBLEM.file)
    frame["split"] = frame.pop("part").map(SPLITS)
    return frame


class Contender:
    """What the commands share."""

    def __init__(self) -> None:
        self.held: Any = None

    def prepare(self) -> dict[str, float]:
        def work() -> None:
            with tempfile.TemporaryDirectory() as folder:
                model = LudwigModel(config(), backend="local", logging_level=logging.ERROR)
                self.held = model.preprocess(read(), output_directory=folder, skip_save_processed_input=True)

        return clocked(work)

    def train(self) -> dict[str, float]:
        clock = EpochClock()
        model = LudwigModel(config(), backend="local", logging_level=logging.ERROR, callbacks=[clock])
        with tempfile.TemporaryDirectory() as folder:
            model.train(
                training_set=self.held.training_set, training_set_metadata=self.held.training_set_metadata,
                output_directory=folder, **NOTHING_SAVED,
            )  # fmt: skip
        return {"clock": clock.clock, "processor": clock.processor}

    def whole(self) -> dict[str, float]:
        scored: list[float] = []

        def work() -> None:
            model = LudwigModel(config(), backend="local", logging_level=logging.ERROR)
            with tempfile.TemporaryDirectory() as folder:
                statistics = model.train(
                    dataset=read(), output_directory=folder, skip_save_processed_input=True
                ).train_stats  # fmt: skip
                scored.append(float(statistics.test[PROBLEM.label]["roc_auc"][-1]))

        return clocked(work) | {"roc_auc": scored[0]}


if __name__ == "__main__":
    contender = Contender()
    answer_commands(ANSWERS, {"prepare": contender.prepare, "train": contender.train, "whole": contender.whole})
