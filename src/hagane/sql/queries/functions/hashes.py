"""Hashes, FARM_FINGERPRINT among them."""

from __future__ import annotations

from typing import Any

FUNCTIONS: dict[str, Any] = {
    "FARM_FINGERPRINT": [
        "STRING -> INT64: hagane_farm_fingerprint({0})",
        "BYTES -> INT64: hagane_farm_fingerprint_bytes({0})",
    ],
    "MD5": ["STRING -> BYTES: unhex(md5({0}))", "BYTES -> BYTES: unhex(md5({0}))"],
    "SHA1": ["STRING -> BYTES: unhex(sha1({0}))", "BYTES -> BYTES: unhex(sha1({0}))"],
    "SHA256": ["STRING -> BYTES: unhex(sha256({0}))", "BYTES -> BYTES: unhex(sha256({0}))"],
    "SHA512": ["STRING -> BYTES: hagane_sha512({0})", "BYTES -> BYTES: hagane_sha512_bytes({0})"],
}
