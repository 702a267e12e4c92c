"""`ensemble_members`: what the members of a fitted ensemble have to say, for its lineage."""

from __future__ import annotations

from hagane.models.ensemble_model import EnsembleModel
from hagane.models.family import FittedModel
from hagane.workflow.lineage import EnsembleMember


def ensemble_members(model: FittedModel) -> tuple[EnsembleMember, ...]:
    """Those of an ensemble; none of any other model."""
    if not isinstance(model, EnsembleModel):
        return ()
    return tuple(
        EnsembleMember(number=member.number, type=member.models[0].family, weight=share,
                       num_models=len(member.models), held_out_loss=member.held_out_loss)
        for member, share in zip(model.members, model.shares.tolist(), strict=True)
    )  # fmt: skip
