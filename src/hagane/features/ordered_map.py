"""`ordered_map`: a function over items on several threads, the results in the items' order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ordered_map(function: Callable[[T], R], items: Iterable[T], *, num_threads: int, waiting: int) -> Generator[R]:
    """`function` of each item; at most `waiting` of them are in work or wait for their turn, which bounds the memory.

    What `function` raises is raised here. When the caller stops early, what is in work is finished and no more begun.

    >>> list(ordered_map(len, ["a", "bc", ""], num_threads=2, waiting=2))
    [1, 2, 0]
    """
    pending: deque[Future[R]] = deque()
    with ThreadPoolExecutor(num_threads, thread_name_prefix="encode") as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) >= waiting:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
