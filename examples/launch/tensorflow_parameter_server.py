"""Logistic regression whose weights lie on parameter servers: TensorFlow's ParameterServerStrategy.

    hagane launch --workers 2 --parameter-servers 2 --python TENSORFLOW/bin/python \
        examples/launch/tensorflow_parameter_server.py

The primary replica gives out steps; workers and parameter servers serve it until they are ended. Keras 3's `fit` does
not know this strategy: the loop is the coordinator's.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

ROWS, COLUMNS, BATCH, STEPS = 4096, 8, 256, 80


def serve(resolver: tf.distribute.cluster_resolver.ClusterResolver) -> None:
    """Be a worker or a parameter server until somebody ends this process."""
    server = tf.distribute.Server(
        resolver.cluster_spec(), job_name=resolver.task_type, task_index=resolver.task_id, protocol="grpc", start=True
    )
    print(f"{resolver.task_type}-{resolver.task_id} serves at {server.target}", flush=True)
    server.join()


def dataset() -> tf.data.Dataset:
    """Every worker draws its batches from all rows, in an order of its own."""
    draw = np.random.default_rng(1)
    inputs = draw.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    labels = (inputs @ np.arange(1, COLUMNS + 1, dtype=np.float32) > 0).astype(np.float32)
    return tf.data.Dataset.from_tensor_slices((inputs, labels)).shuffle(ROWS).repeat().batch(BATCH)


def coordinate(resolver: tf.distribute.cluster_resolver.ClusterResolver) -> None:
    """Give out steps, and look at the loss now and then."""
    partitioner = tf.distribute.experimental.partitioners.FixedShardsPartitioner(2)
    strategy = tf.distribute.ParameterServerStrategy(resolver, variable_partitioner=partitioner)
    coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
    with strategy.scope():
        weights = tf.Variable(tf.zeros([COLUMNS, 1]))
        steps = tf.Variable(0, dtype=tf.int64)

    @tf.function
    def step(batches: object) -> tf.Tensor:
        def on_worker(inputs: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                parts = [tf.convert_to_tensor(part) for part in weights.variables]
                tape.watch(parts)
                scores = tf.squeeze(inputs @ tf.concat(parts, 0), 1)
                loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, scores))
            for part, gradient in zip(weights.variables, tape.gradient(loss, parts), strict=True):
                part.assign_sub(0.5 * gradient)
            steps.assign_add(1)
            return loss

        return strategy.run(on_worker, args=next(batches))

    batches = iter(coordinator.create_per_worker_dataset(dataset))
    losses = []
    for _ in range(STEPS // 20):
        scheduled = [coordinator.schedule(step, args=(batches,)) for _ in range(20)]
        coordinator.join()
        losses.append(float(np.mean(coordinator.fetch(scheduled))))
        print(f"after {int(steps.numpy())} steps loss {losses[-1]:.5f}", flush=True)
    places = sorted({part.device for part in weights.variables})
    print(f"the weights lie on {places}", flush=True)


def main() -> None:
    """Do what this replica is for."""
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    if resolver.task_type in ("worker", "ps"):
        serve(resolver)
    else:
        coordinate(resolver)


if __name__ == "__main__":
    main()
