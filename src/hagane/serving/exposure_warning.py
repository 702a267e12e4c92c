"""`exposure_warning`: what to know of a server that others than this machine can reach."""

from __future__ import annotations

import ipaddress


def exposure_warning(host: str, *, needs_token: bool, is_encrypted: bool) -> str:
    """A line for people; empty for the loopback, and where tokens and TLS are both there.

    >>> exposure_warning("127.0.0.1", needs_token=False, is_encrypted=False)
    ''
    >>> print(exposure_warning("0.0.0.0", needs_token=False, is_encrypted=True))
    Warning: whoever reaches 0.0.0.0 is answered: hagane tokens create NAME closes it.
    """
    if is_loopback(host) or (needs_token and is_encrypted):
        return ""
    open_ = "" if needs_token else f"whoever reaches {host} is answered: hagane tokens create NAME closes it"
    plain = "" if is_encrypted else "nothing is encrypted: --tls-cert and --tls-key do that"
    return f"Warning: {'; '.join(part for part in (open_, plain) if part)}."


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.2", "::1", "0.0.0.0", "example.org")]
    [True, True, True, False, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
