"""`ended_fit`: what was prepared for a fit that its time ended, as if no more iterations had been asked for."""

from __future__ import annotations

import dataclasses

from msgspec.structs import replace

from hagane.training.time_limit import TimeLimit
from hagane.workflow.prepare import Prepared


def ended_fit(prepared: Prepared, limit: TimeLimit | None) -> Prepared:
    """With `max_iterations` as many as there were, so that the spec alone makes the same model; else as it is."""
    if limit is None or limit.ended_after is None:
        return prepared
    resolved, most = prepared.resolved, {"max_iterations": limit.ended_after}
    model = replace(resolved.spec.model, options=resolved.spec.model.options | most)
    ended = dataclasses.replace(
        resolved, spec=replace(resolved.spec, model=model), options=replace(resolved.options, **most)
    )
    return dataclasses.replace(prepared, resolved=ended)
