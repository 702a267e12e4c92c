"""Large tensors are used where they lie in the file: the same bits, no memory of the process's own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.bundle import bundle as bundle_module
from hagane.bundle.bundle import Bundle
from hagane.bundle.large_tensors import ALIGNMENT, LARGE_BYTES, align_tensors, outline_of
from hagane.bundle.signature import Input, Signature
from hagane.bundle.wire import read_varint, varint
from hagane.bundle.write_bundle import write_bundle
from hagane.errors import BundleError
from hagane.features.emit import Emitter
from hagane.runtime.session import Session
from hagane.types import SqlType

IDS = 5_003


def model_of(ids: int = IDS, width: int = 61) -> bytes:
    """Looks an id's vector up in a table and multiplies it with a matrix: two large tensors among small ones."""
    random, emitter = np.random.default_rng(0), Emitter()
    whole = emitter.input("packed.int64", np.int64, ("n", 1))
    emitter.input("packed.validity", np.bool_, ("n", 1))
    flat = emitter.constant([-1])
    table = emitter.constant(random.normal(size=(ids, width)).astype(np.float32))
    ids_in_range = emitter.node("Mod", emitter.node("Reshape", whole, flat), emitter.constant([ids]))
    found = emitter.node("Gather", table, ids_in_range)
    wide = emitter.node("MatMul", found, emitter.constant(random.normal(size=(width, 5_000)).astype(np.float32)))
    narrow = emitter.node("MatMul", wide, emitter.constant(random.normal(size=(5_000, 1)).astype(np.float32)))
    value = emitter.node("Cast", emitter.node("Reshape", narrow, flat), to=11)
    emitter.output("predicted_value", value, np.float64, ("n",))
    emitter.output("row_error", emitter.node("Less", value, emitter.constant(np.float64(-1e300))), np.bool_, ("n",))
    return emitter.model().SerializeToString()


@pytest.fixture(scope="module")
def model() -> bytes:
    return model_of()


@pytest.fixture(scope="module")
def folder(model: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("large") / "a model – 鋼", model)


def write(path: Path, model: bytes) -> Path:
    signature = Signature(
        inputs=(Input(name="id", type=SqlType.INT64),), task="regression", label="y", label_type=SqlType.FLOAT64,
        model_type="dnn_regressor", example={"id": 3},
    )  # fmt: skip
    return write_bundle(path, model=model, signature=signature)


def large(model: bytes) -> list[tuple[str, int]]:
    """Name and place of each large tensor's bytes, found by looking for them."""
    return [
        (tensor.name, model.index(tensor.raw_data))
        for tensor in onnx.load_from_string(model).graph.initializer
        if len(tensor.raw_data) >= LARGE_BYTES
    ]


def test_aligned_is_the_same_graph(model: bytes) -> None:
    aligned = align_tensors(model)
    assert len(large(aligned)) == 2
    assert all(place % ALIGNMENT == 0 for _, place in large(aligned))
    assert align_tensors(aligned) is aligned
    before, after = onnx.load_from_string(model), onnx.load_from_string(aligned)
    for tensor in after.graph.initializer:
        tensor.ClearField("doc_string")
    assert after == before


def test_a_graph_of_small_tensors_is_left_alone() -> None:
    small = model_of(ids=7, width=3)
    assert align_tensors(small) is small
    assert outline_of(memoryview(small), "model.onnx") is None


@pytest.mark.parametrize("comment", [0, 1, 40, 63, 100])
def test_wherever_the_graph_begins(model: bytes, comment: int) -> None:
    moved = onnx.load_from_string(model)
    moved.producer_name = "p" * comment
    assert all(place % ALIGNMENT == 0 for _, place in large(align_tensors(moved.SerializeToString())))


def test_the_outline_says_where_they_lie(model: bytes) -> None:
    aligned = align_tensors(model)
    outline = outline_of(memoryview(aligned), "weights.bin")
    assert outline is not None
    assert len(outline) < LARGE_BYTES
    whole = {tensor.name: tensor for tensor in onnx.load_from_string(aligned).graph.initializer}
    found = {}
    for tensor in onnx.load_from_string(outline).graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            told = {entry.key: entry.value for entry in tensor.external_data}
            start, length = int(told["offset"]), int(told["length"])
            assert told["location"] == "weights.bin"
            assert (tensor.dims, tensor.data_type) == (whole[tensor.name].dims, whole[tensor.name].data_type)
            assert aligned[start : start + length] == whole[tensor.name].raw_data
            found[tensor.name] = start
        else:
            assert tensor == whole[tensor.name]
    assert found == dict(large(aligned))


