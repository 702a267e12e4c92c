"""The functions that stand in FROM: `ML.PREDICT(MODEL m, TABLE t)` and its kind.

`TABLE_FUNCTIONS` is the table: one line a function, imported only when it is called.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hagane.session.table_function import TableFunction

TABLE_FUNCTIONS: dict[str, str] = {
    "AI.GENERATE_EMBEDDING": "hagane.session.functions.ai_generate_embedding:AiGenerateEmbedding",
    "ML.ADVANCED_WEIGHTS": "hagane.session.functions.advanced_weights:AdvancedWeights",
    "ML.CENTROIDS": "hagane.session.functions.centroids:Centroids",
    "ML.CONFUSION_MATRIX": "hagane.session.functions.confusion_matrix:ConfusionMatrix",
    "ML.CORRELATION": "hagane.session.functions.correlation:Correlation",
    "ML.DESCRIBE_DATA": "hagane.session.functions.describe_data:DescribeData",
    "ML.DETECT_ANOMALIES": "hagane.session.functions.detect_anomalies:DetectAnomalies",
    "ML.ENTITY_FEATURES_AT_TIME": "hagane.session.functions.entity_features_at_time:EntityFeaturesAtTime",
    "ML.EVALUATE": "hagane.session.functions.evaluate:Evaluate",
    "ML.EXPLAIN_PREDICT": "hagane.session.functions.explain_predict:ExplainPredict",
    "ML.FEATURES_AT_TIME": "hagane.session.functions.features_at_time:FeaturesAtTime",
    "ML.FEATURE_IMPORTANCE": "hagane.session.functions.feature_importance:FeatureImportance",
    "ML.FEATURE_INFO": "hagane.session.functions.feature_info:FeatureInfo",
    "ML.GENERATE_EMBEDDING": "hagane.session.functions.generate_embedding:GenerateEmbedding",
    "ML.GLOBAL_EXPLAIN": "hagane.session.functions.global_explain:GlobalExplain",
    "ML.PREDICT": "hagane.session.functions.predict:Predict",
    "ML.PRINCIPAL_COMPONENTS": "hagane.session.functions.principal_components:PrincipalComponents",
    "ML.PRINCIPAL_COMPONENT_INFO": "hagane.session.functions.principal_component_info:PrincipalComponentInfo",
    "ML.RECONSTRUCTION_LOSS": "hagane.session.functions.reconstruction_loss:ReconstructionLoss",
    "ML.ROC_CURVE": "hagane.session.functions.roc_curve:RocCurve",
    "ML.TFDV_DESCRIBE": "hagane.session.functions.tfdv_describe:TfdvDescribe",
    "ML.TRAINING_INFO": "hagane.session.functions.training_info:TrainingInfo",
    "ML.TRANSFORM": "hagane.session.functions.transform:Transform",
    "ML.TRIAL_INFO": "hagane.session.functions.trial_info:TrialInfo",
    "ML.VALIDATE_DATA_DRIFT": "hagane.session.functions.validate_data_drift:ValidateDataDrift",
    "ML.VALIDATE_DATA_SKEW": "hagane.session.functions.validate_data_skew:ValidateDataSkew",
    "ML.WEIGHTS": "hagane.session.functions.weights:Weights",
}
"""Name with namespace → `module:Class`. The class is made without arguments and satisfies `TableFunction`."""


def get_table_function(name: str) -> TableFunction | None:
    """The function called `name` (`ML.PREDICT`), or None."""
    place = TABLE_FUNCTIONS.get(name.upper())
    if place is None:
        return None
    module, _, attribute = place.partition(":")
    function: TableFunction = getattr(importlib.import_module(module), attribute)()
    return function
