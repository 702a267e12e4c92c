"""What is told of a bundle is what onnx's own reader finds in it; nothing is loaded for it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from hagane.bundle.graph_outline import graph_outline
from hagane.bundle.inspect_bundle import inspect_bundle
from hagane.bundle.write_bundle import write_bundle
from hagane.errors import BundleError
from hagane.fronts.cli.run import run


def nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from nodes(inner)


def looping() -> bytes:
    """A graph with a loop within an If, tensors, and an operator of another domain."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c2"]), helper.make_node("Add", ["v", "one"], ["v2"])],
        "body",
        [
            helper.make_tensor_value_info(n, t, [])
            for n, t in (("i", TensorProto.INT64), ("c", TensorProto.BOOL), ("v", TensorProto.FLOAT))
        ],
        [helper.make_tensor_value_info(n, t, []) for n, t in (("c2", TensorProto.BOOL), ("v2", TensorProto.FLOAT))],
        [helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])],
    )
    loop = helper.make_node("Loop", ["", "go", "x"], ["y"], body=body)
    branch = helper.make_graph([loop], "branch", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [])])
    main = helper.make_graph(
        [
            helper.make_node("If", ["go"], ["z"], then_branch=branch, else_branch=branch),
            helper.make_node("Trilu", ["z"], ["t"], domain="com.microsoft"),
        ],
        "main",
        [
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, []),
        ],
        [helper.make_tensor_value_info("t", TensorProto.FLOAT, None)],
        [helper.make_tensor("table", TensorProto.FLOAT, [1000], [0.0] * 1000)],
    )
    made = helper.make_model(main, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)])
    content: bytes = made.SerializeToString()
    return content


@pytest.mark.parametrize("which", ["looping", "classifier", "regressor"])
def test_operators_are_those_that_onnx_finds(which: str, classifier_folder: Path, regressor_folder: Path) -> None:
    folders = {"classifier": classifier_folder, "regressor": regressor_folder}
    model = looping() if which == "looping" else (folders[which] / "model.onnx").read_bytes()
    read = onnx.load_from_string(model)
    outline = graph_outline(model)
    names = (f"{each.domain}:{each.op_type}" if each.domain else each.op_type for each in nodes(read.graph))
    assert outline.operators == dict(Counter(names))
    assert outline.opsets == {each.domain or "ai.onnx": each.version for each in read.opset_import}
    if which == "looping":
        assert outline.repeating == {"Loop": 2}
        assert (outline.num_tensors, outline.largest_tensor) == (3, "table")
        assert 4000 <= outline.largest_tensor_bytes < 4100


@given(st.binary(max_size=300))
def test_what_is_no_model_is_refused_and_no_more(content: bytes) -> None:
    with contextlib.suppress(BundleError):
        graph_outline(content)


def test_a_bundle_as_a_whole(classifier_folder: Path) -> None:
    found = inspect_bundle(classifier_folder)
    assert [each.name for each in found.signature.inputs][:2] == ["age", "fare"]
    assert found.files["model.onnx"] == (classifier_folder / "model.onnx").stat().st_size
    assert (found.signed_by, found.trusted, found.faults) == ((), None, ())


def test_what_would_not_be_loaded_is_told(regressor_folder: Path, tmp_path: Path) -> None:
    signature = inspect_bundle(regressor_folder).signature
    foreign = onnx.load_from_string((regressor_folder / "model.onnx").read_bytes())
    foreign.graph.node[0].domain = "evil.ops"
    folder = write_bundle(tmp_path / "strange", model=foreign.SerializeToString(), signature=signature)
    (fault,) = inspect_bundle(folder).faults
    assert "evil.ops" in fault.what


def test_the_command_runs_nothing(classifier_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(classifier_folder)]) == 0
    told = capsys.readouterr().out
    assert "age INT64" in told
    assert "nobody" in told
    script = "import sys; from hagane.fronts.cli.run import run; run(sys.argv[1:]); print('onnxruntime' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", script, "inspect", str(classifier_folder), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    document, _, loaded = ran.stdout.rstrip("\n").rpartition("\n")
    assert loaded == "False"
    assert json.loads(document)["graph"]["operators"]


def test_signing_and_verifying(classifier_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private, public = tmp_path / "release.key", tmp_path / "release.pub"
    pem = serialization.Encoding.PEM
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    model = str(classifier_folder)
    assert run(["verify", model]) == 0
    assert run(["verify", model, "--trusted-keys", str(public)]) == 6
    assert "is not signed" in capsys.readouterr().err
    assert run(["inspect", model, "--trusted-keys", str(public)]) == 6
    assert run(["sign", model, "--key", str(private)]) == 0
    assert run(["verify", model, "--trusted-keys", str(public)]) == 0
    assert run(["inspect", model, "--trusted-keys", str(public)]) == 0
    assert "(checked)" in capsys.readouterr().out
