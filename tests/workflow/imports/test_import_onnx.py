"""ONNX models of others beside ONNX Runtime on the very file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pyarrow as pa
import pytest
import torch
from onnx import TensorProto as Type
from onnx import helper, numpy_helper

from hagane.bundle.bundle import Bundle
from hagane.errors import DataError, SpecError
from hagane.types import Column, SqlType
from hagane.workflow.imports.import_model import import_model, origin_of
from hagane.workflow.predict_stream import predict_stream
from hagane.workspace.workspace import Workspace

WEIGHTS = np.arange(6, dtype=np.float32).reshape(3, 2) / 7
value = helper.make_tensor_value_info


def save(
    path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], *, opset: int = 17, ml: int = 3, **tensors: Any
) -> Path:
    held = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    graph = helper.make_graph(nodes, "theirs", inputs, outputs, held)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", ml)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="someone"), path)
    return path


@pytest.fixture
def product(tmp_path: Path) -> Path:
    return save(
        tmp_path / "product.onnx",
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        [value("x", Type.FLOAT, ["n", 3])],
        [value("y", Type.FLOAT, ["n", 2])],
        w=WEIGHTS,
    )


def imported(path: Path, workspace: Workspace, **settings: Any) -> Bundle:
    return Bundle.load(import_model(path, workspace, name="m", **settings).path)


def test_an_array_in_an_array_out(product: Path, workspace: Workspace) -> None:
    bundle = imported(product, workspace)
    assert [(each.name, each.type) for each in bundle.signature.inputs] == [("x", SqlType.ARRAY_FLOAT64)]
    rows = np.random.default_rng(0).normal(size=(9, 3))
    expected = ort.InferenceSession(product).run(None, {"x": rows.astype(np.float32)})[0]
    found = bundle.predict([{"x": row.tolist()} for row in rows]).rows()
    assert np.allclose([row["y"] for row in found], expected, rtol=1e-6)
    origin = origin_of(bundle)
    assert origin is not None
    assert origin.about == {"producer": "someone", "operators": "ai.onnx 21, ai.onnx.ml 3"}
    assert bundle.predict([dict(bundle.signature.example)]).rows() == [{"y": [0.0, 0.0]}]


def test_ml_predict_answers_it_and_rows_that_do_not_fit_are_null(product: Path, workspace: Workspace) -> None:
    bundle = imported(product, workspace)
    rows = pa.table({"id": [1, 2, 3, 4], "x": pa.array([[1.0, 2, 3], [1.0], None, [1.0, 2, 3, 4]])})
    stream = predict_stream(bundle, rows.schema, rows.to_batches)
    assert stream.schema.names == ["y", "id", "x"]
    table = stream.read_all()
    expected = (np.array([1, 2, 3], np.float32) @ WEIGHTS).tolist()
    assert table["y"].to_pylist() == [pytest.approx(expected), None, None, None]
    assert table["id"].to_pylist() == [1, 2, 3, 4]


def test_its_array_may_be_filled_from_columns(product: Path, workspace: Workspace) -> None:
    bundle = imported(product, workspace, inputs=[Column(name, SqlType.FLOAT64) for name in "abc"])
    assert bundle.signature.names == ("a", "b", "c")
    found = bundle.predict([{"a": 1, "b": 2, "c": 3}]).rows()[0]["y"]
    assert found == pytest.approx((np.array([1, 2, 3], np.float32) @ WEIGHTS).tolist())
    with pytest.raises(DataError, match="do not fill the input 'x'"):
        imported(product, workspace, inputs=[Column("a", SqlType.FLOAT64)])


def test_every_type_of_scalar(tmp_path: Path, workspace: Workspace) -> None:
    kinds = {"f": Type.FLOAT, "d": Type.DOUBLE, "i": Type.INT32, "b": Type.BOOL, "s": Type.STRING}
    shapes = {name: ["n", 1] if name in "fs" else ["n"] for name in kinds}
    path = save(
        tmp_path / "m.onnx",
        [helper.make_node("Identity", [name], [f"{name}_out"]) for name in kinds],
        [value(name, kind, shapes[name]) for name, kind in kinds.items()],
        [value(f"{name}_out", kind, shapes[name]) for name, kind in kinds.items()],
    )
    bundle = imported(path, workspace)
    assert [each.type.value for each in bundle.signature.inputs] == ["FLOAT64", "FLOAT64", "INT64", "BOOL", "STRING"]
    found = bundle.predict(
        [{"f": 0.5, "d": 0.1, "i": 7, "b": True, "s": "x"}, {"f": None, "d": 1, "i": 0, "b": False, "s": ""}]
    )
    assert found.rows() == [
        {"f_out": 0.5, "d_out": 0.1, "i_out": 7, "b_out": True, "s_out": "x"},
        {"f_out": None, "d_out": 1.0, "i_out": 0, "b_out": False, "s_out": ""},
    ]
    assert bundle.predict([{"f": 1, "d": 1, "i": None, "b": True, "s": "x"}], on_error="null").row_errors.all()


@pytest.mark.parametrize("classes", [["no", "yes"], [10, 20]])
def test_scikit_learns_map_of_probabilities(classes: list[Any], tmp_path: Path, workspace: Workspace) -> None:
    """As skl2onnx writes a logistic regression."""
    texts = isinstance(classes[0], str)
    labels: dict[str, Any] = {"classlabels_strings" if texts else "classlabels_ints": classes}
    keys: dict[str, Any] = {"classlabels_strings" if texts else "classlabels_int64s": classes}
    coefficients = {"coefficients": [-1.0, 0.5, 1.0, -0.5], "intercepts": [-0.1, 0.1], "post_transform": "LOGISTIC"}
    nodes = [
        helper.make_node("LinearClassifier", ["x"], ["label", "p"], domain="ai.onnx.ml", **coefficients, **labels),
        helper.make_node("Normalizer", ["p"], ["q"], domain="ai.onnx.ml", norm="L1"),
        helper.make_node("ZipMap", ["q"], ["output_probability"], domain="ai.onnx.ml", **keys),
        helper.make_node("Identity", ["label"], ["output_label"]),
    ]
    key, number = (Type.STRING if texts else Type.INT64), helper.make_tensor_type_proto(Type.FLOAT, [])
    kind = helper.make_sequence_type_proto(helper.make_map_type_proto(key, number))
    outputs = [value("output_label", key, ["n"]), helper.make_value_info("output_probability", kind)]
    path = save(tmp_path / "m.onnx", nodes, [value("x", Type.FLOAT, ["n", 2])], outputs, ml=1)
    bundle = imported(path, workspace)
    rows = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    label, maps = ort.InferenceSession(path).run(None, {"x": rows})
    found = bundle.predict([{"x": row.tolist()} for row in rows]).rows()
    assert [row["output_label"] for row in found] == label.tolist()
    for row, expected in zip(found, maps, strict=True):
        assert {each["label"]: each["prob"] for each in row["output_probability"]} == pytest.approx(expected, rel=1e-6)


class Pixels(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Conv2d(1, 2, 3)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.layer(image[:, None])).sum(dim=(2, 3))


@pytest.mark.slow
def test_a_network_over_images_that_torch_exported(tmp_path: Path, workspace: Workspace) -> None:
    torch.manual_seed(0)
    network, images = Pixels().eval(), torch.randn(6, 5, 4)
    batch = torch.export.Dim("batch", min=1, max=4096)
    torch.onnx.export(network, (images,), tmp_path / "m.onnx", input_names=["image"], output_names=["score"],
                      dynamo=True, dynamic_shapes={"image": {0: batch}}, verbose=False)  # fmt: skip
    bundle = imported(tmp_path / "m.onnx", workspace)
    found = bundle.predict([{"image": image.flatten().tolist()} for image in images]).rows()
    assert np.allclose([row["score"] for row in found], network(images).detach(), atol=1e-5)


def test_old_operators_are_brought_up_to_date(tmp_path: Path, workspace: Workspace) -> None:
    nodes = [helper.make_node("Unsqueeze", ["x"], ["u"], axes=[2]), helper.make_node("Squeeze", ["u"], ["y"], axes=[2])]
    ports = [value("x", Type.FLOAT, ["n", 2])], [value("y", Type.FLOAT, ["n", 2])]
    bundle = imported(save(tmp_path / "m.onnx", nodes, *ports, opset=9), workspace)
    assert bundle.predict([{"x": [1, 2]}]).rows() == [{"y": [1.0, 2.0]}]


def relu(
    path: Path, shape: list[Any], *, kind: int = Type.FLOAT, out: list[Any] | None = None, op: str = "Relu"
) -> Path:
    ports = [value("x", kind, shape)], [value("y", kind, out or shape)]
    return save(path, [helper.make_node(op, ["x"], ["y"])], *ports)


def test_what_cannot_be_a_bundle_is_refused(tmp_path: Path, workspace: Workspace) -> None:
    path = tmp_path / "m.onnx"
    refusals = {
        "the input 'x' has no open batch": lambda: relu(path, [1, 3]),
        "the input 'x' does not say how many values a row has": lambda: relu(path, ["n", "m"]),
        "takes 3 texts a row": lambda: relu(path, ["n", 3], kind=Type.STRING, op="Identity"),
        "no tensor of numbers": lambda: relu(path, ["n", 3], kind=Type.COMPLEX64, op="Identity"),
        "answers by chance": lambda: relu(path, ["n", 3], op="RandomNormalLike"),
        "no ONNX model|not an ONNX model": lambda: path.write_bytes(b"\x08\x01nothing"),
        "of 'mine' are not ONNX Runtime's own": lambda: save(
            path,
            [helper.make_node("Own", ["x"], ["y"], domain="mine")],
            [value("x", Type.FLOAT, ["n", 1])],
            [value("y", Type.FLOAT, ["n", 1])],
        ),
        "depends on the rows beside it": lambda: save(
            path,
            [helper.make_node("ReduceMean", ["x"], ["m"], axes=[0]), helper.make_node("Sub", ["x", "m"], ["y"])],
            [value("x", Type.FLOAT, ["n", 3])],
            [value("y", Type.FLOAT, ["n", 3])],
        ),
    }
    for what, make in refusals.items():
        make()
        if "mine" in what:
            model = onnx.load(path)
            model.opset_import.append(helper.make_opsetid("mine", 1))
            onnx.save(model, path)
        with pytest.raises(DataError, match=what) as raised:
            imported(path, workspace)
        assert raised.value.faults[0].where == str(path)
    assert workspace.list() == []


@pytest.mark.parametrize(
    ("file", "settings", "what"),
    [
        ("m.pkl", {}, "'m.pkl' does not say what it is"),
        ("m.tflite", {}, "tensorflow_lite models run in TensorFlow"),
        ("m.onnx", {"model_type": "tensorflow"}, "tensorflow models run in TensorFlow"),
        ("m.onnx", {"model_type": "onx"}, "no models of type 'onx'"),
    ],
)
def test_types_that_are_not_read(file: str, settings: Any, what: str, tmp_path: Path, workspace: Workspace) -> None:
    (tmp_path / file).write_bytes(b"")
    with pytest.raises(SpecError, match=what):
        imported(tmp_path / file, workspace, **settings)


def test_a_file_that_is_not_there(tmp_path: Path, workspace: Workspace) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        imported(tmp_path / "m.onnx", workspace)
