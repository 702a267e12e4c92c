"""`import_xgboost`: an XGBoost model as a bundle's graph, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hagane.bundle.output_column import OutputColumn
from hagane.errors import DataError, Fault
from hagane.features.emit import Emitter, element_type
from hagane.models.tree_graph import tree_attributes
from hagane.models.tree_importance import tree_importance
from hagane.models.xgboost_trees import XgboostModel, read_xgboost
from hagane.types import Column, SqlType
from hagane.workflow.imports.imported_graph import ImportedGraph, finish_graph, imported_signature
from hagane.workflow.imports.raw_columns import RawColumns
from hagane.workflow.tree_importance import TREE_IMPORTANCE_NAME

ANSWER = "predicted_label"
TYPES = {"float": SqlType.FLOAT64, "q": SqlType.FLOAT64, "int": SqlType.INT64, "i": SqlType.BOOL, "c": SqlType.INT64}
"""XGBoost's types of features as columns; a category is its code, where the file does not say what that stands for."""
EXPECTED = "trees as Booster.save_model('model.json') of XGBoost 1.0 or newer writes them, or .ubj"


def import_xgboost(
    path: Path, content: bytes, name: str, inputs: Sequence[Column] = (), outputs: Sequence[Column] = ()
) -> ImportedGraph:
    """The model in `content`, which the file `path` holds, called `name`.

    `inputs` name its features in their order; by default the file's own names. `outputs` name what it answers: one
    column, `predicted_label` by default. A missing value is one to the trees, too. Raises DataError.
    """
    try:
        model = read_xgboost(content)
    except ValueError as error:
        what = f"the model cannot be read: {error}"
        raise DataError(Fault(what=what, where=str(path), expected=EXPECTED)) from None
    columns = _columns(model, inputs, path)
    answer = _answer(model, outputs, path)
    emitter = Emitter()
    raw = RawColumns(emitter, columns)
    parts = [_feature(emitter, raw, column, model.categories.get(place)) for place, column in enumerate(columns)]
    table = parts[0] if len(parts) == 1 else emitter.node("Concat", *parts, axis=1, width=len(parts))
    attributes = tree_attributes(model.trees) | {"nodes_missing_value_tracks_true": model.nan_left.astype(int).tolist()}
    sums = emitter.node("TreeEnsemble", table, domain="ai.onnx.ml", **attributes)
    scores = emitter.node("Add", sums, emitter.constant(model.base))
    tensors = {answer.values[""]: _emit_answer(emitter, model, scores, answer)}
    graph = finish_graph(emitter, raw, (answer,), tensors)
    about = {"producer": f"XGBoost {model.version}".strip(), "objective": model.objective}
    signature = imported_signature("xgboost", name, columns, (answer,))
    names = [column.name for column in columns]
    importance = tree_importance(model.trees, names, np.arange(len(names))).to_json()
    documents = {TREE_IMPORTANCE_NAME: importance}
    return ImportedGraph(model=graph, signature=signature, about=about, documents=documents)


def _columns(model: XgboostModel, inputs: Sequence[Column], path: Path) -> tuple[Column, ...]:
    """The features. Raises DataError where they have no names, or others."""
    count = model.trees.num_features
    if inputs:
        if len(inputs) != count or not all(_is_taken(model, *each) for each in enumerate(inputs)):
            received = f"{len(inputs)}: {', '.join(f'{column.name} {column.type.value}' for column in inputs)}"
            what = "INPUT does not name the model's features"
            texts = [str(place + 1) for place, values in model.categories.items() if isinstance(values[0], str)]
            expected = f"{count} columns of numbers" + (f" (or texts: number {', '.join(texts)})" if texts else "")
            raise DataError(Fault(what=what, where=str(path), expected=expected, received=received))
        return tuple(inputs)
    if not model.feature_names:
        what = f"the file does not name its {count} features"
        step = "name them in their order: INPUT(age FLOAT64, …), or set feature_names before it is saved"
        raise DataError(Fault(what=what, where=str(path), next_step=step))
    kinds = model.feature_types or ("float",) * count
    types = [
        _category_type(model.categories[place]) if place in model.categories else TYPES.get(kind, SqlType.FLOAT64)
        for place, kind in enumerate(kinds)
    ]
    return tuple(map(Column, model.feature_names, types))


