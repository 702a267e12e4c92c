"""A bundle is whole or not there; damage of any kind is named."""

from __future__ import annotations

import errno
import hashlib
import importlib
import json
import os
import threading
from pathlib import Path

import pytest

from hagane.bundle.bundle import Bundle
from hagane.bundle.exchange import exchange
from hagane.bundle.manifest import verify_manifest
from hagane.bundle.signature import Signature
from hagane.bundle.write_bundle import write_bundle
from hagane.errors import BundleError

module = importlib.import_module("hagane.bundle.write_bundle")


@pytest.fixture
def signature(classifier_folder: Path) -> Signature:
    return Bundle.load(classifier_folder).signature


def change_manifest(folder: Path, **changes: object) -> None:
    path = folder / "MANIFEST.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))


def test_what_is_written(classifier_folder: Path) -> None:
    names = {path.name for path in classifier_folder.iterdir()}
    assert names == {"model.onnx", "signature.json", "spec.yaml", "evaluation.json", "MANIFEST.json"}
    manifest = json.loads((classifier_folder / "MANIFEST.json").read_bytes())
    assert manifest["format_version"] == 1
    for name in names - {"MANIFEST.json"}:
        content = (classifier_folder / name).read_bytes()
        assert manifest["files"][name] == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    assert [path.name for path in classifier_folder.parent.iterdir()] == ["flights"]


def test_refuses_to_overwrite_unless_asked(classifier_folder: Path, signature: Signature) -> None:
    with pytest.raises(BundleError, match="something of this name already"):
        write_bundle(classifier_folder, model=b"", signature=signature)
    before = Bundle.load(classifier_folder).bundle_id
    model = (classifier_folder / "model.onnx").read_bytes()
    write_bundle(classifier_folder, model=model, signature=signature, documents={"note.txt": b"2"}, overwrite=True)
    assert Bundle.load(classifier_folder).bundle_id != before
    assert not (classifier_folder / "spec.yaml").exists()
    assert [path.name for path in classifier_folder.parent.iterdir()] == ["flights"]


@pytest.mark.parametrize("content", ["file", "folder", "link"])
def test_never_overwrites_what_is_not_a_bundle(
    tmp_path: Path, classifier_folder: Path, signature: Signature, content: str
) -> None:
    target = tmp_path / "home"
    if content == "file":
        target.write_text("precious")
    elif content == "folder":
        target.mkdir()
        (target / "precious.txt").write_text("precious")
    else:
        target.symlink_to(classifier_folder)
    with pytest.raises(BundleError, match="not a bundle"):
        write_bundle(target, model=b"", signature=signature, overwrite=True)
    assert target.exists()


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "MANIFEST.json", "manifest.json", "a\\b", "x\n"])
def test_names_of_documents_are_plain(tmp_path: Path, signature: Signature, name: str) -> None:
    with pytest.raises(BundleError, match="may not hold a file of this name"):
        write_bundle(tmp_path / "new", model=b"m", signature=signature, documents={name: b""})
    assert not (tmp_path / "new").exists()


def test_documents_do_not_shadow_the_bundles_own_files(tmp_path: Path, signature: Signature) -> None:
    with pytest.raises(BundleError, match=r"may not be called model\.onnx"):
        write_bundle(tmp_path / "new", model=b"m", signature=signature, documents={"Model.onnx": b""})


@pytest.mark.parametrize("step", ["_write_synced", "_rename"])
def test_failing_half_way_leaves_nothing_and_keeps_the_old(
    tmp_path: Path, signature: Signature, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*args: object) -> None:
        raise OSError("disk full")

    write_bundle(tmp_path / "old", model=b"1", signature=signature)
    monkeypatch.setattr(module, step, fail)
    monkeypatch.setattr(module, "exchange", lambda first, second: False)
    for name, overwrite in (("new", False), ("old", True)):
        with pytest.raises(OSError, match="disk full"):
            write_bundle(tmp_path / name, model=b"2", signature=signature, overwrite=overwrite)
    assert {path.name for path in tmp_path.iterdir() if path.name != "flights"} == {"old"}
    assert (tmp_path / "old" / "model.onnx").read_bytes() == b"1"


def test_overwriting_without_exchange_gives_the_same(
    tmp_path: Path, signature: Signature, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "exchange", lambda first, second: False)
    for content in (b"1", b"2"):
        write_bundle(tmp_path / "model", model=content, signature=signature, overwrite=True)
    assert (tmp_path / "model" / "model.onnx").read_bytes() == b"2"
    assert {path.name for path in tmp_path.iterdir() if path.name != "flights"} == {"model"}


