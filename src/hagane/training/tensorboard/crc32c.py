"""`crc32c`: the checksum of TFRecord files (Castagnoli's polynomial, RFC 3720, B.4)."""

from __future__ import annotations

from functools import lru_cache

REVERSED_POLYNOMIAL = 0x82F63B78
MASK_DELTA = 0xA282EAD8


def crc32c(data: bytes) -> int:
    """The checksum of `data`, from 0 to 2**32 - 1.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table, register = _table(), 0xFFFFFFFF
    for byte in data:
        register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
    return register ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """As TFRecord stores it: turned by 15 bits and moved, so that a checksum of checksums is not one.

    >>> hex(masked_crc32c(b"123456789"))
    '0xc78ab0e5'
    """
    checksum = crc32c(data)
    return ((checksum >> 15 | checksum << 17) + MASK_DELTA) & 0xFFFFFFFF


@lru_cache(maxsize=1)
def _table() -> tuple[int, ...]:
    """What each byte does to the register."""
    return tuple(_turned(byte) for byte in range(256))


def _turned(register: int) -> int:
    for _ in range(8):
        register = (register >> 1) ^ (REVERSED_POLYNOMIAL if register & 1 else 0)
    return register
