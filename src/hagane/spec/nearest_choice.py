"""`nearest_choice`: the choice that was meant by a word."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.errors import nearest

OTHER_WORDS: dict[str, tuple[str, ...]] = {
    "gpu": ("cuda",),
    "nvidia": ("cuda",),
    "bf16": ("bfloat16",),
    "half": ("bfloat16",),
    "fp32": ("float32",),
    "full": ("float32",),
    "ddp": ("mirrored", "replicated"),
    "distributed": ("mirrored",),
    "local": ("single",),
    "fsdp": ("full",),
    "mse": ("squared_error", "mean_squared_error"),
    "l2": ("squared_error",),
    "mae": ("absolute_error", "mean_absolute_error"),
    "l1": ("absolute_error",),
    "auc": ("roc_auc",),
    "gbdt": ("gbtree",),
    "momentum": ("sgd",),
    "sigmoid": ("platt",),
    "conformal": ("split_conformal",),
    "group": ("key",),
    "temporal": ("time",),
}
"""What others say → what it is called here, wherever that is among the choices."""


def nearest_choice(word: str, choices: Sequence[str]) -> str:
    """The choice that others call `word`, else the one most like it, else an empty string.

    >>> nearest_choice("gpu", ["auto", "cpu", "cuda"]), nearest_choice("cudda", ["auto", "cpu", "cuda"])
    ('cuda', 'cuda')
    """
    meant = [choice for choice in OTHER_WORDS.get(word.strip().lower(), ()) if choice in choices]
    return meant[0] if meant else nearest(word, choices)
