"""`POST /feedback`: where ground truth arrives over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from hagane.errors import Fault, RequestError
from hagane.serving.http import HttpError, Request, Response
from hagane.serving.json_fields import JsonFields
from hagane.serving.protocol import Body, Protocol, Read
from hagane.serving.request_log.feedback import Feedback, label_types, read_feedback
from hagane.serving.row_schema import TYPES, object_of
from hagane.serving.served_model import ServedModel
from hagane.types import SqlType

FIELD = "feedback"
RETRY_AFTER_SECONDS = b"5"


def feedback_path(
    model: ServedModel, keep: Callable[[Feedback], bool], error: Callable[[HttpError], Response]
) -> Protocol:
    """The path; `keep` takes what arrives, and says whether it could. Errors have the shape of `error`."""
    labels = label_types(model.bundle.signature)

    def answer(request: Request) -> Response:
        """Take ground truth for rows that were predicted, named by their request's id."""
        fields = JsonFields(request.body, (FIELD,))
        fields.one_of(FIELD)
        rows = fields[FIELD]
        model.check_count(len(rows) if isinstance(rows, list) else 0, FIELD)
        try:
            feedback = read_feedback(rows, labels)
        except RequestError as refused:
            raise HttpError(400, *fields.faults, *refused.faults) from None
        if fields.faults:
            raise HttpError(400, *fields.faults)
        if not keep(feedback):
            raise _unavailable()
        return Response(202, msgspec.json.encode({"received": feedback.num_rows}))

    path = Read("/feedback", answer, method="POST", kind="feedback", bodies=(_body(model),), status=202)
    return Protocol("feedback", (path,), error)


def _body(model: ServedModel) -> Body:
    signature = model.bundle.signature
    types = {label: TYPES[type_] for label, type_ in label_types(signature).items()}
    truth = next(iter(types.values())) if len(types) == 1 else object_of([], **types)
    row = object_of(
        ["request_id", "truth"],
        request_id={"type": "string", "minLength": 1},
        row={"type": ["integer", "null"], "minimum": 0},
        time=TYPES[SqlType.TIMESTAMP],
        truth=truth,
    )
    example: dict[str, Any] = {"request_id": "5f0c9d3a1b2e4f60", "truth": _truth_example(model)}
    return Body(object_of([FIELD], feedback={"type": "array", "items": row}), {FIELD: [example]})


def _truth_example(model: ServedModel) -> object:
    signature = model.bundle.signature
    each = {one.label: one.classes[-1] if one.classes else 1.5 for one in (signature.each or (signature,))}
    return each if signature.labels else next(iter(each.values()))


def _unavailable() -> HttpError:
    fault = Fault(
        what="feedback cannot be kept now", next_step=f"send it again in {RETRY_AFTER_SECONDS.decode()} seconds"
    )
    return HttpError(503, fault, headers=((b"retry-after", RETRY_AFTER_SECONDS),))
