"""How an endpoint's log treats the columns of a model: what the model says, and what the endpoint adds."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.bundle.signature import Signature, Treatment

_STRICTNESS: tuple[Treatment | None, ...] = (None, "hash", "leave_out")


def treatments(signature: Signature, added: Mapping[str, Treatment]) -> dict[str, Treatment]:
    """Sensitive column → treatment; the stricter of the two where both say one.

    Names that the model does not read are passed over: an endpoint's settings outlive its models.

    >>> from hagane.bundle.signature import Input
    >>> from hagane.types import SqlType
    >>> inputs = (Input(name="job", type=SqlType.STRING, sensitive="leave_out"), Input(name="age", type=SqlType.INT64))
    >>> signature = Signature(inputs=inputs, task="regression", label="y", label_type=SqlType.FLOAT64, model_type="dnn")
    >>> treatments(signature, {"job": "hash", "age": "hash", "name": "hash"})
    {'job': 'leave_out', 'age': 'hash'}
    """
    found: dict[str, Treatment] = {}
    for column in signature.inputs:
        strictest = max(column.sensitive, added.get(column.name), key=_STRICTNESS.index)
        if strictest is not None:
            found[column.name] = strictest
    return found
