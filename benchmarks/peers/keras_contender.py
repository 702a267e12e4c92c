"""Keras's side of `benchmarks/training.py`: its preprocessing layers (Normalization, StringLookup) and `fit`.

Runs in an environment of its own (`keras.txt`), on TensorFlow. Commands: `prepare` (read the file, adapt the layers,
encode the training rows), `train` (a fresh network on what was prepared; its functions are traced before the clock
starts), `whole` (from the file to a saved model that takes raw columns, with the ROC AUC of the test rows).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from typing import Any

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""}

from peers.contender import answer_commands, clocked, take_problem

PROBLEM, ANSWERS = take_problem()

import keras
import numpy as np
import pyarrow.parquet as pq
import tensorflow as tf

FTRL_RATE = 0.1
tf.config.threading.set_intra_op_parallelism_threads(PROBLEM.threads)
tf.config.threading.set_inter_op_parallelism_threads(PROBLEM.threads)
keras.utils.set_random_seed(42)


class WideDeep(keras.Model):  # type: ignore[misc]
    """A network and a linear model whose logits are added up, each moved by an optimizer of its own."""

    def __init__(self, deep: keras.Model, wide: keras.Model) -> None:
        super().__init__()
        self.deep, self.wide = deep, wide
        self.ftrl = keras.optimizers.Ftrl(FTRL_RATE)

    def build(self, shape: Any = None) -> None:
        self.ftrl.build(self.wide.trainable_variables)
        self.built = True

    def call(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        return self.deep(inputs, training=training) + self.wide(inputs["ids"])

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        deep, wide = self.deep.trainable_variables, self.wide.trainable_variables
        gradients = tape.gradient(loss, [*deep, *wide])
        self.optimizer.apply(gradients[: len(deep)], deep)
        self.ftrl.apply(gradients[len(deep) :], wide)
        return {"loss": loss}


class Prepared:
    """The file's rows, and layers that have seen those to train on."""

    def __init__(self) -> None:
        frame = pq.read_table(PROBLEM.file).to_pandas()
        part = frame.pop("part")
        means = frame.loc[part == "TRAIN", PROBLEM.numbers].mean()
        self.numbers = frame[PROBLEM.numbers].fillna(means).to_numpy(np.float32)
        self.texts = {name: frame[name].fillna("").astype(object).to_numpy() for name in PROBLEM.categories}
        self.label = frame[PROBLEM.label].to_numpy(np.float32)
        self.rows = {name: np.flatnonzero(part == name) for name in ("TRAIN", "EVAL", "TEST")}
        train = self.rows["TRAIN"]
        self.scaler = keras.layers.Normalization()
        self.scaler.adapt(self.numbers[train])
        self.lookups = {name: keras.layers.StringLookup() for name in PROBLEM.categories}
        for name, lookup in self.lookups.items():
            lookup.adapt(self.texts[name][train])

    def raw(self, part: str) -> tuple[dict[str, Any], Any]:
        """Raw columns and labels."""
        rows = self.rows[part]
        return {
            "numbers": self.numbers[rows], **{name: each[rows] for name, each in self.texts.items()}
        }, self.label[rows]  # fmt: skip

    def encode(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Scaled numbers [n, d] and ids [n, k]."""
        ids = [self.lookups[name](tf.reshape(raw[name], (-1, 1))) for name in PROBLEM.categories]
        return {"numbers": self.scaler(raw["numbers"]), "ids": tf.concat(ids, axis=1)}

    def encoded(self, part: str) -> tuple[dict[str, Any], Any]:
        """The same for rows of the file, as arrays."""
        raw, label = self.raw(part)
        return {name: each.numpy() for name, each in self.encode(raw).items()}, label


def make_model(prepared: Prepared) -> keras.Model:
    """Fresh, compiled, its training function traced."""
    numbers = keras.Input((len(PROBLEM.numbers),), name="numbers")
    ids = keras.Input((len(PROBLEM.categories),), name="ids", dtype="int64")
    sizes = [prepared.lookups[name].vocabulary_size() for name in PROBLEM.categories]
    parts = [numbers]
    for place, (size, width) in enumerate(zip(sizes, PROBLEM.categories.values(), strict=True)):
        parts.append(keras.layers.Embedding(size, width)(ids[:, place]))
    x = keras.layers.Concatenate()(parts)
    for units in PROBLEM.hidden_units:
        x = keras.layers.Dropout(PROBLEM.dropout)(keras.layers.Dense(units, activation="relu")(x))
    model = keras.Model({"numbers": numbers, "ids": ids}, keras.layers.Dense(1)(x))
    if PROBLEM.kind == "wide":
        model = WideDeep(model, linear(sizes))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(PROBLEM.learn_rate, weight_decay=0.01), loss)
    return model


def linear(sizes: list[int]) -> keras.Model:
    """A weight for each slot of each category, added up; all begin at 0."""
    ids = keras.Input((len(sizes),), dtype="int64")
    starts = np.cumsum([0, *sizes[:-1]])
    weights = keras.layers.Embedding(sum(sizes), 1, embeddings_initializer="zeros")(ids + starts)
    return keras.Model(ids, keras.ops.sum(weights, axis=1))


class Contender:
    """What the commands share."""

    def __init__(self) -> None:
        self.held: tuple[Prepared, tuple[dict[str, Any], Any]] | None = None

    def prepare(self) -> dict[str, float]:
        def work() -> None:
            prepared = Prepared()
            self.held = prepared, prepared.encoded("TRAIN")

        return clocked(work)

    def train(self) -> dict[str, float]:
        assert self.held is not None
        prepared, (inputs, label) = self.held
        model = make_model(prepared)
        few = slice(0, 2 * PROBLEM.batch_size)
        fit(model, {name: each[few] for name, each in inputs.items()}, label[few], 1)
        return clocked(lambda: fit(model, inputs, label, PROBLEM.epochs))

    def whole(self) -> dict[str, float]:
        scored: list[float] = []

        def work() -> None:
            prepared = Prepared()
            inputs, label = prepared.encoded("TRAIN")
            model = make_model(prepared)
            fit(model, inputs, label, PROBLEM.epochs, validation_data=prepared.encoded("EVAL"))
            scored.append(score(prepared, model))
            with tempfile.TemporaryDirectory() as folder:
                whole_model(prepared, model).export(folder, verbose=False)

        return clocked(work) | {"roc_auc": scored[0]}


def fit(model: keras.Model, inputs: Mapping[str, Any], label: Any, epochs: int, **more: Any) -> None:
    model.fit(inputs, label, batch_size=PROBLEM.batch_size, epochs=epochs, shuffle=True, verbose=0, **more)


def score(prepared: Prepared, model: keras.Model) -> float:
    """ROC AUC of the test rows."""
    inputs, label = prepared.encoded("TEST")
    logits = model.predict(inputs, batch_size=8_192, verbose=0)
    area = keras.metrics.AUC(num_thresholds=2_000, from_logits=True)
    area.update_state(label, logits)
    return float(area.result())


def whole_model(prepared: Prepared, model: keras.Model) -> keras.Model:
    """Raw columns → probability of the label."""
    raw = {"numbers": keras.Input((len(PROBLEM.numbers),), name="numbers")}
    raw |= {name: keras.Input((1,), name=name, dtype="string") for name in PROBLEM.categories}
    ids = keras.layers.Concatenate()([prepared.lookups[name](raw[name]) for name in PROBLEM.categories])
    logit = model({"numbers": prepared.scaler(raw["numbers"]), "ids": ids})
    return keras.Model(raw, keras.layers.Activation("sigmoid")(logit))


if __name__ == "__main__":
    contender = Contender()
    answer_commands(ANSWERS, {"prepare": contender.prepare, "train": contender.train, "whole": contender.whole})
