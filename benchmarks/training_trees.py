"""LightGBM through Hagane beside LightGBM alone, on the same rows, threads and parameters.

    python benchmarks/training_trees.py [--rows 500000] [--numbers 20] [--categories 5] [--rounds 100] [--threads 0]

Hagane trains the family on encoded columns on disk, with the curve of both losses and checkpoints; LightGBM alone on a
matrix that lies in memory, `lgb.train` with both splits in `valid_sets`. Both bin the rows themselves and draw rows and
features by the same shares. They take turns; the ratio of each pair (alone / Hagane: 1 is as fast) is told with the
95 % interval of its median, by the clock and by the processor's time.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import NamedTuple

import lightgbm as lgb
import numpy as np

from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.feature import Feature, FeatureKind
from hagane.models import family_options, get_family
from hagane.models.boosted_tree import boosting_parameters
from hagane.models.boosted_tree_options import BoostedTreeOptions
from hagane.models.family import FitContext
from hagane.models.lightgbm_parameters import lightgbm_parameters
from hagane.models.tree_columns import TreeColumns
from peers.contender import Cost, clocked
from peers.pairs import interleaved, median_clock, print_ratios

FAMILY = "boosted_tree_classifier"
SLOTS = 50
EVAL_SHARE = 0.1


class Split(NamedTuple):
    """The same rows both ways."""

    encoded: Encoded
    matrix: np.ndarray
    label: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rows", 500_000), ("numbers", 20), ("categories", 5), ("rounds", 100), ("pairs", 11)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        splits = [
            make_split(Path(folder) / name, arguments, seed, share)
            for seed, (name, share) in enumerate((("train", 1 - EVAL_SHARE), ("eval", EVAL_SHARE)))
        ]
        pairs = interleaved(
            lambda: through_hagane(splits, arguments, Path(folder)), lambda: alone(splits, arguments), arguments.pairs
        )
    print(f"{arguments.rows:,} rows, {arguments.numbers} numbers, {arguments.categories} categories, "
          f"{arguments.rounds} rounds, {arguments.threads or 'all'} threads")  # fmt: skip
    own, by_itself = median_clock(pairs)
    print(f"  hagane {own:6.2f} s, alone {by_itself:6.2f} s")
    print_ratios("of the rate of LightGBM alone", pairs)


def make_split(folder: Path, arguments: argparse.Namespace, seed: int, share: float) -> Split:
    random, n = np.random.default_rng(seed), int(arguments.rows * share)
    dense = random.normal(size=(n, arguments.numbers)).astype(np.float32)
    ids = random.integers(0, SLOTS, (n, arguments.categories))
    signal = dense[:, :6].sum(axis=1) + np.sin(3 * dense[:, 6]) + (ids[:, 0] % 3 == 0) + 2 * random.normal(size=n)
    label = (signal > 0).astype(np.int64)
    features = [
        *(Feature(name=f"x{i}", kind=FeatureKind.DENSE, columns=(f"x{i}",)) for i in range(arguments.numbers)),
        *(
            Feature(name=f"c{i}", kind=FeatureKind.ID, columns=(f"c{i}",), cardinality=SLOTS)
            for i in range(arguments.categories)
        ),
    ]
    writer = EncodedWriter(folder, tuple(features))
    writer.append([*dense.T, *ids.T, label])
    return Split(writer.close(), np.concatenate([dense, ids.astype(np.float32)], axis=1), label)


def chosen(arguments: argparse.Namespace) -> BoostedTreeOptions:
    options = family_options(FAMILY, {"max_iterations": arguments.rounds, "early_stop": False})
    assert isinstance(options, BoostedTreeOptions)
    return options


def context_of(splits: list[Split], arguments: argparse.Namespace, checkpoints: Path | None = None) -> FitContext:
    return FitContext(
        features=splits[0].encoded.features, num_classes=2, num_threads=arguments.threads, checkpoints=checkpoints
    )


def through_hagane(splits: list[Split], arguments: argparse.Namespace, folder: Path) -> Cost:
    with tempfile.TemporaryDirectory(dir=folder) as checkpoints:
        context = context_of(splits, arguments, Path(checkpoints))
        train, evaluation = (split.encoded for split in splits)
        return Cost(**clocked(lambda: get_family(FAMILY).fit(train, evaluation, chosen(arguments), context)))


def alone(splits: list[Split], arguments: argparse.Namespace) -> Cost:
    context, options = context_of(splits, arguments), chosen(arguments)
    columns = TreeColumns(context.features, max_slots=options.max_category_slots, width=1)
    parameters = {
        **lightgbm_parameters(options, columns, len(splits[0].label), context),
        **boosting_parameters(options),
        "objective": "binary",
        "metric": "binary_logloss",
    }

    def work() -> None:
        train, evaluation = splits
        data = lgb.Dataset(train.matrix, train.label, categorical_feature=columns.categorical, params=parameters)
        watched = lgb.Dataset(evaluation.matrix, evaluation.label, reference=data, params=parameters)
        lgb.train(parameters, data, arguments.rounds, [data, watched], ["train", "eval"])

    return Cost(**clocked(work))


if __name__ == "__main__":
    main()