@pytest.mark.parametrize("rows", [1, 7, 300])
def test_the_same_bits(model: bytes, folder: Path, rows: int) -> None:
    ids = np.random.default_rng(rows).integers(0, IDS, (rows, 1))
    feed = {"packed.int64": ids, "packed.validity": np.ones((rows, 1), np.bool_)}
    expected = Session(model).run(feed, ["predicted_value"])["predicted_value"]
    answered = Bundle.load(folder).predict([{"id": int(each)} for each in ids[:, 0]])
    assert [row["predicted_y"] for row in answered.rows()] == expected.tolist()


def test_however_the_folder_is_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(folder.parent)
    answers = [Bundle.load(each).predict([{"id": 5}]).rows() for each in (folder, tmp_path / "link", folder.name)]
    assert answers[0] == answers[1] == answers[2]


def test_a_bundle_from_before_has_nothing_aligned(
    model: bytes, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["hagane.bundle.write_bundle"], "align_tensors", lambda model: b"\x32\x01x" + model)
    old = write(tmp_path / "old", model)
    assert outline_of(memoryview((old / "model.onnx").read_bytes()), "model.onnx") is None
    assert Bundle.load(old).predict([{"id": 5}]).rows() == Bundle.load(folder).predict([{"id": 5}]).rows()


def test_another_bundle_in_its_place(model: bytes, tmp_path: Path) -> None:
    """Who has loaded the old one goes on with the old one."""
    path = write(tmp_path / "model", model)
    loaded = Bundle.load(path)
    before = loaded.predict([{"id": 5}]).rows()
    signature = loaded.signature
    write_bundle(path, model=model_of(ids=4_999), signature=signature, overwrite=True)
    assert loaded.predict([{"id": 5}]).rows() == before
    assert Bundle.load(path).predict([{"id": 5}]).rows() != before


def test_a_bundle_that_is_replaced_while_it_is_loaded(
    model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was verified is not what ONNX Runtime would open."""
    path = write(tmp_path / "model", model)

    def replaced(content: memoryview, location: str) -> bytes | None:
        outline = outline_of(content, location)
        other = tmp_path / "other.onnx"
        other.write_bytes(bytes(content))
        os.replace(other, path / "model.onnx")
        return outline

    monkeypatch.setattr(bundle_module, "outline_of", replaced)
    with pytest.raises(BundleError, match="changed while it was loaded"):
        Bundle.load(path)


MEASURE = """
import re, sys
from pathlib import Path
from hagane.bundle.bundle import Bundle
def own():
    return sum(int(kb) for kb in re.findall(r"Private_\\w+: +(\\d+)", Path("/proc/self/smaps_rollup").read_text()))
Bundle.load(sys.argv[1]).predict([{"id": 5}])
before = own()
bundle = Bundle.load(sys.argv[2])
bundle.predict([{"id": each} for each in range(0, 100_000, 999)])
print(own() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="no /proc/PID/smaps_rollup here")
def test_a_process_has_no_copy_of_its_own(folder: Path, tmp_path: Path) -> None:
    """A table of 80 MB. A page that no other process has mapped would be counted as private: it is held here."""
    path = write(tmp_path / "wide", model_of(ids=200_000, width=100))
    held = Bundle.load(path)
    held.predict([{"id": each} for each in range(0, 200_000, 7)])
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(folder), str(path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 30_000


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_what_is_no_model_is_left_alone(content: bytes) -> None:
    assert align_tensors(content) is content


@given(st.integers(0, 2**63 - 1))
def test_numbers_come_back(number: int) -> None:
    written = varint(number)
    assert read_varint(memoryview(written), 0) == (number, len(written))
    assert len(re.findall(rb"[\x80-\xff]", written)) == len(written) - 1
