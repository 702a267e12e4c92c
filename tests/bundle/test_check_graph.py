"""Graphs that reach outside themselves are refused before ONNX Runtime sees them."""

from __future__ import annotations

import contextlib

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from hagane.bundle.check_graph import check_graph
from hagane.bundle.wire import field_bytes
from hagane.errors import BundleError
from hagane.features.emit import Emitter


def small_model() -> onnx.ModelProto:
    emitter = Emitter()
    x = emitter.input("x", np.float32, ("n", 2))
    emitter.output("y", emitter.node("Add", x, emitter.constant(np.float32([1, 2]))), np.float32, ("n", 2))
    return emitter.model()


def external(tensor: TensorProto) -> TensorProto:
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return tensor


def test_a_plain_model_passes() -> None:
    check_graph(small_model().SerializeToString())


def test_external_initializers() -> None:
    model = small_model()
    external(model.graph.initializer[0])
    with pytest.raises(BundleError, match="kept in another file"):
        check_graph(model.SerializeToString())


def test_external_tensors_deep_inside() -> None:
    model = small_model()
    inner = helper.make_graph([], "inner", [], [], [external(helper.make_tensor("t", TensorProto.FLOAT, [1], [1.0]))])
    model.graph.node.append(helper.make_node("If", ["c"], ["z"], then_branch=inner, else_branch=inner))
    with pytest.raises(BundleError, match="kept in another file"):
        check_graph(model.SerializeToString())
    model = small_model()
    constant = external(helper.make_tensor("t", TensorProto.FLOAT, [1], [1.0]))
    model.graph.node.append(helper.make_node("Constant", [], ["z"], value=constant))
    with pytest.raises(BundleError, match="kept in another file"):
        check_graph(model.SerializeToString())


def test_foreign_operators() -> None:
    model = small_model()
    model.graph.node.append(helper.make_node("Run", ["x"], ["z"], domain="evil.ops"))
    model.opset_import.append(helper.make_opsetid("evil.ops", 1))
    with pytest.raises(BundleError, match=r"operators of 'evil\.ops' are not ONNX Runtime's own"):
        check_graph(model.SerializeToString())


def test_attributes_of_every_wire_type_are_skipped_over() -> None:
    model = small_model()
    model.graph.node.append(
        helper.make_node("Any", ["x"], ["z"], f=1.5, i=-1, s="text", floats=[1.0, 2.0], ints=[1, 2**62], strings=["a"])
    )
    check_graph(model.SerializeToString())


def test_a_tensor_behind_the_numbers_of_trees_is_found() -> None:
    """Runs of numbers and modes are passed over as one, and what stands between or behind them is looked at."""
    model = small_model()
    node = model.graph.node.add(op_type="TreeEnsembleRegressor", domain="ai.onnx.ml")
    attribute = node.attribute.add(name="nodes", type=onnx.AttributeProto.INTS)
    attribute.ints.extend([0, 1, 127, 128, -1, 2**62] * 50)
    attribute.floats.extend([0.0, 1.5, float("nan")] * 50)
    attribute.strings.extend([b"LEAF", b"BRANCH_EQ", b"BRANCH_LEQ", b"BRANCH_GTE", b"", b"other"] * 20)
    check_graph(model.SerializeToString())
    attribute.tensors.append(external(helper.make_tensor("t", TensorProto.FLOAT, [1], [1.0])))
    with pytest.raises(BundleError, match="kept in another file"):
        check_graph(model.SerializeToString())


@given(st.lists(st.integers(-(2**63), 2**63 - 1)), st.lists(st.floats(width=32)), st.binary(max_size=12))
def test_what_is_passed_over_is_whole_fields(ints: list[int], floats: list[float], rest: bytes) -> None:
    """Whatever numbers stand before it, the rest is judged as if it stood alone."""
    numbers = onnx.AttributeProto(ints=ints, floats=floats).SerializeToString()

    def judged(attribute: bytes) -> str:
        try:
            check_graph(field_bytes(7, field_bytes(1, field_bytes(5, attribute))))
        except BundleError as error:
            return str(error)
        return "passed"

    assert judged(numbers + rest) == judged(rest)


@given(st.binary(max_size=200))
def test_any_bytes_are_judged_without_another_exception(content: bytes) -> None:
    with contextlib.suppress(BundleError):  # what the outline lets through and is no model, ONNX Runtime refuses
        check_graph(content)


@given(st.data())
def test_a_cut_model_is_judged_without_another_exception(data: st.DataObject) -> None:
    content = bytearray(small_model().SerializeToString())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        check_graph(bytes(content[: data.draw(st.integers(0, len(content)))]))
    except BundleError as error:
        told = error.faults
    else:
        told = ("none",)  # type: ignore[assignment]
    assert told
