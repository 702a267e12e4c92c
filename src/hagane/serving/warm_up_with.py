"""`warm_up_with`: a deployment answers before the first request finds it."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from typing import Any

from hagane.errors import Fault, ServeError
from hagane.serving.deployment import Deployment
from hagane.serving.exchange import Exchange
from hagane.serving.http import HttpError, Request
from hagane.serving.protocol import Predict

BREATH_SECONDS = 0.001
"""Between two requests: those of callers go first."""


def warm_up_with(deployment: Deployment, requests: Sequence[Request], instances: Sequence[Any] = ()) -> None:
    """Answer the model's example, `instances` that were recorded, then `requests` that another version has answered.

    A version that fails on any of them, or refuses all, would fail callers: it raises, ServeError for the refusals.
    """
    model = deployment.model
    for instance in (model.example, *instances):
        model.bundle.predict([instance], on_error="null", extra="ignore")
    deployment.warm_up()
    refusals = []
    for request in requests:
        time.sleep(BREATH_SECONDS)
        try:
            _replay(deployment, request)
        except HttpError as error:
            refusals.append(error)
    if requests and len(refusals) == len(requests):
        what = f"it refuses all of the last {len(requests)} requests, which were answered"
        raise ServeError(Fault(what=what), *refusals[0].faults[:3])


def _replay(deployment: Deployment, request: Request) -> None:
    again = copy.copy(request)
    _, route = deployment.route(again)
    if isinstance(route, Predict):
        deployment.predict(route, Exchange(again, deployment))
