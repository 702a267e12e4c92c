"""Runs compiled expressions over plain Python values; the feature tests' own modules stand beside them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hagane.features.compiler import DTYPES, Compiler, Lane
from hagane.features.emit import Emitter
from hagane.runtime.layout import ColumnData, InputLayout
from hagane.runtime.session import Session
from hagane.sql.expression import Expression
from hagane.types import Column, SqlType

sys.path.insert(0, str(Path(__file__).parent))

Columns = Mapping[str, tuple[SqlType, Sequence[Any]]]


class Graph:
    """Expressions compiled over the columns of given types, run by `Session`."""

    def __init__(self, expressions: Sequence[Expression], types: Mapping[str, SqlType]) -> None:
        self.layout = InputLayout(tuple(Column(name, type_) for name, type_ in types.items()))
        self.emitter = Emitter()
        self.lanes: list[Lane] = Compiler(self.emitter, self.layout).compile(expressions)
        self._outputs: dict[str, str] = {}
        for lane in self.lanes:
            value = lane.value
            self._declare(value.data, DTYPES[value.type], value.width)
            for tensor in (value.valid, value.error):
                if tensor is not None:
                    self._declare(tensor, np.bool_, value.width)
        self.model = self.emitter.model()
        self.session = Session(self.model.SerializeToString())

    @property
    def num_nodes(self) -> int:
        return len(self.model.graph.node) - len(self._outputs)

    def run(self, columns: Mapping[str, Sequence[Any]]) -> list[tuple[list[Any], list[bool]]]:
        """Each expression's values (None where NULL) and errors."""
        tensors = self.tensors(columns)
        rows = len(next(iter(columns.values())))
        answers = []
        for value, index in self.lanes:
            data = tensors[self._outputs[value.data]]
            data = data[:, index].tolist()
            valid, error = (
                [default] * rows if name is None else tensors[self._outputs[name]][:, index].tolist()
                for name, default in ((value.valid, True), (value.error, False))
            )
            answers.append(([d if v else None for d, v in zip(data, valid, strict=True)], error))
        return answers

    def tensors(self, columns: Mapping[str, Sequence[Any]]) -> dict[str, np.ndarray]:
        feed = {column.name: column_data(column.type, columns[column.name]) for column in self.layout.columns}
        return self.session.run(self.layout.feed(feed), list(dict.fromkeys(self._outputs.values())))

    def _declare(self, tensor: str, dtype: Any, width: int) -> None:
        if tensor not in self._outputs:
            self._outputs[tensor] = f"out.{tensor}"
            self.emitter.output(f"out.{tensor}", tensor, dtype, ("n", width))


def column_data(type_: SqlType, values: Sequence[Any]) -> ColumnData:
    if type_ is SqlType.FLOAT64:
        return ColumnData(np.array([math.nan if value is None else value for value in values], np.float64))
    valid = np.array([value is not None for value in values], np.bool_)
    if type_ is SqlType.STRING:
        data = np.empty(len(values), object)
        data[:] = ["" if value is None else value for value in values]
        return ColumnData(data, valid)
    return ColumnData(np.array([0 if value is None else int(value) for value in values], np.int64), valid)


Evaluate = Callable[..., tuple[list[Any], list[bool]]]


@pytest.fixture(name="evaluate")
def evaluate_fixture() -> Evaluate:
    """evaluate(expression, x=(type, values), …) → (values with None for NULL, errors)."""

    def evaluate(expression: Expression, **columns: tuple[SqlType, Sequence[Any]]) -> tuple[list[Any], list[bool]]:
        graph = Graph([expression], {name: type_ for name, (type_, _) in columns.items()})
        return graph.run({name: values for name, (_, values) in columns.items()})[0]

    return evaluate


@pytest.fixture(name="graph_of")
def graph_fixture() -> type[Graph]:
    """The class that compiles several expressions together."""
    return Graph
