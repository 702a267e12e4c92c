"""`TrainingReference`: how a model answered when it was new, as its bundle keeps it."""

from __future__ import annotations

import msgspec

from hagane.statistics.statistics import Statistics

REFERENCE_NAME = "reference.json"


class TrainingReference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`reference.json`: what windows of its traffic are held against beside the statistics of the raw columns.

    >>> reference = TrainingReference(part="test", predictions=Statistics(num_rows=0, columns=()))
    >>> TrainingReference.from_json(reference.to_json()) == reference
    True
    """

    part: str
    """Of which rows: `test`; `eval` where there are none, `train` without either."""
    predictions: Statistics | None = None
    """Of what was answered, as the log has it; of some of the rows where there are many."""
    features: Statistics | None = None
    """Of what the model saw; where `monitoring.watch` names them."""
    attributions: Statistics | None = None
    """Of what each raw column added to the raw score; where `monitoring.watch` names them."""
    notes: tuple[str, ...] = ()
    """What is not watched, and why."""

    @staticmethod
    def from_json(document: bytes) -> TrainingReference:
        """What `to_json` wrote. Raises msgspec.MsgspecError for anything else."""
        return msgspec.json.decode(document, type=TrainingReference)

    def to_json(self) -> bytes:
        """As a document of a bundle."""
        return msgspec.json.encode(self)
