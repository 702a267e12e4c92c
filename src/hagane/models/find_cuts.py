"""`find_cuts`: the columns of a user's module, in its exported graph.

A column is an element of a floating-point tensor that has a row for each row of the batch, and that follows from
categories, words or comparisons alone, while none of what it follows from is such a tensor: the first numbers that were
made of what was none. What follows from numbers by arithmetic is no column; the numbers themselves are.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, fx

from hagane.features.emit_gradient import NoGradientError
from hagane.models.module_columns import Cut, Read, evaluate, needed_nodes

Features = frozenset[int]
aten = torch.ops.aten


class FoundCut(NamedTuple):
    """A cut, and the features that it may depend on."""

    cut: Cut
    features: Features


class Observed(NamedTuple):
    """What every node that the output needs answered to two batches of `rows` rows."""

    values: Mapping[fx.Node, tuple[Any, Any]]
    rows: tuple[int, int]

    def is_number(self, node: fx.Node) -> bool:
        """Whether it holds floating-point numbers."""
        value = self.values[node][0]
        parts = value if isinstance(value, tuple | list) else (value,)
        return any(isinstance(part, Tensor) and part.is_floating_point() for part in parts)

    @property
    def sizes(self) -> dict[fx.Node, tuple[int, int]]:
        """Nodes that answer a size, as a number or n and a number: how often n, and what is added."""
        found, (fewer, more) = {}, self.rows
        for node, (first, second) in self.values.items():
            if isinstance(first, int) and not isinstance(first, bool):
                times, rest = divmod(second - first, more - fewer)
                if times in (0, 1) and rest == 0:
                    found[node] = times, first - times * fewer
        return found

    def batch_axis(self, node: fx.Node) -> int | None:
        """The one axis of a tensor that is the batch; None where there is none."""
        first, second = self.values[node]
        if not isinstance(first, Tensor):
            return None
        changed = [axis for axis, sizes in enumerate(zip(first.shape, second.shape, strict=True)) if len({*sizes}) > 1]
        is_batch = len(changed) == 1 and (first.shape[changed[0]], second.shape[changed[0]]) == self.rows
        return changed[0] if is_batch else None


def observe(program: fx.GraphModule, batches: Sequence[tuple[int, Mapping[fx.Node, Tensor]]]) -> Observed:
    """Run the graph on two batches of so many rows."""
    (fewer, first), (more, second) = batches
    nodes = [*first, *needed_nodes([output_of(program)], first)]
    with torch.no_grad():
        pairs = zip(nodes, evaluate(program, first, nodes), evaluate(program, second, nodes), strict=True)
        return Observed({node: (before, after) for node, before, after in pairs}, (fewer, more))


def output_of(program: fx.GraphModule) -> fx.Node:
    """The node of the one answer."""
    (result,) = (node for node in program.graph.nodes if node.op == "output")
    (found,) = result.all_input_nodes
    return found


class Found(NamedTuple):
    """What a graph is taken apart at."""

    reads: Mapping[fx.Node, Read]
    cuts: Sequence[FoundCut]


def find_cuts(
    observed: Observed, output: fx.Node, numbers: fx.Node | None, places: Mapping[fx.Node, Sequence[int]]
) -> Found:
    """Where numbers begin. Raises NoGradientError where the output needs more than numbers and sizes.

    `numbers` is the input of numbers; `places` has the feature of each column of an input.
    """
    features, columns = _features(observed, places)
    cuts = _cuts(observed, features, numbers)
    num_numbers = len(places[numbers]) if numbers is not None else 0
    reads = {node: read for node, chosen in columns.items() if (read := _read(chosen, num_numbers)) is not None}
    known: dict[fx.Node, Any] = {**observed.sizes, **reads, **{each.cut.node: None for each in cuts}}
    needed = set(needed_nodes([output], known))
    for given in places:
        if given in needed:
            readers = (node for node in observed.values if node in needed and _reads_both(node, needed, observed))
            raise NoGradientError(f"{operator_name(next(readers, output))} of what is no number")
    asked = {each for node in needed for each in node.all_input_nodes} | {output}
    return Found(
        {node: each for node, each in reads.items() if node in asked},
        [each for each in cuts if each.cut.node in asked],
    )


def _cuts(observed: Observed, features: Mapping[fx.Node, Features], numbers: fx.Node | None) -> list[FoundCut]:
    flows = {numbers}
    found = []
    for node in observed.values:
        if node.op == "placeholder" or not observed.is_number(node) or not features[node]:
            continue
        axis = observed.batch_axis(node)
        if not flows.isdisjoint(node.all_input_nodes):
            flows.add(node)
        elif axis is not None:
            flows.add(node)
            shape = list(observed.values[node][0].shape)
            del shape[axis]
            found.append(FoundCut(Cut(node=node, axis=axis, shape=tuple(shape)), features[node]))
    return found


def _read(columns: Chosen | None, num_numbers: int) -> Read | None:
    """What a node that chooses columns reads of the numbers; None where it is no stretch of them."""
    if columns is None or not columns.features or columns.features[-1] >= num_numbers:
        return None
    begin, end = columns.features[0], columns.features[-1] + 1
    return Read(begin, end, columns.is_vector) if [*columns.features] == [*range(begin, end)] else None


def operator_name(node: fx.Node) -> str:
    """As torch's documentation has it.

    >>> graph = fx.Graph()
    >>> x = graph.placeholder("x")
    >>> operator_name(graph.call_function(torch.ops.aten.relu.default, (x,)))
    'aten.relu'
    """
    name = getattr(node.target, "name", None)
    text = name() if callable(name) else getattr(node.target, "__name__", str(node.target))
    return text.replace("::", ".").split(".default")[0] if isinstance(text, str) else str(node.target)


def _reads_both(node: fx.Node, needed: set[fx.Node], observed: Observed) -> bool:
    """Whether a node makes numbers of what is no number."""
    return observed.is_number(node) and any(
        each in needed and not observed.is_number(each) for each in node.all_input_nodes
    )


class Chosen(NamedTuple):
    """The features of the columns of a matrix, or of the one column of a vector."""

    features: Sequence[int]
    is_vector: bool = False


def _features(
    observed: Observed, places: Mapping[fx.Node, Sequence[int]]
) -> tuple[dict[fx.Node, Features], dict[fx.Node, Chosen]]:
    """What each node may depend on, and, of those that merely choose columns, which. Sizes depend on nothing."""
    columns = {node: Chosen(features) for node, features in places.items()}
    found: dict[fx.Node, Features] = {}
    sizes = observed.sizes
    for node in observed.values:
        first = node.all_input_nodes[0] if node.all_input_nodes else None
        if node in places:
            found[node] = frozenset(places[node])
        elif node in sizes:
            found[node] = frozenset()
        elif first in columns and (chosen := _chosen(node, columns[first])) is not None:
            columns[node] = chosen
            found[node] = frozenset(chosen.features)
        else:
            found[node] = frozenset().union(*(found[each] for each in node.all_input_nodes))
    return found, columns


def _chosen(node: fx.Node, columns: Chosen) -> Chosen | None:
    """What is left where a node chooses columns, or every row; None for any other node."""
    features = [*columns.features]
    if node.target is aten.select.int and node.args[1] in (1, -1) and not columns.is_vector:
        return Chosen([features[cast(int, node.args[2])]], is_vector=True)
    if node.target is not aten.slice.Tensor:
        return None
    given: list[Any] = [*node.args, *(0, None, None, 1)[len(node.args) - 1 :]]
    _, axis, begin, end, step = given
    if axis == 0:
        return columns if begin in (0, None) and end in (None, sys.maxsize) and step == 1 else None
    is_fixed = not columns.is_vector and not any(isinstance(each, fx.Node) for each in (begin, end, step))
    return Chosen(features[begin:end:step]) if is_fixed else None
