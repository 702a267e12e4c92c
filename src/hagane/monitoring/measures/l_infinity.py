"""`l_infinity`: the largest change of one category's share."""

from __future__ import annotations

from hagane.monitoring.distribution import Categories, Distribution


def l_infinity(base: Distribution, study: Distribution) -> float | None:
    """Chebyshev's distance of two categorical distributions: max |p(v) - q(v)| over the values v of either.

    Each side's shares are of the values it lists, as TensorFlow Data Validation has it (`LInftyDistance`). A side
    without values has the share 0 of everything; None for numbers.

    >>> l_infinity(Categories({"cash": 60, "card": 40}), Categories({"card": 3, "app": 1}))
    0.6
    """
    if not isinstance(base, Categories) or not isinstance(study, Categories):
        return None
    return max((change for _, change in changed_shares(base, study)), default=0.0)


def changed_shares(base: Categories, study: Categories) -> list[tuple[str, float]]:
    """Each value of either side and how much its share differs, values in order."""
    totals = base.total or 1.0, study.total or 1.0
    values = sorted({*base.counts, *study.counts})
    shares = ((base.counts.get(value, 0.0) / totals[0], study.counts.get(value, 0.0) / totals[1]) for value in values)
    return [(value, abs(p - q)) for value, (p, q) in zip(values, shares, strict=True)]
