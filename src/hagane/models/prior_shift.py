"""What the raw scores of a classifier lack whose training rows were thinned out by class.

A class of whose rows the share r was kept has r times its odds among the rows that are trained on. Whatever the
classifier, its log odds are therefore those of the data once ln(1/r) is added to the class's raw score (King and Zeng
2001, "Logistic Regression in Rare Events Data", §4.1; He et al. 2014, "Practical Lessons from Predicting Clicks on Ads
at Facebook", §6.3). Eval rows are not thinned out: the same is added before their loss is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def prior_shift(class_offsets: Sequence[float], num_classes: int) -> npt.NDArray[np.float64]:
    """[1] for two classes, whose raw score is the log odds of the second, [c] for more; zeros where nothing is given.

    >>> prior_shift((2.0, 0.0), 2), prior_shift((0.0, 2.0, 0.0), 3), prior_shift((), 2)
    (array([-2.]), array([0., 2., 0.]), array([0.]))
    """
    offsets = np.array(class_offsets or (0.0,) * num_classes, np.float64)
    return offsets[1:] - offsets[:1] if num_classes == 2 else offsets
