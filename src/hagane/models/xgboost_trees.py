"""`read_xgboost`: an XGBoost model from its JSON or UBJSON, without XGBoost.

Its format is that of `Booster.save_model` from XGBoost 1.0 on (its own `doc/model.schema`). A value goes left where it
is below the threshold, compared in float32; a category where it is *not* in the node's set; what is missing where the
node says. Leaves are added up in float64 here, in float32 there.
"""

from __future__ import annotations

import itertools
import json
import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.models.lightgbm_trees import CATEGORICAL, DEFAULT_LEFT, MISSING_NAN, Tree, Trees
from hagane.models.ubjson import read_ubjson

Floats = npt.NDArray[np.float64]
BINARY_MARKS = b"iUIlLN$#"
"""What may follow the brace of an object in UBJSON; in JSON it is a blank or a quotation mark."""
LOG_ODDS = ("binary:logistic", "binary:logitraw", "reg:logistic", "binary:hinge")
LOGS = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft")
LINKS = {
    **dict.fromkeys(("binary:logistic", "reg:logistic"), "sigmoid"),
    "binary:hinge": "hinge",
    **dict.fromkeys(LOGS, "exp"),
    "multi:softprob": "softmax",
    "multi:softmax": "argmax",
    **dict.fromkeys(
        (
            *("reg:squarederror", "reg:linear", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror"),
            *("reg:quantileerror", "binary:logitraw", "rank:pairwise", "rank:ndcg", "rank:map"),
        ),
        "identity",
    ),
}
"""Objective → what makes an answer of the raw score."""


class XgboostModel(NamedTuple):
    """The trees, with what stands around them."""

    trees: Trees
    nan_left: npt.NDArray[np.bool_]
    """[nodes of all trees] where missing values go, as the trees have left and right; one for a tree without splits."""
    base: Floats
    """[c] what the trees are added to."""
    link: str
    feature_names: tuple[str, ...]
    """() where the file names none."""
    feature_types: tuple[str, ...]
    """XGBoost's: `float`, `int`, `i` (0 or 1), `q`, `c` (a category); () where it tells none."""
    categories: dict[int, tuple[str | int, ...]]
    """Feature → what its codes 0, 1, … stand for, where the file says so."""
    objective: str
    version: str


def read_xgboost(content: bytes) -> XgboostModel:
    """The model in a file. Raises ValueError, with a reason, for a file that is none, or one of another kind."""
    try:
        is_text = content[:1] == b"{" and content[1:2] not in BINARY_MARKS
        document = json.loads(content) if is_text else read_ubjson(content)
    except (json.JSONDecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ValueError(f"it is neither JSON nor UBJSON of XGBoost ({error})") from None
    try:
        return _model(document)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"it is no model of XGBoost, or a damaged one ({type(error).__name__}: {error})") from None


def _model(document: Any) -> XgboostModel:
    learner = document["learner"]
    booster = learner["gradient_booster"]
    if booster["name"] not in ("gbtree", "dart"):
        raise ValueError(f"its booster is '{booster['name']}': trees alone (gbtree, dart) are read")
    scales = np.asarray(booster.get("weight_drop", []), np.float64)
    model = booster["gbtree"]["model"] if booster["name"] == "dart" else booster["model"]
    objective = learner["objective"]["name"]
    if objective not in LINKS:
        raise ValueError(f"its objective is '{objective}': what makes answers of its scores is not known here")
    about = learner["learner_model_param"]
    num_outputs = max(1, int(about["num_class"]))
    if int(about.get("num_target", 1)) > 1:
        raise ValueError("it predicts several targets at once")
    read = [_tree(each, float(scales[number]) if len(scales) else 1.0) for number, each in enumerate(model["trees"])]
    if not read:
        raise ValueError("it has no trees")
    ordered, nan_left = _by_output(read, np.asarray(model["tree_info"], np.int64), num_outputs)
    return XgboostModel(
        trees=Trees(ordered, num_outputs, int(about["num_feature"])),
        nan_left=nan_left,
        base=_base(about["base_score"], objective, num_outputs),
        link=LINKS[objective],
        feature_names=tuple(learner.get("feature_names", ())),
        feature_types=tuple(learner.get("feature_types", ())),
        categories=_categories(model.get("cats")),
        objective=objective,
        version=".".join(str(int(part)) for part in document.get("version", ())),
    )


def _by_output(
    read: list[tuple[Tree, npt.NDArray[np.bool_]]], outputs: npt.NDArray[np.int64], num_outputs: int
) -> tuple[tuple[Tree, ...], npt.NDArray[np.bool_]]:
    """Trees so that number t is of output t mod c: those of each in turn, with empty ones where one has fewer."""
    by_output = [[each for each, output in zip(read, outputs, strict=True) if output == number]
                 for number in range(num_outputs)]  # fmt: skip
    rounds = max(map(len, by_output))
    nothing = (_empty_tree(), np.zeros(1, np.bool_))
    turns = [trees[turn] if turn < len(trees) else nothing for turn in range(rounds) for trees in by_output]
    return tuple(tree for tree, _ in turns), np.concatenate([goes for _, goes in turns])


def _tree(fields: Any, scale: float) -> tuple[Tree, npt.NDArray[np.bool_]]:
    """A tree, and where missing values go at each of its nodes."""
    if int(fields["tree_param"].get("size_leaf_vector", 1)) > 1:
        raise ValueError("its leaves hold several numbers (multi_output_tree)")
    left, right, split, default = (
        np.asarray(fields[name]) for name in ("left_children", "right_children", "split_indices", "default_left")
    )
    conditions = np.asarray(fields["split_conditions"], np.float32)
    inner, leaves = np.flatnonzero(left != -1), np.flatnonzero(left == -1)
    number = np.empty(len(left), np.int64)
    number[inner], number[leaves] = np.arange(len(inner)), ~np.arange(len(leaves))
    values = conditions[leaves].astype(np.float64) * scale
    if not len(inner):
        return _empty_tree(values[0] if len(values) else 0.0), np.zeros(1, np.bool_)
    left, right, default = number[left[inner]], number[right[inner]], default[inner].astype(bool)
    # x < t in float32 is x <= the number before t
    thresholds = np.nextafter(conditions[inner], np.float32(-np.inf)).astype(np.float64)
    kinds = np.where(default, DEFAULT_LEFT, 0) | MISSING_NAN << 2
    sets = _sets(fields)
    for place, node in enumerate(number[list(sets)]):
        left[node], right[node] = right[node], left[node]
        default[node] = not default[node]
        thresholds[node], kinds[node] = place, CATEGORICAL
    hessians = np.asarray(fields.get("sum_hessian", np.ones(len(number))), np.float64)
    gains = np.asarray(fields.get("loss_changes", np.zeros(len(number))), np.float64)
    tree = Tree(
        features=split[inner].astype(np.int64), thresholds=thresholds, kinds=kinds, left=left, right=right,
        leaves=values, sets=tuple(sets.values()), node_rows=hessians[inner], leaf_rows=hessians[leaves],
        gains=gains[inner], node_weights=hessians[inner],
    )  # fmt: skip
    return tree, default


def _sets(fields: Any) -> dict[int, npt.NDArray[np.int64]]:
    """Node → the categories that go right."""
    categories = np.asarray(fields.get("categories", ()), np.int64)
    starts, sizes = fields.get("categories_segments", ()), fields.get("categories_sizes", ())
    return {
        int(node): np.sort(categories[int(start) : int(start) + int(size)])
        for node, start, size in zip(fields.get("categories_nodes", ()), starts, sizes, strict=True)
    }


def _empty_tree(leaf: float = 0.0) -> Tree:
    none, nowhere = np.zeros(0), np.zeros(0, np.int64)
    return Tree(nowhere, none, nowhere, nowhere, nowhere, np.array([leaf]), (), none, none)


def _base(text: Any, objective: str, num_outputs: int) -> Floats:
    """[c] raw scores: the file has what they come to."""
    given = np.array([float(part) for part in str(text).strip("[]").split(",")])
    if objective in LOG_ODDS:
        given = np.array([math.log(each / (1 - each)) for each in given])
    elif objective in LOGS:
        given = np.log(given)
    return np.broadcast_to(given, num_outputs).astype(np.float64)


def _categories(cats: Any) -> dict[int, tuple[str | int, ...]]:
    """From XGBoost 3.1 on: what the codes of each feature stand for, texts as bytes with offsets."""
    found: dict[int, tuple[str | int, ...]] = {}
    for feature, each in enumerate(cats["enc"] if cats else ()):
        values, offsets = each.get("values", ()), [int(offset) for offset in each.get("offsets", ())]
        if len(offsets) > 1:
            content = bytes(int(value) & 0xFF for value in values)
            found[feature] = tuple(content[start:end].decode() for start, end in itertools.pairwise(offsets))
        elif len(values) and all(float(value).is_integer() for value in values):
            found[feature] = tuple(int(value) for value in values)
    return found
