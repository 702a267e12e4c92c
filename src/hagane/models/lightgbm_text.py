"""`lightgbm_text`: trees that were grown elsewhere as LightGBM's model file (format v4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from hagane.models.lightgbm_trees import Tree, Trees

WORD_BITS = 32


def lightgbm_text(trees: Trees, gains: Sequence[npt.NDArray[np.float64]]) -> str:
    """The file; `gains` [m] of each tree are what its splits lowered the loss by.

    >>> one, none = np.zeros(1, np.int64), np.zeros(0, np.int64)
    >>> stump = Tree(one, np.array([0.5]), one + 8, one - 1, one - 2, np.array([1.0, 2.0]), (), one + 7.0, one + 3.5)
    >>> import lightgbm as lgb
    >>> text = lightgbm_text(Trees((stump,), 1, 2), [np.ones(1)])
    >>> lgb.Booster(model_str=text).predict(np.array([[0.0, 9.0], [1.0, 9.0]])).tolist()
    [1.0, 2.0]
    """
    names = [f"Column_{column}" for column in range(trees.num_features)]
    head: dict[str, Iterable[object]] = {
        "version": ["v4"],
        "num_class": [trees.num_outputs],
        "num_tree_per_iteration": [trees.num_outputs],
        "label_index": [0],
        "max_feature_idx": [trees.num_features - 1],
        "feature_names": names,
        "feature_infos": ["none"] * len(names),
    }
    blocks = [_block(number, *each) for number, each in enumerate(zip(trees.trees, gains, strict=True))]
    return "tree\n" + _lines(head) + "\n" + "\n".join(blocks) + "\nend of trees\n"


def _block(number: int, tree: Tree, gains: npt.NDArray[np.float64]) -> str:
    fields: dict[str, Iterable[object]] = {"num_leaves": [len(tree.leaves)], "num_cat": [len(tree.sets)]}
    words = [_words(members) for members in tree.sets]
    if len(tree.features):
        fields |= {
            "split_feature": tree.features,
            "split_gain": gains,
            "threshold": tree.thresholds,
            "decision_type": tree.kinds,
            "left_child": tree.left,
            "right_child": tree.right,
        }
    fields |= {"leaf_value": tree.leaves}
    if len(tree.features):
        fields |= {
            "leaf_count": tree.leaf_rows.astype(np.int64),
            "internal_count": tree.node_rows.astype(np.int64),
        }
    if tree.sets:
        fields |= {
            "cat_boundaries": np.cumsum([0, *map(len, words)]),
            "cat_threshold": np.concatenate(words),
        }
    return f"Tree={number}\n" + _lines({**fields, "is_linear": [0], "shrinkage": [1]})


def _lines(fields: dict[str, Iterable[object]]) -> str:
    return "".join(f"{name}={' '.join(map(_text, values))}\n" for name, values in fields.items())


def _text(value: object) -> str:
    """Numbers so that they are read back as the same."""
    return repr(float(value)) if isinstance(value, float | np.floating) else str(value)


def _words(members: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """A set as a bit field."""
    bits = np.zeros((int(members.max(initial=0)) // WORD_BITS + 1) * WORD_BITS, np.uint8)
    bits[members] = 1
    found: npt.NDArray[np.uint32] = np.packbits(bits, bitorder="little").view("<u4")
    return found
