"""`SliceEffect`: the rows that explain most of an alert."""

from __future__ import annotations

import msgspec


class SliceEffect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One slice of a window's rows, and what the figure would be without them.

    >>> SliceEffect(slice="company = 'X'", share=0.12, value=0.41, without=0.08).text
    "without the rows of company = 'X' (12 % of them) it is 0.08, not 0.41"
    >>> SliceEffect(slice="paid = 'cash'", share=0.3, value=0.71, within=0.52).text
    "worst among the rows of paid = 'cash' (30 % of them): 0.52"
    """

    slice: str
    """`company = 'X'`, `distance > 12.5`, `zone is null`."""
    share: float
    """Of the rows of the window that were looked at, 0 to 1."""
    value: float
    """The figure over all of these rows."""
    without: float | None = None
    """Of a distance: the figure where the slice's rows are left out, of the reference too."""
    within: float | None = None
    """Of a metric: the figure of the slice alone."""

    @property
    def text(self) -> str:
        """As people are told."""
        rows = f"the rows of {self.slice} ({100 * self.share:.3g} % of them)"
        if self.without is not None:
            return f"without {rows} it is {self.without:.2g}, not {self.value:.2g}"
        return f"worst among {rows}: {self.within:.3g}"
