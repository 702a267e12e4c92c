"""`Sampling`: which requests are kept: decided by the request's id alone."""

from __future__ import annotations

import hashlib

_SPACE = 2**64


class Sampling:
    """Keeps the share `rate` of all requests: the same ones in every process, for every model, and in any order.

    Those that a smaller rate keeps, a larger one keeps, too.

    >>> half = Sampling(0.5)
    >>> sum(half.keeps(f"request {number}") for number in range(10_000))
    5058
    """

    def __init__(self, rate: float) -> None:
        self._end = round(rate * _SPACE)
        self.rate = rate

    def keeps(self, request_id: str) -> bool:
        """Whether the request of this id is kept, with all its rows."""
        if self._end >= _SPACE:
            return True
        digest = hashlib.blake2b(request_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest) < self._end
