"""gRPC's codes for the statuses of HTTP that are errors."""

from __future__ import annotations

CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    415: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""HTTP's status → gRPC's name; INTERNAL for the rest."""
NUMBERS = {
    "INVALID_ARGUMENT": 3, "DEADLINE_EXCEEDED": 4, "NOT_FOUND": 5, "PERMISSION_DENIED": 7, "RESOURCE_EXHAUSTED": 8,
    "UNIMPLEMENTED": 12, "INTERNAL": 13, "UNAVAILABLE": 14, "UNAUTHENTICATED": 16,
}  # fmt: skip


def code_of(status: int) -> str:
    """gRPC's code for a status that is an error.

    >>> code_of(429), code_of(500)
    ('RESOURCE_EXHAUSTED', 'INTERNAL')
    """
    return CODES.get(status, "INTERNAL")