def _is_taken(model: XgboostModel, place: int, column: Column) -> bool:
    """Whether a column can hold a feature: numbers, or of a category what its codes stand for."""
    if column.type in (SqlType.FLOAT64, SqlType.INT64, SqlType.BOOL):
        return True
    return place in model.categories and column.type is _category_type(model.categories[place])


def _category_type(values: tuple[str | int, ...]) -> SqlType:
    return SqlType.STRING if values and isinstance(values[0], str) else SqlType.INT64


def _answer(model: XgboostModel, outputs: Sequence[Column], path: Path) -> OutputColumn:
    """The column that is answered. Raises DataError where OUTPUT names another number or type of them."""
    kind = {"softmax": SqlType.FLOAT64.array, "argmax": SqlType.INT64, "hinge": SqlType.INT64}.get(model.link)
    kind = kind or SqlType.FLOAT64
    allowed = {kind, *((SqlType.FLOAT64,) if kind is SqlType.INT64 else ())}
    if outputs and (len(outputs) != 1 or outputs[0].type not in allowed):
        raise DataError(Fault(
            what=f"OUTPUT is not what a model of {model.objective} answers",
            where=str(path),
            expected=f"one column, {kind.value}",
            received=", ".join(f"{column.name} {column.type.value}" for column in outputs),
        ))  # fmt: skip
    return OutputColumn(name=outputs[0].name if outputs else ANSWER, type=outputs[0].type if outputs else kind)


def _feature(emitter: Emitter, raw: RawColumns, column: Column, codes: tuple[str | int, ...] | None) -> str:
    """[n, 1] float64, rounded to float32 as XGBoost's own, NaN where it is missing."""
    value = raw.scalar(column.name)
    nan = emitter.constant(np.float64("nan"))
    if codes is not None and column.type is _category_type(codes):
        value = _code(emitter, value, codes)
    if column.type is SqlType.FLOAT64:
        return emitter.node("Cast", emitter.node("Cast", value, to=_FLOAT), to=_DOUBLE)
    single = emitter.node("Cast", emitter.node("Cast", value, to=_FLOAT), to=_DOUBLE)
    is_known = raw.is_there(column.name)
    if codes is not None and column.type is _category_type(codes):
        is_met = emitter.node("GreaterOrEqual", single, emitter.constant(np.float64(0)))
        is_known = emitter.node("And", is_known, is_met)
    return emitter.node("Where", is_known, single, nan)


def _code(emitter: Emitter, value: str, codes: tuple[str | int, ...]) -> str:
    """[n, 1] int64: the place of a category, -1 of one that training never saw."""
    keys: dict[str, Any] = {"keys_strings": list(codes)} if isinstance(codes[0], str) else {"keys_int64s": list(codes)}
    return emitter.node(
        "LabelEncoder", value, domain="ai.onnx.ml", **keys, values_int64s=list(range(len(codes))), default_int64=-1
    )


def _emit_answer(emitter: Emitter, model: XgboostModel, scores: str, answer: OutputColumn) -> str:
    """[n], or [n, c], from raw scores [n, c]."""
    flat = emitter.constant([-1], np.int64)
    if model.link == "softmax":
        return emitter.node("Softmax", scores, axis=1)
    if model.link == "argmax":
        found = emitter.node("ArgMax", scores, axis=1, keepdims=0)
    elif model.link == "hinge":
        found = emitter.node("Cast", emitter.node("Greater", scores, emitter.constant(np.float64(0))), to=_WHOLE)
    elif model.link == "identity":
        return emitter.node("Reshape", scores, flat)
    else:
        return emitter.node("Reshape", emitter.node({"sigmoid": "Sigmoid", "exp": "Exp"}[model.link], scores), flat)
    found = emitter.node("Reshape", found, flat)
    return emitter.node("Cast", found, to=_DOUBLE) if answer.type is SqlType.FLOAT64 else found


_DOUBLE, _FLOAT, _WHOLE = element_type(np.float64), element_type(np.float32), element_type(np.int64)
