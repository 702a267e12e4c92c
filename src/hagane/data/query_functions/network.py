"""Functions of addresses and URLs, a row at a time."""

from __future__ import annotations

import ipaddress
import re

from hagane.data.query_functions.query_function import QueryFunction

_URL = re.compile(r"\s*(?:[A-Za-z][\w+.-]*:)?//(?P<authority>[^/?#\s]*)")


def host(url: str) -> str | None:
    """The host of a URL with `//`, as it stands there.

    >>> host("//user:password@a.b:80/path"), host("https://[::1]:80"), host("mailto:a@b.c")
    ('a.b', '[::1]', None)
    """
    found = _URL.match(url)
    if not found:
        return None
    authority = found["authority"].rpartition("@")[2]
    if authority.startswith("["):
        return authority[: authority.find("]") + 1] or None
    return authority.partition(":")[0].strip(".") or None


def net_mask(length: int, prefix: int) -> bytes:
    """`prefix` bits of 1 in 4 or 16 bytes."""
    if length not in (4, 16) or not 0 <= prefix <= 8 * length:
        raise ValueError("an address has 4 or 16 bytes, a prefix no more bits than that")
    return ((1 << 8 * length) - (1 << 8 * length - prefix)).to_bytes(length, "big")


def truncate(address: bytes, prefix: int) -> bytes:
    """The first `prefix` bits of an address."""
    mask = net_mask(len(address), prefix)
    return bytes(byte & held for byte, held in zip(address, mask, strict=True))


def to_string(address: bytes) -> str:
    """As dots and colons."""
    if len(address) not in (4, 16):
        raise ValueError("an address has 4 or 16 bytes")
    return str(ipaddress.ip_address(address))


def from_int(number: int) -> bytes:
    """IPv4 of a number; negative ones are taken as unsigned."""
    if not -(2**31) <= number < 2**32:
        raise ValueError("an IPv4 address has 32 bits")
    return (number % 2**32).to_bytes(4, "big")


def to_int(address: bytes) -> int:
    """The number of an IPv4 address."""
    if len(address) != 4:
        raise ValueError("an IPv4 address has 4 bytes")
    return int.from_bytes(address, "big")


FUNCTIONS: dict[str, QueryFunction] = {
    "net_host": QueryFunction(("VARCHAR",), "VARCHAR", host),
    "net_ip_from_string": QueryFunction(("VARCHAR",), "BLOB", lambda text: ipaddress.ip_address(text).packed),
    "net_ip_net_mask": QueryFunction(("BIGINT", "BIGINT"), "BLOB", net_mask),
    "net_ip_to_string": QueryFunction(("BLOB",), "VARCHAR", to_string),
    "net_ip_trunc": QueryFunction(("BLOB", "BIGINT"), "BLOB", truncate),
    "net_ipv4_from_int64": QueryFunction(("BIGINT",), "BLOB", from_int),
    "net_ipv4_to_int64": QueryFunction(("BLOB",), "BIGINT", to_int),
}
