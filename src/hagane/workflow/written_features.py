"""`with_written_features`: automatic features written out: a search can choose between them, or leave some out."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hagane.features.automatic import automatic_transform
from hagane.models.family import Family
from hagane.spec.spec import Spec
from hagane.workflow.resolve import not_features
from hagane.workflow.shared_rows import DividedRows


def without_feature_choices(spec: Spec) -> Spec:
    """The spec without what its `tuning` says of features, where it writes none itself; else as it is."""
    if spec.transform is not None or spec.tuning is None:
        return spec
    tuning = msgspec.structs.replace(spec.tuning, features={}, optional=(), crosses=())
    return spec if tuning == spec.tuning else msgspec.structs.replace(spec, tuning=tuning)


def with_written_features(spec: Spec, rows: DividedRows, families: Sequence[Family]) -> Spec:
    """`spec` with the features of automatic preprocessing; of several families for one that wants numbers scaled."""
    family = next((each for each in families if each.scales), families[0])
    found = automatic_transform(
        rows.labelled.table.schema,
        rows.statistics,
        rows.labelled.spec.label,
        scales=family.scales,
        accepts_missing=family.accepts_missing,
        exclude=not_features(rows.labelled.spec),
        rules=spec.defaults,
    )
    return msgspec.structs.replace(spec, transform=found[0])
