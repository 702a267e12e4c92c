"""Ludwig's preprocessing of one Parquet file, timed; run by `data_path.py` in an environment of Ludwig's own.

    python -m peers.ludwig_preprocessing FILE NAME:TYPE … --label NAME

Prints one line of JSON: rows, seconds and peak memory of `LudwigModel.preprocess`, reading the file included.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time

from peers.absent_modules import stand_in


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("features", nargs="+", help="NAME:TYPE, with Ludwig's types")
    parser.add_argument("--label", required=True)
    arguments = parser.parse_args()
    stand_in("torchvision", "torchaudio")
    from ludwig.api import LudwigModel

    features = [dict(zip(("name", "type"), feature.split(":"), strict=True)) for feature in arguments.features]
    for feature in features:
        missing = {"missing_value_strategy": "fill_with_const", "fill_value": 0 if feature["type"] == "number" else "?"}
        normal = {"normalization": "zscore"} if feature["type"] == "number" else {"most_common": 32_000}
        feature["preprocessing"] = {**missing, **normal}  # type: ignore[assignment]
    config = {"input_features": features, "output_features": [{"name": arguments.label, "type": "number"}]}
    with tempfile.TemporaryDirectory() as folder:
        model = LudwigModel(config, backend="local")
        start, cpu_start = time.perf_counter(), time.process_time()
        result = model.preprocess(
            dataset=arguments.file, output_directory=folder, skip_save_processed_input=True, random_seed=0
        )
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
        rows = sum(len(part) for part in result[:3] if part is not None)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu_seconds": cpu_seconds, "peak_bytes": peak}))


if __name__ == "__main__":
    main()
