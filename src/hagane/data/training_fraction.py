"""`TrainingFraction`: some of the training rows, chosen by the hash that splits them; eval and test stay."""

from __future__ import annotations

import msgspec

from hagane.data.downsample import LEFT_OUT
from hagane.data.part_sql import HASH_RANGE, hash_bits
from hagane.data.split import TRAIN, Splits
from hagane.errors import DataError, Fault

SALT = 3 * HASH_RANGE
"""Added to the split's seed: other hashes than those of the split and of folds."""


class TrainingFraction(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """About `share` of the training rows; of a `repeat`, each smaller fraction is part of each larger one.

    Rows of one key stay together where the split goes by key: a fraction is then one of keys.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> from hagane.data.split import split_table
    >>> from hagane.spec.spec import Split
    >>> splits = split_table(open_table(pa.table({"n": range(1000)})), Split())
    >>> splits.counts, TrainingFraction(share=0.25)(splits).counts
    ((803, 94, 103), (191, 94, 103))
    """

    share: float
    repeat: int = 0

    def __call__(self, splits: Splits) -> Splits:
        """The rows divided so; those left out are in no part. Raises DataError where none is left."""
        if self.share >= 1:
            return splits
        split = splits.split
        salted = msgspec.structs.replace(split, seed=split.seed + SALT + self.repeat)
        by_key = split.method == "key" and split.column is not None
        bits = hash_bits([str(split.column)] if by_key else list(splits.table.schema.names), salted)
        left_out = f"({splits.part_sql}) = {TRAIN} AND {bits} >= {round(self.share * HASH_RANGE)}"
        divided = splits.divided_by(f"CASE WHEN {left_out} THEN {LEFT_OUT} ELSE {splits.part_sql} END")
        if not divided.counts[TRAIN]:
            what = f"{100 * self.share:g} % of the training rows are none"
            raise DataError(Fault(what=what, received=f"{splits.counts[TRAIN]:,} training rows"))
        return divided
