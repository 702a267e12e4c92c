"""The model families: what can be trained, by BigQuery ML's names in lower case.

`FAMILIES` is the table: one line a family, imported only when asked for, so that a linear model never loads torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from hagane.errors import Fault, SpecError
from hagane.models.options import FamilyOptions, options_from
from hagane.models.other_names import nearest_family
from hagane.types import SqlType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from hagane.models.family import Family

FAMILIES: dict[str, str] = {
    "linear_reg": "hagane.models.linear_reg:LinearReg",
    "logistic_reg": "hagane.models.logistic_reg:LogisticReg",
    "pls_reg": "hagane.models.pls_reg:PlsReg",
    "naive_bayes": "hagane.models.naive_bayes:NaiveBayes",
    "dnn_classifier": "hagane.models.dnn_classifier:DnnClassifier",
    "dnn_regressor": "hagane.models.dnn_regressor:DnnRegressor",
    "dnn_linear_combined_classifier": ("hagane.models.dnn_linear_combined_classifier:DnnLinearCombinedClassifier"),
    "dnn_linear_combined_regressor": "hagane.models.dnn_linear_combined_regressor:DnnLinearCombinedRegressor",
    "tabnet_classifier": "hagane.models.tabnet_classifier:TabNetClassifier",
    "tabnet_regressor": "hagane.models.tabnet_regressor:TabNetRegressor",
    "torch_classifier": "hagane.models.torch_classifier:TorchClassifier",
    "torch_regressor": "hagane.models.torch_regressor:TorchRegressor",
    "boosted_tree_classifier": "hagane.models.boosted_tree_classifier:BoostedTreeClassifier",
    "boosted_tree_regressor": "hagane.models.boosted_tree_regressor:BoostedTreeRegressor",
    "random_forest_classifier": "hagane.models.random_forest_classifier:RandomForestClassifier",
    "random_forest_regressor": "hagane.models.random_forest_regressor:RandomForestRegressor",
    "decision_tree_classifier": "hagane.models.decision_tree_classifier:DecisionTreeClassifier",
    "decision_tree_regressor": "hagane.models.decision_tree_regressor:DecisionTreeRegressor",
    "knn_classifier": "hagane.models.knn_classifier:KnnClassifier",
    "knn_regressor": "hagane.models.knn_regressor:KnnRegressor",
    "kmeans": "hagane.models.kmeans:KMeans",
    "pca": "hagane.models.pca:Pca",
    "transform_only": "hagane.models.transform_only:TransformOnly",
    "ensemble_classifier": "hagane.models.ensemble_classifier:EnsembleClassifier",
    "ensemble_regressor": "hagane.models.ensemble_regressor:EnsembleRegressor",
}
"""Name → `module:Class`. The class is made without arguments and satisfies `hagane.models.family.Family`."""

SEARCHED = ("automl_classifier", "automl_regressor")
"""BigQuery ML's types that stand for a search over the others (`hagane.workflow.automl`)."""

SEVERAL_LABELS = (
    *("dnn_classifier", "dnn_regressor", "dnn_linear_combined_classifier", "dnn_linear_combined_regressor"),
    *("tabnet_classifier", "tabnet_regressor", "torch_classifier", "torch_regressor"),
)
"""Those that predict several labels at once."""

AUTO_FAMILIES = ("boosted_tree_classifier", "boosted_tree_regressor")
"""What `model.type: auto` stands for, by the kind of label."""
MAX_CLASSES_BY_DEFAULT = 20
"""An INT64 label of at most so many distinct values is taken for classes."""


def get_family(name: str) -> Family:
    """The family called `name`. Raises SpecError, with the nearest name, for an unknown one.

    >>> get_family("boosted_tree_clasifier")
    Traceback (most recent call last):
    ...
    hagane.errors.SpecError: no model type 'boosted_tree_clasifier'
      where: model.type
      expected: one of linear_reg, logistic_reg, pls_reg, ...
      did you mean: boosted_tree_classifier
    """
    if name in SEARCHED:
        step = "run `hagane automl` with this spec: it searches, and prints the spec of what it found"
        raise SpecError(Fault(what=f"{name} is searched, not trained", where="model.type", next_step=step))
    if name not in FAMILIES:
        raise SpecError(
            Fault(
                what=f"no model type {name!r}",
                where="model.type",
                expected="one of " + ", ".join(FAMILIES),
                nearest=nearest_family(name, FAMILIES),
            )
        )
    module, _, attribute = FAMILIES[name].partition(":")
    family: Family = getattr(importlib.import_module(module), attribute)()
    return family


def family_options(family: Family | str, values: Mapping[str, Any]) -> FamilyOptions:
    """The family's options with `values` over its defaults. Raises SpecError with every fault at once."""
    chosen = get_family(family) if isinstance(family, str) else family
    assert issubclass(chosen.Options, FamilyOptions)
    return options_from(chosen.name, chosen.Options, values)


def default_family(label_type: SqlType, num_distinct: int) -> str:
    """The family that `model.type: auto` stands for: boosted trees, by the kind of label.

    Raises SpecError for a label that is a date or a time.

    >>> default_family(SqlType.STRING, 3), default_family(SqlType.FLOAT64, 1000)
    ('boosted_tree_classifier', 'boosted_tree_regressor')
    """
    if label_type in (SqlType.TIMESTAMP, SqlType.DATE):
        raise SpecError(
            Fault(
                what=f"a {label_type.value} cannot be predicted",
                where="label",
                expected="BOOL, INT64, FLOAT64 or STRING",
                received=label_type.value,
                next_step="turn it into a number or a category in the data query",
            )
        )
    classes = label_type in (SqlType.STRING, SqlType.BOOL) or (
        label_type is SqlType.INT64 and num_distinct <= MAX_CLASSES_BY_DEFAULT
    )
    classifier, regressor = AUTO_FAMILIES
    return classifier if classes else regressor
