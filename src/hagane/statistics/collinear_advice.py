"""`advice_for`: what to do about columns that say the same, in words, with the figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hagane.statistics.collinearity import CollinearGroup

MAX_NAMES = 8
MIN_LOSS, MIN_LOST_SHARE = 0.01, 0.1
"""Of R²: dropping columns is said to have a price beyond both."""


def advice_for(group: CollinearGroup, label: str | None) -> tuple[str, ...]:
    """One sentence a way out: whether it matters, what to drop, how many components do instead."""
    return tuple(_sentences(group, label))


def _sentences(group: CollinearGroup, label: str | None) -> Iterator[str]:
    num = len(group.columns)
    if not group.drop:
        yield (
            "Mild: no column follows from the others so closely that it must go. Regularisation (l2_reg) is enough for "
            "a linear model; trees do not mind."
        )
    else:
        ill = "are not unique" if group.max_vif is None else "are ill determined"
        yield f"Trees do not mind, but share the importance among them; a linear model's weights {ill}."
        yield f"Drop {names_text(group.drop)}: what is left ({names_text(group.keep)}) has no inflation factor above 5."
        yield from _price(group, label)
    if group.num_components < num:
        noun = "component holds" if group.num_components == 1 else "components hold"
        yield f"Or PCA: {group.num_components} principal {noun} 95 % of the variance of these {num} columns."
    if group.num_pls_components is not None and group.r2_of_label and group.num_pls_components < num:
        noun = "component explains" if group.num_pls_components == 1 else "components explain"
        yield (
            f"Or PLS: {group.num_pls_components} {noun} 95 % of what all {num} explain of {label} "
            f"(R² {group.r2_of_label:.3f})."
        )


def _price(group: CollinearGroup, label: str | None) -> Iterator[str]:
    """What dropping costs, where together the columns tell more of the label than those kept."""
    whole, kept = group.r2_of_label or 0.0, group.r2_of_label_kept or 0.0
    if whole - kept > max(MIN_LOSS, MIN_LOST_SHARE * whole):
        yield (
            f"But it has a price: together they explain more of {label} (R² {whole:.3f}) than those kept ({kept:.3f}); "
            "rather keep them all and regularise."
        )


def names_text(names: Sequence[str]) -> str:
    """Names in a sentence; many are cut short.

    >>> names_text(("a", "b", "c")), names_text(("a",))
    ('a, b and c', 'a')
    """
    if len(names) > MAX_NAMES:
        return ", ".join(names[: MAX_NAMES - 1]) + f" and {len(names) - MAX_NAMES + 1:,} more"
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" and {names[-1]}"
