"""`MANIFEST.sig`: who vouches for a bundle. Ed25519 (RFC 8032) over the bytes of `MANIFEST.json`.

Format version 1 is `{"format_version": 1, "signatures": [{"key": "…", "signature": "…"}]}`: a key's fingerprint is the
first 16 hexadecimal digits of the SHA-256 of its 32 bytes, a signature is in Base64. What is signed begins with a line
of its own, so that no signature made for something else is one of a bundle.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hagane.bundle.manifest import MANIFEST_NAME, SIGNED_NAME, Manifest, verify_manifest
from hagane.errors import BundleError, Fault, MissingExtraError
from hagane.write_aside import write_aside

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT_VERSION = 1
MOST_SIGNATURES = 100
_PREFIX = b"hagane bundle manifest 1\n"
_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


class ManifestSignature(msgspec.Struct, frozen=True):
    """One key's word."""

    key: str
    signature: str


class SignedManifest(msgspec.Struct, frozen=True):
    """Every key's word for one manifest."""

    format_version: int
    signatures: tuple[ManifestSignature, ...] = ()


def sign_bundle(folder: Path, key_path: Path) -> str:
    """Verify the bundle against its manifest, and sign that; the key's fingerprint.

    Signatures of other keys stay; one of the same key is replaced. Raises BundleError where the bundle or the key
    cannot be used, MissingExtraError without the package cryptography.
    """
    verify_manifest(folder)
    key = _private_key(key_path)
    name = fingerprint(key.public_key())
    word = base64.b64encode(key.sign(_PREFIX + (folder / MANIFEST_NAME).read_bytes())).decode()
    others = (each for each in read_signatures(folder) if each.key != name)
    content = SignedManifest(FORMAT_VERSION, (*others, ManifestSignature(name, word)))
    try:
        write_aside(folder / SIGNED_NAME, msgspec.json.format(msgspec.json.encode(content), indent=2))
    except OSError as error:
        what = f"the signature cannot be written: {error.strerror}"
        raise BundleError(Fault(what=what, where=str(folder / SIGNED_NAME))) from None
    return name


def require_signed(folder: Path, manifest: Manifest, trusted_path: Path) -> tuple[str, ...]:
    """The fingerprints of the trusted keys that have signed this very manifest: one at least.

    Raises BundleError where no trusted key has, or one has signed something else; MissingExtraError as above. That the
    files are those of the manifest is for who read it to see.
    """
    signatures = read_signatures(folder)
    trusted = {fingerprint(key): key for key in _public_keys(trusted_path)}
    content = (folder / MANIFEST_NAME).read_bytes()
    words = [each for each in signatures if each.key in trusted]
    if not words:
        raise BundleError(_not_trusted(folder, signatures, tuple(trusted)))
    is_same = _parsed(content) == manifest  # it may have been replaced since
    wrong = [each.key for each in words if not (is_same and _is_of(trusted[each.key], each, _PREFIX + content))]
    if wrong:
        where, step = str(folder / SIGNED_NAME), "do not use it: the manifest is not the one that was signed"
        what = "the signature of {} is wrong"
        raise BundleError(*(Fault(what=what.format(key), where=where, next_step=step) for key in wrong))
    return tuple(each.key for each in words)


def read_signatures(folder: Path) -> tuple[ManifestSignature, ...]:
    """Every key's word, unchecked; none where the bundle is not signed. Raises BundleError."""
    path = folder / SIGNED_NAME
    if path.is_symlink():
        raise BundleError(Fault(what=f"{SIGNED_NAME} is not a plain file", where=str(path)))
    try:
        read = msgspec.json.decode(path.read_bytes(), type=SignedManifest)
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(Fault(what=f"{SIGNED_NAME} cannot be read: {error}", where=str(path))) from None
    if read.format_version != FORMAT_VERSION or len(read.signatures) > MOST_SIGNATURES:
        told, expected = f"format version {read.format_version}", f"format version {FORMAT_VERSION}"
        raise BundleError(
            Fault(what=f"{SIGNED_NAME} is of another format", where=str(path), expected=expected, received=told)
        )
    return read.signatures


def fingerprint(key: Ed25519PublicKey) -> str:
    """16 hexadecimal digits by which people compare keys."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def _parsed(content: bytes) -> Manifest | None:
    try:
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _is_of(key: Ed25519PublicKey, word: ManifestSignature, content: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(base64.b64decode(word.signature, validate=True), content)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _private_key(path: Path) -> Ed25519PrivateKey:
    ed25519, serialization = _cryptography()
    try:
        key: Any = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        why = getattr(error, "strerror", None) or "it is no private key in PEM without a password"
        step = f"make one: openssl genpkey -algorithm ed25519 -out {path}"
        raise BundleError(Fault(what=f"the key cannot be used: {why}", where=str(path), next_step=step)) from None
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise BundleError(_other_kind(path, "private"))
    found: Ed25519PrivateKey = key
    return found


def _public_keys(path: Path) -> list[Ed25519PublicKey]:
    ed25519, serialization = _cryptography()
    try:
        blocks = _PEM.findall(path.read_bytes())
        keys = [serialization.load_pem_public_key(block) for block in blocks]
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "a key in it is broken"
        raise BundleError(Fault(what=f"the trusted keys cannot be read: {why}", where=str(path))) from None
    if not all(isinstance(key, ed25519.Ed25519PublicKey) for key in keys):
        raise BundleError(_other_kind(path, "public"))
    if not keys:
        step = "write public keys there: openssl pkey -in KEY -pubout"
        what = "there is no public key in the file of trusted keys"
        raise BundleError(Fault(what=what, where=str(path), expected="-----BEGIN PUBLIC KEY-----", next_step=step))
    return keys


def _cryptography() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        step = "pip install 'hagane[sign]'"
        raise MissingExtraError(Fault(what="signatures need the package cryptography", next_step=step)) from None
    return ed25519, serialization


def _other_kind(path: Path, kind: str) -> Fault:
    return Fault(what=f"a {kind} key of another kind", where=str(path), expected="Ed25519")


def _not_trusted(folder: Path, signatures: tuple[ManifestSignature, ...], trusted: tuple[str, ...]) -> Fault:
    return Fault(
        what="the bundle is signed by no trusted key" if signatures else "the bundle is not signed",
        where=str(folder),
        expected=f"a signature of {' or '.join(trusted)}",
        received=", ".join(each.key for each in signatures[:10]),
        next_step="hagane sign MODEL --key KEY, by whoever may vouch for it",
    )
