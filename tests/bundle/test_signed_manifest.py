"""Signatures: made with a key, checked with its public half by openssl too, and worthless for anything else."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hagane.bundle.bundle import Bundle
from hagane.bundle.manifest import make_manifest, verify_manifest
from hagane.bundle.signed_manifest import read_signatures, require_signed, sign_bundle
from hagane.errors import BundleError


class Keys:
    def __init__(self, folder: Path, name: str) -> None:
        self.private, self.public = folder / f"{name}.key", folder / f"{name}.pub"
        self.key = ed25519.Ed25519PrivateKey.generate()
        self.private.write_bytes(_pem(self.key))
        self.public.write_bytes(
            self.key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )


def _pem(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def signers(folder: Path, trusted: Path) -> tuple[str, ...]:
    return require_signed(folder, verify_manifest(folder), trusted)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path, "one")


@pytest.fixture
def folder(regressor_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(regressor_folder, tmp_path / "bundle"))


def test_a_signed_bundle_loads_for_who_trusts_the_key(folder: Path, keys: Keys, tmp_path: Path) -> None:
    name = sign_bundle(folder, keys.private)
    assert signers(folder, keys.public) == (name,)
    assert Bundle.load(folder, trusted_keys=keys.public).bundle_id == Bundle.load(folder).bundle_id
    other = Keys(tmp_path, "other")
    with pytest.raises(BundleError, match="signed by no trusted key"):
        Bundle.load(folder, trusted_keys=other.public)


def test_one_that_is_not_signed_loads_only_for_who_does_not_ask(folder: Path, keys: Keys) -> None:
    Bundle.load(folder)
    with pytest.raises(BundleError, match="is not signed"):
        Bundle.load(folder, trusted_keys=keys.public)


def test_several_keys_sign_and_one_that_is_trusted_suffices(folder: Path, keys: Keys, tmp_path: Path) -> None:
    other = Keys(tmp_path, "other")
    first, second = sign_bundle(folder, keys.private), sign_bundle(folder, other.private)
    assert sign_bundle(folder, keys.private) == first
    assert sorted(each.key for each in read_signatures(folder)) == sorted([first, second])
    both = tmp_path / "both.pub"
    both.write_bytes(b"# who may\n" + keys.public.read_bytes() + b"\n" + other.public.read_bytes())
    assert set(signers(folder, both)) == {first, second}
    assert signers(folder, other.public) == (second,)


def test_openssl_agrees(folder: Path, keys: Keys, tmp_path: Path) -> None:
    """An oracle of our own making of signatures: the bytes are those that the page names."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    sign_bundle(folder, keys.private)
    (word,) = read_signatures(folder)
    (tmp_path / "signature").write_bytes(base64.b64decode(word.signature))
    (tmp_path / "content").write_bytes(b"hagane bundle manifest 1\n" + (folder / "MANIFEST.json").read_bytes())
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(keys.public), "-rawin", "-in", "content"]
    ran = subprocess.run([*command, "-sigfile", "signature"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "Signature Verified Successfully", ran.stderr


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_other_byte_is_signed(folder: Path, keys: Keys, data: st.DataObject) -> None:
    sign_bundle(folder, keys.private)
    name = data.draw(st.sampled_from(sorted(path.name for path in folder.iterdir())))
    path = folder / name
    good = path.read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    path.write_bytes(good[:at] + bytes([good[at] ^ (1 << data.draw(st.integers(0, 7)))]) + good[at + 1 :])
    try:
        with pytest.raises(BundleError):
            Bundle.load(folder, trusted_keys=keys.public)
    finally:
        path.write_bytes(good)


def test_a_manifest_that_was_changed_with_its_files_is_told(folder: Path, keys: Keys) -> None:
    sign_bundle(folder, keys.private)
    files = {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith("MANIFEST")}
    files["signature.json"] = files["signature.json"].replace(b"regression", b"regression") + b"\n"
    (folder / "signature.json").write_bytes(files["signature.json"])
    manifest = make_manifest(files)
    told = {name: {"sha256": entry.sha256, "bytes": entry.bytes} for name, entry in manifest.files.items()}
    (folder / "MANIFEST.json").write_text(json.dumps({"format_version": 1, "files": told}))
    Bundle.load(folder)
    with pytest.raises(BundleError, match="is wrong"):
        Bundle.load(folder, trusted_keys=keys.public)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "cannot be read"),
        (b"{}", "cannot be read"),
        (b'{"format_version": 2, "signatures": []}', "another format"),
        (b'{"format_version": 1, "signatures": []}', "is not signed"),
        (b'{"format_version": 1, "signatures": [{"key": "KEY", "signature": "AAAA"}]}', "is wrong"),
        (b'{"format_version": 1, "signatures": [{"key": "KEY", "signature": "\\u00e9"}]}', "is wrong"),
    ],
)
def test_signatures_that_are_none(folder: Path, keys: Keys, content: bytes, told: str) -> None:
    name = sign_bundle(folder, keys.private)
    (folder / "MANIFEST.sig").write_bytes(content.replace(b"KEY", name.encode()))
    with pytest.raises(BundleError, match=told):
        Bundle.load(folder, trusted_keys=keys.public)


def test_keys_that_are_none(folder: Path, keys: Keys, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    for content, told in ((b"", "no private key"), (_pem(ec.generate_private_key(ec.SECP256R1())), "of another kind")):
        wrong.write_bytes(content)
        with pytest.raises(BundleError, match=told):
            sign_bundle(folder, wrong)
    with pytest.raises(BundleError, match="openssl genpkey"):
        sign_bundle(folder, tmp_path / "none")
    sign_bundle(folder, keys.private)
    for content, told in (
        (b"", "no public key"),
        (keys.private.read_bytes(), "no public key"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "is broken"),
    ):
        wrong.write_bytes(content)
        with pytest.raises(BundleError, match=told):
            signers(folder, wrong)


def test_a_damaged_bundle_is_not_signed(folder: Path, keys: Keys) -> None:
    (folder / "model.onnx").write_bytes(b"")
    with pytest.raises(BundleError, match="damaged"):
        sign_bundle(folder, keys.private)
    assert not (folder / "MANIFEST.sig").exists()
