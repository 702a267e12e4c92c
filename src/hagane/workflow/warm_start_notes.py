"""`warm_start_notes`: what a training that began with an earlier model should be told of its evaluation."""

from __future__ import annotations

from hagane.spec.spec import Spec
from hagane.workflow.beginning import Beginning


def warm_start_notes(spec: Spec, beginning: Beginning | None) -> list[str]:
    """That rows to judge by may be among those that the earlier model learnt from: it was divided otherwise."""
    if beginning is None or (spec.split, spec.data) == (beginning.spec.split, beginning.spec.data):
        return []
    what = "split" if spec.data == beginning.spec.data else "data"
    return [
        f"it began with {beginning.reference}, whose {what} is another: eval and test rows may be among those that it "
        "learnt from, and the metrics too good; judge it by rows that neither has seen (hagane evaluate MODEL DATA)"
    ]
