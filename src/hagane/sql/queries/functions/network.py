"""NET.*: hosts of URLs, and addresses."""

from __future__ import annotations

from typing import Any

FUNCTIONS: dict[str, Any] = {
    "NET.HOST": ["STRING -> STRING: hagane_net_host({0})"],
    "NET.IP_FROM_STRING": ["STRING -> BYTES: hagane_net_ip_from_string({0})"],
    "NET.SAFE_IP_FROM_STRING": ["STRING -> BYTES: hagane_net_ip_from_string_safe({0})"],
    "NET.IP_NET_MASK": ["INT64, INT64 -> BYTES: hagane_net_ip_net_mask({0}, {1})"],
    "NET.IP_TO_STRING": ["BYTES -> STRING: hagane_net_ip_to_string({0})"],
    "NET.IP_TRUNC": ["BYTES, INT64 -> BYTES: hagane_net_ip_trunc({0}, {1})"],
    "NET.IPV4_FROM_INT64": ["INT64 -> BYTES: hagane_net_ipv4_from_int64({0})"],
    "NET.IPV4_TO_INT64": ["BYTES -> INT64: hagane_net_ipv4_to_int64({0})"],
}
