"""`ModuleColumns`: a user's module taken apart, into what looks things up and what computes.

Integrated gradients need columns of numbers that a row can be moved through: numbers as they are, and of categories
and words what the module makes of them first: an embedding's output, a one-hot vector, a sum of words (`find_cuts` says
which tensors those are). From there on everything is arithmetic, which torch knows the gradient of.

Shapes: n rows, w columns, c outputs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx


@dataclass(frozen=True, kw_only=True, eq=False)
class Cut:
    """A tensor of the graph whose elements are taken for columns."""

    node: fx.Node
    axis: int
    """Which of its axes is the batch."""
    shape: tuple[int, ...]
    """Of one row."""

    @property
    def width(self) -> int:
        """Columns that it makes."""
        return math.prod(self.shape)

    def flat(self, value: Tensor) -> Tensor:
        """[n, width]."""
        return value.movedim(self.axis, 0).reshape(-1, self.width)

    def restored(self, columns: Tensor) -> Tensor:
        """The tensor again, of [n, width]."""
        return columns.reshape(-1, *self.shape).movedim(0, self.axis)


class Read(NamedTuple):
    """Columns `begin` to `end` of the numbers, as a node of the graph has them."""

    begin: int
    end: int
    is_vector: bool
    """[n] of one column, not [n, 1]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModuleColumns:
    """The graph of a module, and the tensors in it that its columns are: the numbers first, then each cut's."""

    program: fx.GraphModule
    inputs: tuple[fx.Node, ...]
    """Of the tensors that are there: numbers, ids, three of each sparse feature."""
    output: fx.Node
    num_dense: int
    """Columns of the first input, where that is of numbers; else 0."""
    reads: Mapping[fx.Node, Read]
    """Which of those columns the rest of the graph reads by which node."""
    cuts: tuple[Cut, ...]
    sizes: Mapping[fx.Node, tuple[int, int]]
    """Sizes of what is not there behind the columns: how often the batch's rows, and what is added."""

    @property
    def width(self) -> int:
        """w."""
        return self.num_dense + sum(cut.width for cut in self.cuts)

    def columns(self, *tensors: Tensor) -> Tensor:
        """[n, w] of the tensors that are there."""
        given = dict(zip(self.inputs, tensors, strict=True))
        found = evaluate(self.program, given, [cut.node for cut in self.cuts])
        parts = [cut.flat(value) for cut, value in zip(self.cuts, found, strict=True)]
        return torch.cat([tensors[0], *parts] if self.num_dense else parts, dim=1)

    def answer(self, columns: Tensor) -> Tensor:
        """[n, c] of [n, w], by what comes behind the columns alone."""
        rows, at = columns.shape[0], self._bounds
        given: dict[fx.Node, Any] = {node: times * rows + more for node, (times, more) in self.sizes.items()}
        parts = columns.split([end - begin for begin, end in pairwise(at)], dim=1)
        for node, (begin, end, is_vector) in self.reads.items():
            read = _together(parts[at.index(begin) : at.index(end)])
            given[node] = read.squeeze(1) if is_vector else read
        begin = self.num_dense
        for cut in self.cuts:
            given[cut.node] = cut.restored(_together(parts[at.index(begin) : at.index(begin + cut.width)]))
            begin += cut.width
        (found,) = evaluate(self.program, given, [self.output])
        answer: Tensor = found
        return answer

    @property
    def _bounds(self) -> list[int]:
        """Where columns are taken apart: in one go, whose gradient is one concatenation."""
        ends = accumulate((cut.width for cut in self.cuts), initial=self.num_dense)
        return sorted({0, self.width, *ends, *(bound for read in self.reads.values() for bound in read[:2])})


def _together(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), dim=1)


def needed_nodes(wanted: Sequence[fx.Node], given: Mapping[fx.Node, Any]) -> list[fx.Node]:
    """What has to be computed for `wanted` where `given` is known, in the graph's order."""
    found, left = set(), list(wanted)
    while left:
        node = left.pop()
        if node not in found and node not in given:
            found.add(node)
            left += node.all_input_nodes
    return [node for node in (wanted[0].graph.nodes if wanted else ()) if node in found]


def evaluate(program: fx.GraphModule, given: Mapping[fx.Node, Any], wanted: Sequence[fx.Node]) -> list[Any]:
    """The values of `wanted` where those of `given` are these."""
    interpreter = fx.Interpreter(program, garbage_collect_values=False)
    interpreter.env = dict(given)
    for node in needed_nodes(wanted, given):
        interpreter.env[node] = interpreter.run_node(node)
    return [interpreter.env[node] for node in wanted]
