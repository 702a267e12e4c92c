"""The body of a request as JSON: whatever cannot be read is a fault, never an exception of another kind."""

from __future__ import annotations

import json
import re

import msgspec

from hagane.errors import Fault
from hagane.serving.http import HttpError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_json(body: bytes) -> object:
    """The JSON value that `body` holds.

    Bare `NaN`, `Infinity` and `-Infinity`, which are no JSON but which many clients write, are taken as numbers; a byte
    order mark is skipped. Of a field given twice the last counts. Raises HttpError 400.

    >>> read_json(b'{"instances": [{"age": 3}]}')
    {'instances': [{'age': 3}]}
    """
    body = body.removeprefix(_BYTE_ORDER_MARK)
    if not body.strip():
        raise HttpError(400, Fault(what="the request has no body", expected='JSON such as {"instances": [{...}]}'))
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        raise HttpError(400, Fault(what="the JSON is nested too deeply", expected="rows of plain values")) from None
    except UnicodeDecodeError as error:
        raise HttpError(400, _not_json(f"it is not UTF-8 ({error.reason} at byte {error.start} of a text)")) from None
    except (msgspec.MsgspecError, ValueError) as error:
        return _read_loosely(body, error)


def _read_loosely(body: bytes, refused: Exception) -> object:
    """What Python's own scanner makes of it, where bare NaN or Infinity may be why the strict one refused.

    Or half a pair of surrogates: then the decoder of rows refuses it, and names the field.
    """
    if b"NaN" in body or b"Infinity" in body or _SURROGATE.search(body):
        try:
            return json.loads(body)
        except RecursionError:
            raise HttpError(400, Fault(what="the JSON is nested too deeply", expected="rows of plain values")) from None
        except ValueError as error:
            raise HttpError(400, _not_json(str(error))) from None
    raise HttpError(400, _not_json(str(refused))) from None


def _not_json(why: str) -> Fault:
    why = re.sub(r"^JSON is malformed: ", "", why)
    return Fault(what=f"the body is not JSON: {why}", expected='JSON such as {"instances": [{...}]}')
