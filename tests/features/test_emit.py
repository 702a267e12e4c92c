"""The emitter shares, drops what is not needed, pins versions, and is the only maker of nodes."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import onnx
import pytest

import hagane
from hagane.features.emit import IR_VERSION, OPSETS, Emitter, Extent
from hagane.runtime.session import Session

SOURCES = Path(hagane.__file__).parent
RAW = {
    "Div",
    "Mod",
    "Min",
    "Max",
    "Clip",
    "Sign",
    "Pow",
    "Log",
    "Exp",
    "StringNormalizer",
    "Tokenizer",
    "RegexFullMatch",
}
"""Operators with traps: only `emit_*.py` and the functions that guard them name these."""
GUARDED = {"scalar/numeric.py", "scalar/arithmetic.py", "scalar/ml.py"}


def called_names(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in calls}


def operators(path: Path) -> set[str]:
    """First arguments of `….node("Op", …)`."""
    tree = ast.parse(path.read_text())
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    firsts = [call.args[0] for call in calls if call.func.attr in ("node", "nodes") and call.args]
    return {first.value for first in firsts if isinstance(first, ast.Constant) and isinstance(first.value, str)}


def test_only_the_emitter_makes_nodes() -> None:
    makers = {
        path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*.py") if "make_node" in called_names(path)
    }
    assert makers == {"features/emit.py"}


def test_operators_with_traps_are_named_in_few_places() -> None:
    for path in (SOURCES / "features").rglob("*.py"):
        name = path.relative_to(SOURCES / "features").as_posix()
        if not name.startswith("emit") and name not in GUARDED:
            assert not operators(path) & RAW, name
    everywhere = set().union(*(operators(path) for path in SOURCES.rglob("*.py")))
    assert not everywhere & {"Sin", "Cos", "Tan"}, "these depend on the rows beside them"


def test_equal_nodes_and_constants_are_one() -> None:
    e = Emitter()
    x = e.input("x", np.float64, ("n", 1))
    assert e.constant([[1.0]]) == e.constant(np.array([[1.0]]))
    assert e.constant([[0.0]]) != e.constant([[-0.0]])
    assert e.constant([[1]], np.int64) != e.constant([[1.0]])
    assert e.constant([["a"]], object) == e.constant(np.array([["a"]], object))
    assert e.node("Neg", x) == e.node("Neg", x)
    assert e.node("Gather", x, e.constant([0]), axis=0) != e.node("Gather", x, e.constant([0]), axis=1)


def test_what_no_output_needs_is_left_out() -> None:
    e = Emitter()
    x = e.input("x", np.float64, ("n", 1))
    e.node("Exp", e.node("Add", x, e.constant([[1.0]])))
    e.output("y", e.node("Neg", x), np.float64, ("n", 1))
    graph = e.model().graph
    assert [node.op_type for node in graph.node] == ["Neg", "Identity"]
    assert len(graph.initializer) == 0


def test_versions_are_pinned() -> None:
    e = Emitter()
    e.output("y", e.node("Neg", e.input("x", np.float64, ("n", 1))), np.float64, ("n", 1))
    model = e.model()
    assert {opset.domain: opset.version for opset in model.opset_import} == OPSETS
    assert model.ir_version == IR_VERSION == 10


@pytest.mark.parametrize(
    ("value", "shape"),
    [([1.0, 1.0], (1, 1)), ([1.0, 2.0], (1, 2)), ([0.0, -0.0], (1, 2)), ([np.nan, np.nan], (1, 1)), (7, (1, 1))],
)
def test_row_is_one_value_where_all_are_equal(value: object, shape: tuple[int, int]) -> None:
    e = Emitter()
    name = e.row(value)
    assert e.extent(name) == Extent(False, shape[1])


def test_full_repeats_rows_and_columns() -> None:
    e = Emitter()
    x = e.input("x", np.float64, ("n", 1))
    for name, tensor in {"wide": x, "long": e.row([1.0, 2.0]), "both": e.row(3.0)}.items():
        e.output(name, e.full(tensor, 2), np.float64, ("n", 2))
    assert e.full(x, 1) == x
    got = Session(e.model().SerializeToString()).run({"x": np.array([[5.0], [6.0], [7.0]])}, ["wide", "long", "both"])
    assert got["wide"].tolist() == [[5, 5], [6, 6], [7, 7]]
    assert got["long"].tolist() == [[1, 2]] * 3
    assert got["both"].tolist() == [[3, 3]] * 3


@pytest.mark.parametrize("value", [["é", "", "a"], [1, 2], ["a"], 3, 0.5, "text", b"bytes", [0.5]])
def test_attributes_are_those_of_onnx(value: object) -> None:
    emitter = Emitter()
    text = emitter.input("text", np.dtype(object), ("n", 1))
    emitter.output("out", emitter.node("LabelEncoder", text, domain="ai.onnx.ml", some=value), np.int64, ("n", 1))
    (node,) = [node for node in emitter.model().graph.node if node.op_type == "LabelEncoder"]
    assert node.attribute[0] == onnx.helper.make_attribute("some", value)