def test_exchange(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("this file system cannot exchange names")
    assert (tmp_path / "a" / "b").exists()
    assert (tmp_path / "b" / "a").exists()
    assert not exchange(tmp_path / "a", tmp_path / "absent")


def test_a_reader_never_meets_half_a_bundle(tmp_path: Path, classifier_folder: Path, signature: Signature) -> None:
    model = (classifier_folder / "model.onnx").read_bytes()
    folder = write_bundle(tmp_path / "busy", model=model, signature=signature)
    if not exchange(folder, folder):
        pytest.skip("this file system cannot exchange names")
    done = threading.Event()

    def rewrite() -> None:
        for turn in range(40):
            write_bundle(
                folder, model=model, signature=signature, documents={"turn": str(turn).encode()}, overwrite=True
            )
        done.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    missing = 0
    while not done.is_set():
        missing += not (folder / "MANIFEST.json").is_file()
    writer.join()
    assert missing == 0
    assert (folder / "turn").read_bytes() == b"39"


def test_every_damage_is_named_at_once(classifier_folder: Path) -> None:
    expected = hashlib.sha256((classifier_folder / "spec.yaml").read_bytes()).hexdigest()
    (classifier_folder / "spec.yaml").write_bytes(b"label: lat3\n")
    received = hashlib.sha256(b"label: lat3\n").hexdigest()
    (classifier_folder / "evaluation.json").unlink()
    (classifier_folder / "extra.py").write_text("print('run me')")
    with pytest.raises(BundleError) as caught:
        Bundle.load(classifier_folder)
    by_name = {fault.what.split()[0]: fault for fault in caught.value.faults}
    assert set(by_name) == {"spec.yaml", "evaluation.json", "extra.py"}
    assert expected in by_name["spec.yaml"].expected
    assert received in by_name["spec.yaml"].received
    assert "is missing" in by_name["evaluation.json"].what
    assert "not in the manifest" in by_name["extra.py"].what


@pytest.mark.parametrize("name", ["model.onnx", "signature.json", "spec.yaml", "evaluation.json"])
def test_one_flipped_bit_is_seen(classifier_folder: Path, name: str) -> None:
    content = bytearray((classifier_folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (classifier_folder / name).write_bytes(content)
    with pytest.raises(BundleError, match=f"{name} is damaged"):
        verify_manifest(classifier_folder)


def test_a_newer_format_is_refused_before_anything_else(classifier_folder: Path) -> None:
    change_manifest(classifier_folder, format_version=2, files=["of", "another", "shape"])
    with pytest.raises(BundleError) as caught:
        Bundle.load(classifier_folder)
    (fault,) = caught.value.faults
    assert fault.what == "the bundle was written by a newer Hagane"
    assert (fault.expected, fault.received) == ("format version 1 or lower", "format version 2")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b"{", b'{"format_version": 0}', b'{"format_version": "1"}', b"[" * 10_000]
)
def test_a_manifest_that_is_none(classifier_folder: Path, content: bytes) -> None:
    (classifier_folder / "MANIFEST.json").write_bytes(content)
    with pytest.raises(BundleError):
        Bundle.load(classifier_folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", "..", ".", "MANIFEST.json"])
def test_the_manifest_cannot_reach_outside(classifier_folder: Path, name: str) -> None:
    manifest = json.loads((classifier_folder / "MANIFEST.json").read_bytes())
    change_manifest(classifier_folder, files={**manifest["files"], name: {"sha256": "0" * 64, "bytes": 0}})
    with pytest.raises(BundleError, match="may not hold a file of this name"):
        verify_manifest(classifier_folder)


def test_files_are_plain_files(classifier_folder: Path) -> None:
    elsewhere = classifier_folder.parent / "elsewhere.yaml"
    os.rename(classifier_folder / "spec.yaml", elsewhere)
    (classifier_folder / "spec.yaml").symlink_to(elsewhere)
    with pytest.raises(BundleError, match=r"spec\.yaml is not a plain file"):
        verify_manifest(classifier_folder)


def test_what_is_no_bundle_says_so(tmp_path: Path, classifier_folder: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for name, what in (("file", "it is a file"), ("folder", "no MANIFEST.json"), ("flight", "no such folder")):
        with pytest.raises(BundleError, match=what):
            Bundle.load(tmp_path / name)
    with pytest.raises(BundleError, match=r"did you mean: .*flights"):
        Bundle.load(tmp_path / "flight")


def test_a_full_disk_names_the_file_and_leaves_nothing(
    tmp_path: Path, signature: Signature, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bundles"
    folder.mkdir()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_bundle(folder / "bundle", model=b"", signature=signature)
    assert Path(str(caught.value.filename)).parent.parent == folder
    assert list(folder.iterdir()) == []
