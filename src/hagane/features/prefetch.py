"""`prefetch`: an iterator that works ahead in a thread of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class _Ended:
    """The value that stands for the end of the iterable."""


def prefetch(items: Iterable[T], ahead: int) -> Iterator[T]:
    """The items in order, up to `ahead` of them made while the caller is busy; 0 makes each when it is asked for.

    What the iterable raises is raised here, in its turn. When the caller stops early (an exception, an interruption,
    `close`), the item being made is finished and its thread ends.

    >>> list(prefetch(range(3), 2))
    [0, 1, 2]
    """
    if not ahead:
        yield from items
        return
    source = iter(items)
    waiting: deque[Future[T | _Ended]] = deque()
    pool = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
    try:
        waiting.extend(pool.submit(_next, source) for _ in range(ahead))
        while not isinstance(item := waiting.popleft().result(), _Ended):
            waiting.append(pool.submit(_next, source))
            yield item
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _next(source: Iterator[T]) -> T | _Ended:
    return next(source, _Ended())
