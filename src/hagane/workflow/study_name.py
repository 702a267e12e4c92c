"""`study_name`: what the study of a spec is called."""

from __future__ import annotations

from hagane.spec.spec import Spec
from hagane.workspace.model_version import spec_name


def study_name(spec: Spec) -> str:
    """As its model, where it has no name of its own.

    >>> study_name(Spec(data="f.csv", label="late?"))
    'late_'
    """
    return (spec.tuning.study if spec.tuning else None) or spec_name(spec)
