"""`emit_merged_trees`: the trees of all models of an ensemble in one node.

A node of ONNX Runtime costs a microsecond or more whatever it does, a tree of 31 leaves a tenth of that: what eight
folds of three members cost must not be twenty-four times the nodes that one model has. The columns that the trees of
all models split on stand side by side once; each model's outputs are columns of one tensor.

Shapes: n rows, w columns, c outputs of a model, t outputs of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.features.emit import Emitter, element_type
from hagane.features.feature import Feature, FeatureKind
from hagane.features.graph_ports import SparsePort
from hagane.models.ensemble_member import MemberView
from hagane.models.lightgbm_trees import Trees
from hagane.models.sparse_graph import emit_chosen_slots, emit_entries
from hagane.models.tree_columns import TreeColumns
from hagane.models.tree_graph import emit_columns, tree_attributes
from hagane.models.tree_model import TreeModel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class SeenTrees(NamedTuple):
    """Trees, and which of the ensemble's features they see."""

    model: TreeModel
    view: MemberView


class MergedTrees(NamedTuple):
    """Names of tensors."""

    raw: str
    """[n, t] the raw scores of all models, each one's side by side."""
    starts: tuple[int, ...]
    """At which column each model's begin."""


def emit_merged_trees(
    emitter: Emitter,
    seen: Sequence[SeenTrees],
    features: Sequence[Feature],
    *,
    dense: str | None,
    ids: str | None,
    sparse: Sequence[SparsePort],
) -> MergedTrees:
    """Add all trees as one node; `features` are the ensemble's."""
    columns = _Columns(seen, features)
    trees, targets, levels = [], [], []
    widths = [each.model.trees.num_outputs for each in seen]
    starts = (0, *accumulate(widths))[: len(seen)]
    for number, ((model, _), start, width) in enumerate(zip(seen, starts, widths, strict=True)):
        mean, places = model.learned.mean, columns.places(number)
        divisor = 1 if mean is None else mean.num_trees
        for place, tree in enumerate(model.trees.trees):
            trees.append(tree._replace(features=places[tree.features], leaves=tree.leaves / divisor))
            targets.append(start + place % width)
        levels.append(np.zeros(width) if mean is None else np.asarray(mean.level, np.float64).reshape(-1))
    merged = Trees(tuple(trees), sum(widths), columns.width)
    tensor = columns.emit(emitter, dense, ids, sparse)
    attributes = tree_attributes(merged, np.array(targets, np.int64))
    raw = emitter.node("TreeEnsemble", tensor, domain="ai.onnx.ml", **attributes)
    level = np.concatenate(levels)
    return MergedTrees(emitter.node("Add", raw, emitter.constant(level)) if level.any() else raw, starts)


class _Columns:
    """The columns of all models side by side: those that several have alike stand there once.

    Dense features, ids, the label's means in the slots of categories (each model has learned its own), then the slots
    of sparse features on which some tree splits.
    """

    def __init__(self, seen: Sequence[SeenTrees], features: Sequence[Feature]) -> None:
        self._seen = seen
        sizes = [feature.cardinality for feature in features if feature.kind is FeatureKind.SPARSE]
        self._offsets = [0, *accumulate(sizes)]
        self._dense = sorted({view.dense[place] for model, view in seen for place in range(model.columns.num_dense)})
        self._ids = sorted({view.ids[place] for model, view in seen for place in model.columns.narrow})
        wide = sorted({view.ids[place] for model, view in seen for place in model.columns.wide})
        self._tables = {place: self._tables_of(place) for place in wide}
        used = [self._slots_of(number)[0] for number in range(len(seen))]
        self._slots = np.unique(np.concatenate([np.zeros(0, np.int64), *used]))

    @property
    def width(self) -> int:
        """w."""
        return self._first_slot + len(self._slots)

    @property
    def _first_mean(self) -> int:
        return len(self._dense) + len(self._ids)

    @property
    def _first_slot(self) -> int:
        return self._first_mean + sum(len(table[0]) for _, table in self._tables.values())

    def places(self, number: int) -> Ints:
        """[columns of the model] where each of them stands; 0 for those that no tree looks at."""
        view, columns = self._seen[number].view, self._seen[number].model.columns
        places = np.zeros(columns.num_columns, np.int64)
        at = [self._dense.index(view.dense[place]) for place in range(columns.num_dense)]
        at += [len(self._dense) + self._ids.index(view.ids[place]) for place in columns.narrow]
        start = self._first_mean
        starts = {}
        for place, (firsts, table) in self._tables.items():
            starts[place] = start + firsts.get(number, 0)
            start += table.shape[1]
        for place in columns.wide:
            first = starts[view.ids[place]]
            at += range(first, first + columns.width)
        places[: columns.first_slot] = at
        slots, own = self._slots_of(number)
        places[own] = self._first_slot + np.searchsorted(self._slots, slots)
        return places

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort]) -> str:
        """[n, w] float64."""
        parts = []
        if self._dense:
            assert dense is not None
            chosen = emitter.node("Gather", dense, emitter.constant(np.array(self._dense, np.int64)), axis=1)
            parts.append(emitter.node("Cast", chosen, to=element_type(np.float32)))
        if self._ids:
            assert ids is not None
            parts.append(emitter.node("Gather", ids, emitter.constant(np.array(self._ids, np.int64)), axis=1))
        for place, (_, table) in self._tables.items():
            assert ids is not None
            slot = emitter.node("Gather", ids, emitter.constant(place, np.int64), axis=1)
            parts.append(emitter.node("Gather", emitter.constant(table), slot, axis=0))
        if len(self._slots) or not parts:
            entries = emit_entries(emitter, sparse, self._offsets[: len(sparse)])
            slots = self._slots if len(self._slots) else np.zeros(1, np.int64)
            parts.append(emit_chosen_slots(emitter, entries, slots, self._offsets[-1]))
        return emit_columns(emitter, parts)

    def _tables_of(self, place: int) -> tuple[dict[int, int], Floats]:
        """The means in the slots of one of the ids: model → the first column of its own, and all columns [s, …]."""
        firsts: dict[int, int] = {}
        tables: list[Floats] = []
        width = 0
        for number, (model, view) in enumerate(self._seen):
            for own, means in zip(model.columns.wide, model.learned.means, strict=True):
                if view.ids[own] == place:
                    firsts[number] = width
                    tables.append(np.asarray(means.all_rows, np.float64))
                    width += tables[-1].shape[1]
        return firsts, np.concatenate(tables, axis=1)

    def _slots_of(self, number: int) -> tuple[Ints, Ints]:
        """The slots among those of all sparse features that the model's trees split on; their columns in the model."""
        model, view = self._seen[number]
        columns: TreeColumns = model.columns
        used = np.unique(np.concatenate([np.zeros(0, np.int64), *(tree.features for tree in model.trees.trees)]))
        own = used[used >= columns.first_slot]
        moved = np.array([self._offsets[place] for place in view.sparse], np.int64)
        feature = np.searchsorted(np.array(columns.slot_offsets), own - columns.first_slot, side="right") - 1
        within = own - columns.first_slot - np.array([*columns.slot_offsets, 0], np.int64)[feature]
        return (moved[feature] + within if len(own) else own), own
