"""`emit_members`: what each member of an ensemble answers, in few nodes.

Shapes: n rows, k models of a member (one a fold), c classes or outputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hagane.features.emit import Emitter, element_type
from hagane.features.emit_row_totals import emit_row_totals
from hagane.features.feature import Feature
from hagane.features.graph_ports import SparsePort
from hagane.models.ensemble_member import FittedMember
from hagane.models.merged_trees import MergedTrees, SeenTrees, emit_merged_trees
from hagane.models.tree_model import TreeModel

ONE_OUTPUT = ("identity", "exp", "sigmoid", "share")
"""Links of a raw score to a score: of all models of a member they are taken at once."""


def emit_members(
    emitter: Emitter,
    members: Sequence[FittedMember],
    features: Sequence[Feature],
    *,
    dense: str | None,
    ids: str | None,
    sparse: Sequence[SparsePort],
) -> list[str]:
    """[n] or [n, c] float64 of each member."""
    seen = [SeenTrees(model, member.view) for member in members for model in trees_of(member)]
    merged = emit_merged_trees(emitter, seen, features, dense=dense, ids=ids, sparse=sparse) if seen else None
    answers, first = [], 0
    for member in members:
        if models := trees_of(member):
            assert merged is not None
            answers.append(_emit_trees(emitter, models, merged, first))
            first += len(models)
        else:
            answers.append(member.emit(emitter, dense, ids, sparse))
    return answers


def trees_of(member: FittedMember) -> list[TreeModel]:
    """The models of a member of trees; none of any other."""
    return [model for model in member.models if isinstance(model, TreeModel)]


def _emit_trees(emitter: Emitter, models: Sequence[TreeModel], merged: MergedTrees, first: int) -> str:
    """The mean of the models' scores, whose raw ones begin with those of model number `first` of all."""
    link, width = models[0].link, models[0].trees.num_outputs
    start = merged.starts[first]
    if link in ONE_OUTPUT and width == 1:
        return _emit_mean_of_columns(emitter, _columns(emitter, merged.raw, start, len(models)), link, len(models))
    scores = [
        emitter.node(
            "Cast",
            model.emit_link(emitter, _columns(emitter, merged.raw, start + number * width, width)),
            to=element_type(np.float64),
        )
        for number, model in enumerate(models)
    ]
    if len(scores) == 1:
        return scores[0]
    return emitter.node("Div", emitter.node("Sum", *scores), emitter.constant(np.float64(len(scores))))


def _emit_mean_of_columns(emitter: Emitter, raw: str, link: str, num_models: int) -> str:
    """[n] or [n, 2] from raw scores [n, k], by the link of all models: see `tree_graph.emit_link`."""
    zero, one = (emitter.constant(np.float64(value)) for value in (0, 1))
    scores = {
        "identity": lambda: raw,
        "exp": lambda: emitter.node("Exp", raw),
        "sigmoid": lambda: emitter.node("Sigmoid", raw),
        "share": lambda: emitter.node("Clip", raw, zero, one),
    }[link]()
    if num_models > 1:
        total = emit_row_totals(emitter, scores)
        scores = emitter.node("Div", total, emitter.constant(np.float64(num_models)))
    if link in ("identity", "exp"):
        return emitter.node("Reshape", scores, emitter.constant(np.array([-1], np.int64)))
    return emitter.node("Concat", emitter.node("Sub", one, scores), scores, axis=1)


def _columns(emitter: Emitter, tensor: str, start: int, width: int) -> str:
    """[n, width] from `start` on."""
    first, end, axis = (emitter.constant([value], np.int64) for value in (start, start + width, 1))
    return emitter.node("Slice", tensor, first, end, axis)
