"""`ServedModel`: a bundle with the name and version under which it answers, and the limits of one request."""

from __future__ import annotations

import dataclasses
from typing import Any

from hagane.bundle.bundle import Bundle
from hagane.bundle.instances import InstanceDecoder
from hagane.bundle.predictions import Predictions
from hagane.errors import Fault, RequestError
from hagane.serving.example import example_instance
from hagane.serving.http import HttpError

MAX_BODY_BYTES = 10_000_000
"""The largest request body, as on Vertex AI's dedicated endpoints."""
MAX_ROWS = 10_000
"""The most rows of one request."""


@dataclasses.dataclass(frozen=True)
class ServedModel:
    """What every protocol answers from: rows are decoded, run at once, and encoded by the protocol."""

    bundle: Bundle
    version: str = "1"
    max_rows: int = MAX_ROWS
    decoder: InstanceDecoder | None = None
    """How instances are read; the bundle's own rules by default."""

    @property
    def name(self) -> str:
        """The model's name, in paths."""
        return self.bundle.name

    @property
    def example(self) -> dict[str, Any]:
        """An instance that the model answers."""
        return example_instance(self.bundle.signature)

    def predict(self, instances: object, faults: tuple[Fault, ...] = ()) -> Predictions:
        """Answer the rows of one request, unless it has `faults` already.

        Raises HttpError: 400 with every fault of the request, those of the rows last; 413 for too many rows.
        """
        if isinstance(instances, list) and len(instances) > self.max_rows:
            raise HttpError(
                413,
                Fault(
                    what="too many rows in one request",
                    where="instances",
                    expected=f"at most {self.max_rows}",
                    received=str(len(instances)),
                    next_step="send several requests, or predict in batch: hagane predict",
                ),
            )
        try:
            predictions = self.bundle.predict(instances, decoder=self.decoder)  # type: ignore[arg-type]
        except RequestError as error:
            raise HttpError(400, *faults, *error.faults) from None
        if faults:
            raise HttpError(400, *faults)
        return predictions
