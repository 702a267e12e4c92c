"""`override_weights`: a spec whose rows weigh what the command line says."""

from __future__ import annotations

from msgspec.structs import replace

from hagane.spec.spec import Downsample, Spec


def override_weights(
    spec: Spec, *, weight_column: str | None, auto_class_weights: bool, downsample: float | None, stratify: bool
) -> Spec:
    """The spec with every way of weighing rows that is given put in the place of its own.

    >>> made = override_weights(
    ...     Spec(data="f.csv", label="y"), weight_column=None, auto_class_weights=False, downsample=0.1, stratify=True
    ... )
    >>> made.training.downsample.rate, made.split.stratify
    (0.1, True)
    """
    training = spec.training
    if weight_column is not None:
        training = replace(training, weight_column=weight_column)
    if auto_class_weights:
        training = replace(training, auto_class_weights=True, class_weights={})
    if downsample is not None:
        training = replace(training, downsample=Downsample(rate=downsample))
    return replace(spec, training=training, split=replace(spec.split, stratify=True) if stratify else spec.split)
