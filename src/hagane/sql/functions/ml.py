"""Machine-learning functions that learn nothing."""

from __future__ import annotations

from hagane.sql.functions.signature import FLOAT64, INT64, STRING, Overload, Signature, each

BUCKET_FORMATS = ("bucket_names", "bucket_ranges", "bucket_ranges_json")

POLYNOMIAL_USAGE = "ML.POLYNOMIAL_EXPAND(STRUCT(x, y, …), degree)"
"""It is several features, and so no function of the table."""

ML = (
    Signature("ML.BUCKETIZE", "ML.BUCKETIZE(x, [points], exclude_boundaries, format)",
              "The name of the bucket in which x lies; NULL where x is NaN.", each((FLOAT64,), 1, STRING),
              modifiers=("points", "exclude_boundaries", "format"), fails="x is NaN", safe=True),
    Signature("ML.HASH_BUCKETIZE", "ML.HASH_BUCKETIZE(s, n)", "A hash of s, from 0 to n - 1.",
              each((STRING,), 1, INT64), modifiers=("n",)),
    Signature("ML.FEATURE_CROSS", "ML.FEATURE_CROSS(STRUCT(s, t, …), degree)", "The values joined by '_'.",
              (Overload((STRING,), STRING, repeated=(STRING,)),)),
)  # fmt: skip
