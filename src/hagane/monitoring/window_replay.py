"""`WindowReplay`: whether a sample of a window's requests is answered again as it was."""

from __future__ import annotations

import msgspec

MOST_REQUESTS = 5
"""Whose ids are told."""
TOLERANCE = 1e-6
"""Of answers of another build of the runtime, relative: |again - then| / max(1, |then|). On the same build: none."""


class WindowReplay(msgspec.Struct, frozen=True, kw_only=True):
    """Of rows that were asked again of the bundle that answered; mergeable.

    >>> one = WindowReplay(num_rows=3, num_features_differ=1, request_ids=("a",))
    >>> one.merge(WindowReplay(num_rows=2, num_answers_differ=1, request_ids=("b",))).request_ids
    ('a', 'b')
    """

    num_rows: int = 0
    """That were asked again."""
    num_features_differ: int = 0
    """Rows of which the bundle's graph makes other features than the path on which training's were made: by a bit."""
    num_answers_differ: int = 0
    """Rows that are answered otherwise than the log says: by a bit, or on another build by more than the tolerance."""
    largest_difference: float = 0.0
    """Between numbers answered then and now, relative."""
    is_same_build: bool = True
    """Whether the runtime that answered was of this very build."""
    request_ids: tuple[str, ...] = ()
    """Of the first rows that differ."""
    reason: str = ""
    """Why nothing could be asked again."""

    @property
    def num_differ(self) -> int:
        """Rows that are not as they were, at least."""
        return max(self.num_features_differ, self.num_answers_differ)

    def merge(self, other: WindowReplay) -> WindowReplay:
        """Of both windows together."""
        return WindowReplay(
            num_rows=self.num_rows + other.num_rows,
            num_features_differ=self.num_features_differ + other.num_features_differ,
            num_answers_differ=self.num_answers_differ + other.num_answers_differ,
            largest_difference=max(self.largest_difference, other.largest_difference),
            is_same_build=self.is_same_build and other.is_same_build,
            request_ids=tuple(dict.fromkeys((*self.request_ids, *other.request_ids)))[:MOST_REQUESTS],
            reason=self.reason or other.reason,
        )
