"""Analytic ML functions, which learn from the rows."""

from __future__ import annotations

from hagane.sql.functions.ml import BUCKET_FORMATS
from hagane.sql.functions.signature import (
    ARRAY_INT64,
    ARRAY_STRING,
    BOOL,
    FLOAT64,
    INT64,
    STRING,
    AnalyzerSignature,
    Option,
)

_TO_FLOAT = {INT64: FLOAT64, FLOAT64: FLOAT64}
_CATEGORY = {STRING: STRING}
_TOKENS = {ARRAY_STRING: ARRAY_INT64, ARRAY_INT64: ARRAY_INT64}
_TOP_K = Option("top_k", INT64, 32_000, low=1, high=1_000_000)
_FREQUENCY = Option("frequency_threshold", INT64, 5, low=0)

ANALYZERS: dict[str, AnalyzerSignature] = {
    signature.name: signature
    for signature in (
        AnalyzerSignature("ML.STANDARD_SCALER", "ML.STANDARD_SCALER(x) OVER ()",
                          "(x - mean) / standard deviation of the sample.", _TO_FLOAT),
        AnalyzerSignature("ML.MIN_MAX_SCALER", "ML.MIN_MAX_SCALER(x) OVER ()",
                          "(x - min) / (max - min), kept within 0 and 1.", _TO_FLOAT),
        AnalyzerSignature("ML.MAX_ABS_SCALER", "ML.MAX_ABS_SCALER(x) OVER ()", "x / max |x|.", _TO_FLOAT),
        AnalyzerSignature("ML.ROBUST_SCALER",
                          "ML.ROBUST_SCALER(x, quantile_range, with_median, with_quantile_range) OVER ()",
                          "(x - median) / (upper quartile - lower quartile).", _TO_FLOAT,
                          (Option("quantile_range", ARRAY_INT64, (25, 75), low=0, high=100),
                           Option("with_median", BOOL, True), Option("with_quantile_range", BOOL, True))),
        AnalyzerSignature("ML.QUANTILE_BUCKETIZE", "ML.QUANTILE_BUCKETIZE(x, num_buckets, format) OVER ()",
                          "The name of the quantile bucket in which x lies.", {INT64: STRING, FLOAT64: STRING},
                          (Option("num_buckets", INT64, low=2, high=10_000),
                           Option("format", STRING, "bucket_names", choices=BUCKET_FORMATS))),
        AnalyzerSignature("ML.ONE_HOT_ENCODER",
                          "ML.ONE_HOT_ENCODER(s, drop, top_k, frequency_threshold) OVER ()",
                          "A category: unknown and rare values, the vocabulary in alphabetical order, NULL.", _CATEGORY,
                          (Option("drop", STRING, "none", choices=("none", "most_frequent")), _TOP_K, _FREQUENCY)),
        AnalyzerSignature("ML.LABEL_ENCODER", "ML.LABEL_ENCODER(s, top_k, frequency_threshold) OVER ()",
                          "The category's number: 0 for unknown, rare and NULL, then 1, 2, … in alphabetical order.",
                          {STRING: INT64}, (_TOP_K, _FREQUENCY)),
        AnalyzerSignature("ML.MULTI_HOT_ENCODER", "ML.MULTI_HOT_ENCODER(array, top_k, frequency_threshold) OVER ()",
                          "Which categories are in the array.", _TOKENS, (_TOP_K, _FREQUENCY)),
        AnalyzerSignature("ML.BAG_OF_WORDS", "ML.BAG_OF_WORDS(tokens, top_k, frequency_threshold) OVER ()",
                          "How often each token occurs.", _TOKENS, (_TOP_K, _FREQUENCY)),
        AnalyzerSignature("ML.TF_IDF", "ML.TF_IDF(tokens, top_k, frequency_threshold) OVER ()",
                          "How often each token occurs, as a share of the row's, times how rare it is.", _TOKENS,
                          (_TOP_K, _FREQUENCY)),
        AnalyzerSignature("ML.IMPUTER", "ML.IMPUTER(x, strategy) OVER ()",
                          "x, where NULL the mean, the lower median or the most frequent value.",
                          {INT64: FLOAT64, FLOAT64: FLOAT64, STRING: STRING},
                          (Option("strategy", STRING, choices=("mean", "median", "most_frequent")),)),
    )
}  # fmt: skip
"""Canonical name → analytic ML function."""

WHOLE_FEATURES = frozenset({"ML.ONE_HOT_ENCODER", "ML.MULTI_HOT_ENCODER", "ML.BAG_OF_WORDS", "ML.TF_IDF"})
"""Analyzers whose value is slots of a feature, of which no other function can make anything."""
