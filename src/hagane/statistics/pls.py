"""`pls_explained`: how much of a target the components of partial least squares explain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def pls_explained(correlations: Floats, relation: Floats) -> Floats:
    """R² of PLS regression with 1, 2, … d components, [d], on standardised columns.

    `correlations` [d, d] are those of the columns, `relation` [d] those with the target. With one target the first k
    components span the Krylov space of (R, r): r, Rr, …, Rᵏ⁻¹r (Helland, On the structure of partial least squares
    regression, 1988); the share explained is that of the projection. Directions that add nothing repeat the last one's.

    >>> pls_explained(np.array([[1.0, 0.9], [0.9, 1.0]]), np.array([0.6, 0.5])).round(4)
    array([0.3236, 0.3684])
    """
    found: list[float] = []
    basis: list[Floats] = []
    direction = relation / max(float(np.linalg.norm(relation)), 1e-300)
    for _ in range(len(relation)):
        for _ in range(2):  # twice is enough to be orthogonal (Giraud, Langou and Rozloznik, 2005)
            direction = direction - sum((each @ direction) * each for each in basis)
        size = float(np.linalg.norm(direction))
        if size < 1e-9:
            break
        basis.append(direction / size)
        span = np.column_stack(basis)
        projected = span.T @ relation
        solved = np.linalg.lstsq(span.T @ correlations @ span, projected, rcond=1e-10)[0]
        found.append(min(1.0, max(found[-1] if found else 0.0, float(projected @ solved))))
        direction = correlations @ basis[-1]
    last = found[-1] if found else 0.0
    return np.array([*found, *[last] * (len(relation) - len(found))])
