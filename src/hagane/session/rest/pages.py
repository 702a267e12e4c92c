"""`page_of`: a list, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hagane.session.rest.api_call import ApiCall
from hagane.session.rest.api_error import ApiError

T = TypeVar("T")
MOST_ITEMS = 1_000


def page_of(items: Sequence[T], call: ApiCall) -> tuple[Sequence[T], dict[str, str]]:
    """What `maxResults` and `pageToken` ask for, and the token of what comes after. Raises ApiError.

    >>> page_of("abc", ApiCall(path={}, query={"maxResults": "2"}))
    ('ab', {'nextPageToken': '2'})
    """
    start = page_start(call)
    size = min(call.number("maxResults", MOST_ITEMS) or MOST_ITEMS, MOST_ITEMS)
    end = start + size
    return items[start:end], {"nextPageToken": str(end)} if end < len(items) else {}


def page_start(call: ApiCall) -> int:
    """The place at which a page begins. Raises ApiError."""
    token = call.query.get("pageToken", "")
    if not token:
        return call.number("startIndex", 0) or 0
    if not (token.isascii() and token.isdecimal()):
        raise ApiError("invalid", f"there is no page {token}")
    return int(token)
