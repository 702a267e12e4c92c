"""Hagane: raw rows in, a trained, tested, served model out.

>>> import hagane as hg
>>> model = hg.train("SELECT * FROM 'flights.parquet'", label="late")  # doctest: +SKIP
>>> model.evaluate().metrics["roc_auc"]  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "sql": "hagane.fronts.sql",
    "Session": "hagane.session.session",
    "train": "hagane.fronts.python",
    "train_spec": "hagane.fronts.python",
    "automl": "hagane.fronts.automl",
    "AutoMlModel": "hagane.fronts.automl",
    "load": "hagane.fronts.python",
    "import_model": "hagane.fronts.imports",
    "load_ipython_extension": "hagane.fronts.magic",
    "describe": "hagane.fronts.python",
    "explain": "hagane.fronts.explanations",
    "infer_schema": "hagane.fronts.python",
    "check_schema": "hagane.fronts.python",
    "cache": "hagane.fronts.python",
    "launch": "hagane.fronts.python",
    "runs": "hagane.fronts.python",
    "find_outliers": "hagane.fronts.python",
    "compare": "hagane.fronts.python",
    "request_log": "hagane.fronts.request_log",
    "monitor": "hagane.fronts.monitoring",
    "policy": "hagane.fronts.policy",
    "replay": "hagane.fronts.replay",
    "compare_periods": "hagane.fronts.compare_periods",
    "feedback": "hagane.fronts.request_log",
    "erase": "hagane.fronts.request_log",
    "deploy": "hagane.fronts.endpoints",
    "undeploy": "hagane.fronts.endpoints",
    "rollback": "hagane.fronts.endpoints",
    "update_endpoint": "hagane.fronts.endpoints",
    "endpoints": "hagane.fronts.endpoints",
    "ab_test": "hagane.fronts.endpoints",
    "TrainedModel": "hagane.fronts.python",
    "Spec": "hagane.spec.spec",
    "Split": "hagane.spec.spec",
    "Bundle": "hagane.bundle",
    "DataSchema": "hagane.spec.data_schema",
    "ColumnSchema": "hagane.spec.data_schema",
    "HaganeError": "hagane.errors",
    "TorchInputs": "hagane.models.torch_inputs",
    "learning_curve": "hagane.fronts.learning_curve",
    "hparam_candidates": "hagane.fronts.hparam_text",
    "hparam_range": "hagane.fronts.hparam_text",
    "tune": "hagane.fronts.tuning",
    "tune_spec": "hagane.fronts.tuning",
    "studies": "hagane.fronts.tuning",
    "load_study": "hagane.fronts.tuning",
    "TunedStudy": "hagane.fronts.tuning",
}

__all__ = [
    "AutoMlModel",
    "Bundle",
    "ColumnSchema",
    "DataSchema",
    "HaganeError",
    "Session",
    "Spec",
    "Split",
    "TorchInputs",
    "TrainedModel",
    "TunedStudy",
    "ab_test",
    "automl",
    "cache",
    "check_schema",
    "compare",
    "compare_periods",
    "deploy",
    "describe",
    "endpoints",
    "erase",
    "explain",
    "feedback",
    "find_outliers",
    "hparam_candidates",
    "hparam_range",
    "import_model",
    "infer_schema",
    "launch",
    "learning_curve",
    "load",
    "load_study",
    "monitor",
    "policy",
    "replay",
    "request_log",
    "rollback",
    "runs",
    "sql",
    "studies",
    "train",
    "train_spec",
    "tune",
    "tune_spec",
    "undeploy",
    "update_endpoint",
]

if TYPE_CHECKING:
    from hagane.bundle import Bundle
    from hagane.errors import HaganeError
    from hagane.fronts.automl import AutoMlModel, automl
    from hagane.fronts.compare_periods import compare_periods
    from hagane.fronts.endpoints import ab_test, deploy, endpoints, rollback, undeploy, update_endpoint
    from hagane.fronts.explanations import explain
    from hagane.fronts.hparam_text import hparam_candidates, hparam_range
    from hagane.fronts.imports import import_model
    from hagane.fronts.learning_curve import learning_curve
    from hagane.fronts.monitoring import monitor
    from hagane.fronts.policy import policy
    from hagane.fronts.python import (
        TrainedModel,
        cache,
        check_schema,
        compare,
        describe,
        find_outliers,
        infer_schema,
        launch,
        load,
        runs,
        train,
        train_spec,
    )
    from hagane.fronts.replay import replay
    from hagane.fronts.request_log import erase, feedback, request_log
    from hagane.fronts.sql import sql
    from hagane.fronts.tuning import TunedStudy, load_study, studies, tune, tune_spec
    from hagane.models.torch_inputs import TorchInputs
    from hagane.session.session import Session
    from hagane.spec.data_schema import ColumnSchema, DataSchema
    from hagane.spec.spec import Spec, Split


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'hagane' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
