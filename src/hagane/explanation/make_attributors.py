"""`make_attributors`: the method of a bundle, for each of its raw scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hagane.bundle.bundle import Bundle
from hagane.bundle.check_graph import check_graph
from hagane.errors import BundleError, Fault
from hagane.explanation.attributor import Attributor
from hagane.explanation.explanation_facts import GRADIENT_NAME, TENSORS_NAME, ExplanationFacts
from hagane.explanation.integrated_gradients import IntegratedGradients
from hagane.explanation.linear_attributor import LinearAttributor
from hagane.explanation.tensor_file import read_tensors
from hagane.explanation.tree_arrays import TreeArrays
from hagane.explanation.tree_attributor import TreeAttributor
from hagane.runtime.session import Session


def make_attributors(bundle: Bundle, facts: ExplanationFacts) -> Callable[[int], Attributor]:
    """Raw score → its attributor, made when it is asked for. Raises BundleError where a file does not fit."""
    if facts.method == "integrated_gradients":
        graph = bundle.document(GRADIENT_NAME)
        check_graph(graph)
        session = Session(graph)
        rounding = facts.rounding or (0.0,) * facts.num_raw
        return lambda raw: IntegratedGradients(session, raw, facts.num_raw, rounding=rounding[raw])
    where = str(bundle.folder / TENSORS_NAME)
    tensors = read_tensors(bundle.document(TENSORS_NAME), where)
    try:
        if facts.method == "linear":
            intercept = tensors["intercept"]
            return lambda raw: LinearAttributor(raw, facts.num_raw, intercept=float(intercept[raw]))
        trees = TreeArrays.of(tensors)
    except KeyError as error:
        raise BundleError(Fault(what=f"there is no tensor {error}", where=where, next_step="train again")) from None
    if trees.features.max(initial=0) >= len(facts.owners) or np.any(trees.node_rows < 0):
        raise BundleError(Fault(what="the trees do not fit the model", where=where, next_step="train again"))
    return lambda raw: TreeAttributor(trees, raw, len(facts.owners))
