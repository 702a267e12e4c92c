"""`ApiError`: a refusal in the shape of Google's APIs, by which clients choose the exception that they raise."""

from __future__ import annotations

from typing import Any

from hagane.errors import HaganeError, NotFoundError

_STATUS = {
    "invalid": 400,
    "invalidQuery": 400,
    "parseError": 400,
    "required": 401,
    "notFound": 404,
    "duplicate": 409,
    "notImplemented": 501,
    "resourceInUse": 400,
    "stopped": 499,
    "tooLarge": 413,
}


class ApiError(Exception):
    """Why there is no answer: a reason of BigQuery's, and what to tell people."""

    def __init__(self, reason: str, message: str, *, location: str = "") -> None:
        self.reason, self.message, self.location = reason, message, location
        super().__init__(message)

    @property
    def status(self) -> int:
        """The HTTP status that goes with the reason. None that clients would try again for minutes."""
        return _STATUS.get(self.reason, 400)

    def proto(self) -> dict[str, str]:
        """An `ErrorProto`, as jobs hold it.

        >>> ApiError("notFound", "Not found: Table hagane:main.trips").proto()["reason"]
        'notFound'
        """
        found = {"reason": self.reason, "message": self.message}
        return found | ({"location": self.location} if self.location else {})

    def body(self) -> dict[str, Any]:
        """What an HTTP answer holds."""
        detail = {"domain": "global", **self.proto()}
        return {
            "error": {
                "code": self.status,
                "message": self.message,
                "errors": [detail],
                "status": _NAMES.get(self.status, "UNKNOWN"),
            }
        }

    @staticmethod
    def of(error: HaganeError) -> ApiError:
        """What Hagane refused, faults in full; text that is underlined stays so.

        >>> ApiError.of(NotFoundError("Not found: Table trips")).status
        404
        """
        first = error.faults[0].what if error.faults else ""
        text = error.render()
        if isinstance(error, NotFoundError) or first.startswith("Not found"):
            return ApiError("notFound", text)
        if first.startswith("Already Exists"):
            return ApiError("duplicate", text)
        return ApiError("invalidQuery", text, location="query")


_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    413: "INVALID_ARGUMENT",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
}
