"""What TensorFlow Data Validation itself measures, for `test_tfdv_values.py`: cases as JSON in, values out.

Runs in an environment of its own (`make test-tfdv`), without TensorFlow: the measures are in its extension module,
which is loaded by its path, so that the package's own imports are not needed.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import site
import sys
from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

NAME = "tensorflow_data_validation_extension"


def validation() -> Any:
    """The extension's functions."""
    place = f"tensorflow_data_validation/pywrap/{NAME}.so"
    file = next(path for path in (Path(folder) / place for folder in site.getsitepackages()) if path.exists())
    loader = importlib.machinery.ExtensionFileLoader(NAME, str(file))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(NAME, loader))
    loader.exec_module(module)
    return module.validation


def statistics(side: dict[str, Any]) -> bytes:
    """One column, `x`: `buckets` as [low, high, count], or `counts` by value."""
    dataset = statistics_pb2.DatasetFeatureStatistics(num_examples=1_000)
    feature = dataset.features.add()
    feature.path.step.append("x")
    if "counts" in side:
        feature.type = statistics_pb2.FeatureNameStatistics.STRING
        common = feature.string_stats.common_stats
        for value, count in side["counts"].items():
            feature.string_stats.rank_histogram.buckets.add(label=value, sample_count=count)
    else:
        feature.type = statistics_pb2.FeatureNameStatistics.FLOAT
        common = feature.num_stats.common_stats
        histogram = feature.num_stats.histograms.add(type=statistics_pb2.Histogram.STANDARD)
        for low, high, count in side["buckets"]:
            histogram.buckets.add(low_value=low, high_value=high, sample_count=count)
    common.num_non_missing, common.min_num_values, common.max_num_values = 1_000, 1, 1
    return dataset.SerializeToString()


def schema(case: dict[str, Any]) -> bytes:
    """With a threshold of nothing, so that whatever is measured is told."""
    found = schema_pb2.Schema()
    feature = found.feature.add(name="x", type=schema_pb2.BYTES if "counts" in case["base"] else schema_pb2.FLOAT)
    feature.presence.min_count = 0
    if case["measure"] == "L_INFTY":
        feature.drift_comparator.infinity_norm.threshold = 0.0
    else:
        feature.drift_comparator.jensen_shannon_divergence.threshold = 0.0
    return found.SerializeToString()


def main() -> None:
    functions = validation()
    for line in sys.stdin:
        case = json.loads(line)
        told = functions.ValidateFeatureStatistics(statistics(case["study"]), schema(case), b"",
                                                   statistics(case["base"]), b"", b"", b"", b"", False)  # fmt: skip
        anomalies = anomalies_pb2.Anomalies()
        anomalies.ParseFromString(told)
        values = [each.value for info in anomalies.drift_skew_info for each in info.drift_measurements]
        sys.stdout.write(f"{json.dumps(values[0] if values else None)}\n")


if __name__ == "__main__":
    main()
