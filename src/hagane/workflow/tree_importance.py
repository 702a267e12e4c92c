"""`bundle_tree_importance`: what a model of trees splits on, as its bundle remembers it."""

from __future__ import annotations

import msgspec

from hagane.bundle.bundle import Bundle
from hagane.errors import BundleError, Fault, SpecError
from hagane.models.tree_importance import TreeImportance

TREE_IMPORTANCE_NAME = "feature_importance.json"
TREES = ("boosted_tree_", "random_forest_", "decision_tree_")


def bundle_tree_importance(bundle: Bundle) -> TreeImportance:
    """Of the features, in their order.

    Raises SpecError for a model that is not made of trees, BundleError for a bundle that was written before this was
    kept.
    """
    kind = bundle.signature.model_type
    if TREE_IMPORTANCE_NAME not in bundle.manifest.files:
        if kind.startswith(TREES):
            what, step = "the bundle was written before the importance of features was kept", "train again"
            raise BundleError(Fault(what=what, where=str(bundle.folder), next_step=step))
        what, expected = "only trees are asked what they split on", "a boosted tree, a random forest or a decision tree"
        step = "ML.GLOBAL_EXPLAIN says how much each column matters to any model"
        raise SpecError(Fault(what=what, where=bundle.name, expected=expected, received=kind, next_step=step))
    try:
        return TreeImportance.from_json(bundle.document(TREE_IMPORTANCE_NAME))
    except msgspec.DecodeError as error:
        what = f"{TREE_IMPORTANCE_NAME} cannot be read: {error}"
        raise BundleError(Fault(what=what, where=str(bundle.folder))) from None
