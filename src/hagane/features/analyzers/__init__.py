"""Analyzers: functions that learn from the data. One file holds one; the table names them all."""

from __future__ import annotations

import importlib
from typing import cast

from hagane.features.analyzers.analyzer import Analyzer

ANALYZERS: dict[str, str] = {
    "ML.BAG_OF_WORDS": "hagane.features.analyzers.bag_of_words:BagOfWords",
    "ML.IMPUTER": "hagane.features.analyzers.imputer:Imputer",
    "ML.LABEL_ENCODER": "hagane.features.analyzers.label_encoder:LabelEncoder",
    "ML.MAX_ABS_SCALER": "hagane.features.analyzers.max_abs_scaler:MaxAbsScaler",
    "ML.MIN_MAX_SCALER": "hagane.features.analyzers.min_max_scaler:MinMaxScaler",
    "ML.MULTI_HOT_ENCODER": "hagane.features.analyzers.multi_hot_encoder:MultiHotEncoder",
    "ML.ONE_HOT_ENCODER": "hagane.features.analyzers.one_hot_encoder:OneHotEncoder",
    "ML.QUANTILE_BUCKETIZE": "hagane.features.analyzers.quantile_bucketize:QuantileBucketize",
    "ML.ROBUST_SCALER": "hagane.features.analyzers.robust_scaler:RobustScaler",
    "ML.STANDARD_SCALER": "hagane.features.analyzers.standard_scaler:StandardScaler",
    "ML.TF_IDF": "hagane.features.analyzers.tf_idf:TfIdf",
}
"""SQL name → `module:Class`, imported when first asked for."""
_INTERNAL = {"$LENGTH": "hagane.features.analyzers.length:Length"}


def get_analyzer(function: str) -> Analyzer:
    """The analyzer called `function` in SQL. Raises KeyError for a name that is not in `ANALYZERS`.

    >>> get_analyzer("ML.STANDARD_SCALER").name
    'ML.STANDARD_SCALER'
    """
    module, _, name = (ANALYZERS | _INTERNAL)[function].partition(":")
    return cast(Analyzer, getattr(importlib.import_module(module), name)())
