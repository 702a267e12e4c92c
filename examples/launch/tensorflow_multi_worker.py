"""Logistic regression on all workers with TensorFlow's MultiWorkerMirroredStrategy, in a loop of its own.

    hagane launch --workers 1 --python TENSORFLOW/bin/python examples/launch/tensorflow_multi_worker.py

Keras 3's `fit` does not know this strategy. What it needs is in TF_CONFIG: nothing here names an address.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

ROWS, COLUMNS, BATCH, EPOCHS = 4096, 8, 256, 5


def dataset(context: tf.distribute.InputContext) -> tf.data.Dataset:
    """The worker's share of the rows, in its share of a batch."""
    draw = np.random.default_rng(1)
    inputs = draw.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    labels = (inputs @ np.arange(1, COLUMNS + 1, dtype=np.float32) > 0).astype(np.float32)
    rows = tf.data.Dataset.from_tensor_slices((inputs, labels))
    rows = rows.shard(context.num_input_pipelines, context.input_pipeline_id)
    return rows.batch(context.get_per_replica_batch_size(BATCH), drop_remainder=True).repeat()


def main() -> None:
    """Train, and say what every worker ends with."""
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    resolver = strategy.cluster_resolver
    name = f"{resolver.task_type}-{resolver.task_id}"
    with strategy.scope():
        weights = tf.Variable(tf.zeros([COLUMNS, 1]))
        bias = tf.Variable(tf.zeros([1]))
    batches = iter(strategy.distribute_datasets_from_function(dataset))

    @tf.function
    def step(batch: object) -> tf.Tensor:
        def on_worker(inputs: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                scores = tf.squeeze(inputs @ weights + bias, 1)
                losses = tf.nn.sigmoid_cross_entropy_with_logits(labels, scores)
                loss = tf.reduce_sum(losses) / BATCH
            gradients = tape.gradient(loss, [weights, bias])
            summed = tf.distribute.get_replica_context().all_reduce("sum", gradients)
            weights.assign_sub(0.5 * summed[0])
            bias.assign_sub(0.5 * summed[1])
            return loss

        return strategy.reduce("sum", strategy.run(on_worker, args=batch), axis=None)

    for epoch in range(EPOCHS):
        for _ in range(ROWS // BATCH):
            loss = step(next(batches))
        print(f"{name} of {strategy.num_replicas_in_sync}: epoch {epoch} loss {float(loss):.5f}", flush=True)
    print(f"{name} ends with weights that sum to {float(tf.reduce_sum(weights)):.6f}", flush=True)


if __name__ == "__main__":
    main()
