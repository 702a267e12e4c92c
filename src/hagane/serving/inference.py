"""The Open Inference Protocol without its wire: tensors become rows, and predictions the tensors that were asked for.

REST and gRPC are two adapters of this.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from hagane.bundle.faults import path_to
from hagane.bundle.predictions import Predictions
from hagane.errors import Fault, nearest
from hagane.serving.served_model import ServedModel
from hagane.serving.tensor import BYTES, DATATYPES, DTYPES, Tensor
from hagane.serving.tensor_rows import rows_of_columns
from hagane.types import SqlType


class RequestedOutput(NamedTuple):
    """An output that a request names."""

    name: str
    binary: bool = False
    """Its values as bytes behind the JSON, where the wire has JSON."""
    num_classes: int = 0
    """The best so many classes, as texts `probability:index:label`, instead of the probabilities; 0: as it is."""


class TensorFacts(NamedTuple):
    """What metadata tells of a tensor."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    """-1 for any."""


def input_facts(model: ServedModel) -> list[TensorFacts]:
    """A tensor [n] for each column; [n, any] for an array."""
    return [
        TensorFacts(column.name, datatype_of(column.type.element), (-1, -1))
        if column.type.is_array
        else TensorFacts(column.name, datatype_of(column.type), (-1,))
        for column in model.bundle.signature.inputs
    ]


def output_facts(model: ServedModel) -> list[TensorFacts]:
    """What the model answers."""
    return [
        TensorFacts(each.name, datatype_of(each.type), (-1,) if each.width is None else (-1, each.width))
        for each in model.outputs.tensors
    ]


def datatype_of(type_: SqlType) -> str:
    """BYTES for texts, dates and times."""
    return DATATYPES.get(type_, BYTES)


def check_tensor(model: ServedModel, name: str, datatype: str, shape: Sequence[int], faults: list[Fault]) -> bool:
    """Whether the values of such a tensor can be read at all. Raises HttpError 413 for too many rows."""
    if (datatype == BYTES or datatype in DTYPES) and 0 < len(shape) < 3 and min(shape) >= 0:
        if shape[0] > model.max_rows:
            model.check_count(shape[0], path_to("inputs", name))
        return True
    where = path_to("inputs", name)
    if datatype != BYTES and datatype not in DTYPES:
        near, known = nearest(datatype[:20], [BYTES, *DTYPES]), ", ".join((BYTES, *DTYPES))
        what = f"{datatype[:20]!a} is no datatype that is taken"
        faults.append(Fault(what=what, where=f"{where}.datatype", expected="" if near else known, nearest=near))
    if not 0 < len(shape) < 3 or min(shape, default=-1) < 0:
        told = "[rows], or [rows, values of each]"
        what = f"{name} has a shape that no column has"
        faults.append(Fault(what=what, where=f"{where}.shape", expected=told, received=str(list(shape)[:8])))
    return False


def rows_of_tensors(model: ServedModel, tensors: Sequence[Tensor], faults: list[Fault]) -> list[dict[str, Any]]:
    """One dict a row. Tensors of different numbers of rows, or of one name, are added to `faults`."""
    columns: dict[str, object] = {}
    for tensor in tensors:
        if tensor.name in columns:
            where = path_to("inputs", tensor.name)
            faults.append(
                Fault(what=f"the tensor {tensor.name} is there twice", where=where, expected="each name once")
            )
        columns[tensor.name] = tensor.rows(is_array=tensor.name in model.array_names)
    return rows_of_columns(columns, "inputs", faults)


def check_requested(model: ServedModel, requested: Sequence[RequestedOutput], faults: list[Fault]) -> None:
    """Outputs that the model has not, and classes of what has none, are added to `faults`."""
    probs = {each.name for each in model.outputs.tensors if each.type is SqlType.FLOAT64 and each.width is not None}
    for output in requested:
        where = path_to("outputs", output.name)
        if output.name not in model.outputs.names:
            near = nearest(output.name[:100], model.outputs.names)
            expected = "" if near else ", ".join(model.outputs.names)
            what = f"{output.name[:60]!a} is no output of the model"
            faults.append(Fault(what=what, where=where, expected=expected, nearest=near))
        elif output.num_classes and output.name not in probs:
            expected = ", ".join(sorted(probs)) or "an output of a classifier"
            faults.append(Fault(what=f"{output.name} has no classes", where=where, expected=expected))


def answer_tensors(model: ServedModel, predictions: Predictions, requested: Sequence[RequestedOutput]) -> list[Tensor]:
    """The outputs in the order in which they were asked for; all of them where none was."""
    columns = model.outputs.columns(predictions)
    facts = {each.name: each for each in model.outputs.tensors}
    tensors = []
    for output in requested or [RequestedOutput(name) for name in model.outputs.names]:
        values, width = columns[output.name], facts[output.name].width
        if width is None:
            tensors.append(Tensor(output.name, datatype_of(facts[output.name].type), (len(values),), values))
        elif output.num_classes:
            labels = columns[output.name.removesuffix("_probs") + "_labels"]
            count = min(output.num_classes, width)
            best = [each for pair in zip(values, labels, strict=True) for each in _best(*pair, count)]
            tensors.append(Tensor(output.name, BYTES, (len(values), count), best))
        else:
            flat = [each for row in values for each in row]
            tensors.append(Tensor(output.name, datatype_of(facts[output.name].type), (len(values), width), flat))
    return tensors


def _best(probabilities: list[float | None], labels: list[Any], count: int) -> list[str]:
    """The classification extension's texts, the most probable first."""
    rank: Callable[[int], float] = lambda index: probabilities[index] or 0.0  # noqa: E731
    best = heapq.nlargest(count, range(len(labels)), key=rank)
    return [f"{rank(index):f}:{index}:{labels[index]}" for index in best]
