"""`with_tuned_split`: BigQuery ML's split of a search, where a spec leaves the split to BigQuery ML's defaults."""

from __future__ import annotations

import msgspec

from hagane.spec.spec import Spec, Split

EVAL_SHARE, TEST_SHARE = 0.1, 0.1001
"""A tenth each. A split that says no more than the default is open, and AUTO_SPLIT of a training has no test rows: so
it says a hair more."""


def with_tuned_split(spec: Spec) -> Spec:
    """The spec with eval rows to choose by and test rows to report, written out.

    Without a label it is so, whatever defaults it wants: a training by itself would set no rows aside.

    >>> with_tuned_split(Spec(data="f.csv", label="y", defaults="bigquery")).split.test_fraction
    0.1001
    >>> with_tuned_split(Spec(data="f.csv", label="y")).split == Split()
    True
    """
    settled = msgspec.structs.replace(spec.split, seed=Split().seed, stratify=False)
    if settled != Split() or (spec.labels and spec.defaults != "bigquery"):
        return spec
    split = msgspec.structs.replace(spec.split, eval_fraction=EVAL_SHARE, test_fraction=TEST_SHARE)
    return msgspec.structs.replace(spec, split=split)
