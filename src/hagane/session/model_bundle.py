"""`model_bundle`: the bundle of the model that a function over models was given."""

from __future__ import annotations

from hagane.bundle.bundle import Bundle
from hagane.session.function_call import FunctionCall


def model_bundle(call: FunctionCall) -> Bundle:
    """Loaded and verified. Raises BundleError."""
    assert call.model is not None
    return Bundle.load(call.model.path)
