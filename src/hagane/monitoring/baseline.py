"""`read_baseline`: how the rows that a model was trained on lay, as its bundle keeps it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hagane.bundle.manifest import SIGNATURE_NAME, read_verified
from hagane.bundle.signature import Signature
from hagane.errors import BundleError, Fault
from hagane.monitoring.distribution import Distribution
from hagane.monitoring.distribution_of import distribution_of
from hagane.statistics.statistics import Statistics

STATISTICS_NAME = "statistics.json"


def read_baseline(
    folder: Path, *, num_histogram_buckets: int = 10, num_top_values: int = 50
) -> dict[str, Distribution]:
    """Column → its distribution, of the raw columns that the model reads, in its order.

    Left out is what was not measured (`distribution_of`). Raises BundleError for a bundle that is damaged, or holds no
    statistics.
    """
    manifest, files = read_verified(folder, keep=(SIGNATURE_NAME, STATISTICS_NAME))
    if STATISTICS_NAME not in manifest.files:
        step = "train the model again: every bundle that is made now holds the statistics of its rows"
        raise BundleError(Fault(what=f"the model holds no {STATISTICS_NAME}", where=str(folder), next_step=step))
    try:
        signature = msgspec.json.decode(files[SIGNATURE_NAME], type=Signature)
        statistics = Statistics.from_json(files[STATISTICS_NAME])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(Fault(what=f"the model's statistics cannot be read: {error}", where=str(folder))) from None
    found = {}
    for name in signature.names:
        if name in statistics:
            distribution = distribution_of(
                statistics[name], num_histogram_buckets=num_histogram_buckets, num_top_values=num_top_values
            )
            if distribution is not None:
                found[name] = distribution
    return found
