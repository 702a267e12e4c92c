"""Which deployed model a request goes to: a hundred buckets, of which each model has as many as its percentage.

A request without a key draws a bucket. A key's bucket is its hash, so it keeps its model while the split stands; when
the split changes, only as many buckets change hands as the percentages say, so that no key moves without need.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence

NUM_BUCKETS = 100


def assign_buckets(before: Sequence[str], split: Mapping[str, int]) -> tuple[str, ...]:
    """The model of each bucket where `split` is the percentage of each, as near to `before` as can be.

    >>> first = assign_buckets((), {"a": 100})
    >>> second = assign_buckets(first, {"a": 90, "b": 10})
    >>> second.count("b"), sum(x != y for x, y in zip(first, second))
    (10, 10)
    >>> assign_buckets(second, {"a": 100}) == first
    True
    """
    left = dict(split)
    kept: list[str | None] = []
    for owner in before or [""] * NUM_BUCKETS:
        has_room = left.get(owner, 0) > 0
        kept.append(owner if has_room else None)
        if has_room:
            left[owner] -= 1
    free = iter([id_ for id_, count in left.items() for _ in range(count)])
    return tuple(owner if owner is not None else next(free) for owner in kept)


def key_bucket(endpoint: str, key: bytes) -> int:
    """The bucket of a key: the same in every process, and another one at another endpoint.

    >>> key_bucket("late", b"Ada"), key_bucket("late", b"Ada") == key_bucket("fare", b"Ada")
    (21, False)
    """
    return int.from_bytes(hashlib.blake2b(key, digest_size=8, person=_person(endpoint)).digest(), "big") % NUM_BUCKETS


@functools.cache
def _person(endpoint: str) -> bytes:
    """What makes the hashes of one endpoint its own."""
    return hashlib.blake2b(endpoint.encode(), digest_size=16).digest()


def shared_out(total: int, weights: Iterable[int]) -> list[int]:
    """`total` in whole parts, in proportion to `weights` (largest remainders); all 0 where the weights are.

    >>> shared_out(90, [100, 0]), shared_out(50, [34, 33, 33]), shared_out(10, [0])
    ([90, 0], [17, 17, 16], [0])
    """
    shares = list(weights)
    whole = sum(shares)
    if not whole:
        return [0] * len(shares)
    parts = [total * share // whole for share in shares]
    ranked = sorted(range(len(shares)), key=lambda index: -(total * shares[index] % whole))
    for index in ranked[: total - sum(parts)]:
        parts[index] += 1
    return parts
