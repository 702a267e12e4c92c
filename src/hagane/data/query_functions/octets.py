"""Functions of bytes, a row at a time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

import pyarrow as pa

from hagane.data.farm_fingerprint import farm_fingerprint
from hagane.data.query_functions.query_function import QueryFunction
from hagane.data.query_functions.texts import find_occurrence


def utf8(held: bytes) -> str:
    """The text that bytes are."""
    try:
        return held.decode()
    except UnicodeDecodeError:
        raise ValueError("the bytes are no UTF-8") from None


def code_points_to_bytes(points: list[int | None]) -> bytes | None:
    """NULL where one is."""
    if None in points:
        return None
    if any(point is not None and not 0 <= point <= 255 for point in points):
        raise ValueError("a byte is 0 to 255")
    return bytes(point for point in points if point is not None)


def from_base32(text: str) -> bytes:
    """RFC 4648."""
    try:
        return base64.b32decode(text)
    except binascii.Error:
        raise ValueError("this is no base 32") from None


def pad(held: bytes, length: int, by: bytes, *, left: bool) -> bytes:
    """`held` cut or filled up to a length."""
    if length < 0 or not by:
        raise ValueError("a length is not negative, a pattern not empty")
    filled = (by * (length // len(by) + 1))[: max(length - len(held), 0)]
    return filled + held[:length] if left else held[:length] + filled


def split(held: bytes, at: bytes) -> list[bytes]:
    """What stands between; each byte where `at` is empty."""
    return held.split(at) if at else [held[place : place + 1] for place in range(len(held))] or [b""]


def _ascii(held: bytes) -> bytes:
    return held


FUNCTIONS: dict[str, QueryFunction] = {
    "utf8": QueryFunction(("BLOB",), "VARCHAR", utf8),
    "utf8_replaced": QueryFunction(("BLOB",), "VARCHAR", lambda held: held.decode(errors="replace")),
    "code_points_to_bytes": QueryFunction(("BIGINT[]",), "BLOB", code_points_to_bytes),
    "bytes_to_code_points": QueryFunction(("BLOB",), "BIGINT[]", list),
    "from_base32": QueryFunction(("VARCHAR",), "BLOB", from_base32),
    "to_base32": QueryFunction(("BLOB",), "VARCHAR", lambda held: base64.b32encode(held).decode()),
    "lower_bytes": QueryFunction(("BLOB",), "BLOB", bytes.lower),
    "upper_bytes": QueryFunction(("BLOB",), "BLOB", bytes.upper),
    "trim_bytes": QueryFunction(("BLOB", "BLOB"), "BLOB", lambda held, signs: held.strip(signs)),
    "ltrim_bytes": QueryFunction(("BLOB", "BLOB"), "BLOB", lambda held, signs: held.lstrip(signs)),
    "rtrim_bytes": QueryFunction(("BLOB", "BLOB"), "BLOB", lambda held, signs: held.rstrip(signs)),
    "lpad_bytes": QueryFunction(("BLOB", "BIGINT", "BLOB"), "BLOB", lambda held, n, by: pad(held, n, by, left=True)),
    "rpad_bytes": QueryFunction(("BLOB", "BIGINT", "BLOB"), "BLOB", lambda held, n, by: pad(held, n, by, left=False)),
    "split_bytes": QueryFunction(("BLOB", "BLOB"), "BLOB[]", split),
    "instr_bytes": QueryFunction(("BLOB", "BLOB", "BIGINT", "BIGINT"), "BIGINT", find_occurrence),
    "replace_bytes": QueryFunction(
        ("BLOB", "BLOB", "BLOB"), "BLOB", lambda held, a, b: held.replace(a, b) if a else held
    ),
    "reverse_bytes": QueryFunction(("BLOB",), "BLOB", lambda held: held[::-1]),
    "regexp_contains_bytes": QueryFunction(
        ("BLOB", "BLOB"), "BOOLEAN", lambda held, pattern: re.search(pattern, held) is not None
    ),
    "sha512": QueryFunction(("VARCHAR",), "BLOB", lambda text: hashlib.sha512(text.encode()).digest()),
    "sha512_bytes": QueryFunction(("BLOB",), "BLOB", lambda held: hashlib.sha512(held).digest()),
    "farm_fingerprint": QueryFunction(("VARCHAR",), "BIGINT", arrays=farm_fingerprint),
    "farm_fingerprint_bytes": QueryFunction(("BLOB",), "BIGINT", arrays=farm_fingerprint),
}

__all__ = ["FUNCTIONS", "pa"]
