"""A CREATE MODEL as a Spec: the same that YAML and Python write, and every fault at its clause."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.errors import DataError, Fault, SpecError, SqlError
from hagane.fronts.call_spec import call_spec
from hagane.models import FAMILIES, SEARCHED, get_family
from hagane.models.options import FamilyOptions, option_types
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Spec, Split, Training
from hagane.spec.tuning import TrialStopping
from hagane.sql.later_functions import LATER_FUNCTIONS
from hagane.sql.parse_script import parse_script
from hagane.sql.statement import CreateModel
from hagane.sql.table_function_names import TABLE_FUNCTION_NAMES
from hagane.types import Column, Schema, SqlType
from hagane.workflow.model_options.known_options import KNOWN_OPTIONS, WIDE_PARTS, without_effect
from hagane.workflow.model_options.model_types import BIGQUERY_TYPES, kind_of
from hagane.workflow.statement_spec import ModelRequest, statement_spec

FLIGHTS = Schema(
    tuple(
        Column(name, type_)
        for name, type_ in (
            *(("carrier", SqlType.STRING), ("distance", SqlType.FLOAT64), ("hour", SqlType.INT64)),
            *(("at", SqlType.TIMESTAMP), ("weight", SqlType.FLOAT64), ("part", SqlType.STRING)),
            *(("leg.origin", SqlType.STRING), ("leg.miles", SqlType.INT64), ("late", SqlType.STRING)),
        )
    )
)


def create(text: str) -> CreateModel:
    (statement,) = parse_script(text)
    assert isinstance(statement, CreateModel)
    return statement


def request(text: str, schema: Schema | None = FLIGHTS) -> ModelRequest:
    return statement_spec(create(text), schema=schema)


def spec_of(options: str, transform: str = "") -> Spec:
    clause = f"TRANSFORM ({transform}) " if transform else ""
    spec = request(f"CREATE MODEL m {clause}OPTIONS ({options}) AS SELECT * FROM flights").spec
    assert spec is not None
    return spec


def faults_of(text: str, schema: Schema | None = FLIGHTS) -> list[tuple[str, Fault]]:
    with pytest.raises(SqlError) as caught:
        request(text, schema)
    assert all(fault.sql == text for fault in caught.value.faults)
    return [(text[fault.start : fault.end], fault) for fault in caught.value.faults]


def faults_with(options: str, transform: str = "") -> list[tuple[str, Fault]]:
    clause = f"TRANSFORM ({transform}) " if transform else ""
    return faults_of(f"CREATE MODEL m {clause}OPTIONS ({options}) AS SELECT * FROM flights")


LOGISTIC = "model_type = 'LOGISTIC_REG', input_label_cols = ['late']"
BOOSTED = "model_type = 'BOOSTED_TREE_CLASSIFIER', labels = ['late']"

GOLDEN = {
    "linear": (
        """CREATE OR REPLACE MODEL miles
           OPTIONS (MODEL_TYPE = 'LINEAR_REG', INPUT_LABEL_COLS = ['distance'], L2_REG = 0.1, FIT_INTERCEPT = TRUE,
                    DATA_SPLIT_METHOD = 'SEQ', DATA_SPLIT_COL = 'at', DATA_SPLIT_EVAL_FRACTION = 0.3)
           AS SELECT * FROM flights""",
        """
        data: SELECT * FROM flights
        label: distance
        name: miles
        dialect: bigquery
        defaults: bigquery
        exclude: [at]
        split: {method: time, column: at, eval_fraction: 0.3, test_fraction: 0}
        model: {type: linear_reg, options: {l2_reg: 0.1, fit_intercept: true}}
        """,
        {
            "label": "distance",
            "name": "miles",
            "exclude": ["at"],
            "split": Split(method="time", column="at", eval_fraction=0.3, test_fraction=0.0),
            "model": "linear_reg",
            "options": {"l2_reg": 0.1, "fit_intercept": True},
        },
    ),
    "boosted, with TRANSFORM and class weights": (
        """CREATE MODEL late
           TRANSFORM (ML.BUCKETIZE(hour, [6, 12, 18]) AS daytime, carrier, LN(distance + 1) AS distance, late)
           OPTIONS (model_type = 'boosted_tree_classifier', labels = ['late'], max_tree_depth = 4,
                    tree_method = 'HIST', booster_type = 'GBTREE', data_split_method = 'NO_SPLIT',
                    class_weights = [STRUCT('yes', 2.0), ('no', 1)], max_iterations = 30)
           AS SELECT * FROM flights""",
        """
        data: SELECT * FROM flights
        label: late
        name: late
        dialect: bigquery
        defaults: bigquery
        transform:
          daytime: ML.BUCKETIZE(hour, [6, 12, 18])
          carrier: carrier
          distance: LN(distance + 1)
        split: {method: none}
        model:
          type: boosted_tree_classifier
          options: {max_tree_depth: 4, tree_method: hist, booster_type: gbtree, max_iterations: 30}
        training: {class_weights: {"yes": 2.0, "no": 1}}
        """,
        {
            "label": "late",
            "name": "late",
            "transform": {
                "daytime": "ML.BUCKETIZE(hour, [6, 12, 18])",
                "carrier": "carrier",
                "distance": "LN(distance + 1)",
            },
            "split": Split(method="none"),
            "model": "boosted_tree_classifier",
            "options": {"max_tree_depth": 4, "tree_method": "hist", "booster_type": "gbtree", "max_iterations": 30},
            "sections": {"training": Training(class_weights={"yes": 2.0, "no": 1.0})},
        },
    ),
    "dnn": (
        """CREATE MODEL net OPTIONS (
             model_type = 'DNN_CLASSIFIER', input_label_cols = ['late'], hidden_units = [64, 32],
             activation_fn = 'RELU6', optimizer = 'ADAGRAD', learn_rate = 0.01, batch_size = 16, dropout = 0.1,
             data_split_method = 'RANDOM', auto_class_weights = TRUE, early_stop = FALSE)
           AS SELECT * FROM flights""",
        """
        data: SELECT * FROM flights
        label: late
        name: net
        dialect: bigquery
        defaults: bigquery
        split: {method: random, eval_fraction: 0.2, test_fraction: 0}
        model:
          type: dnn_classifier
          options: {hidden_units: [64, 32], activation_fn: relu6, optimizer: adagrad, learn_rate: 0.01,
                    batch_size: 16, dropout: 0.1, early_stop: false}
        training: {auto_class_weights: true}
        """,
        {
            "label": "late",
            "name": "net",
            "split": {"method": "random", "eval_fraction": 0.2, "test_fraction": 0.0},
            "model": "dnn_classifier",
            "options": {
                "hidden_units": [64, 32],
                "activation_fn": "relu6",
                "optimizer": "adagrad",
                "learn_rate": 0.01,
                "batch_size": 16,
                "dropout": 0.1,
                "early_stop": False,
            },
            "sections": {"training": {"auto_class_weights": True}},
        },
    ),
    "kmeans": (
        """CREATE MODEL groups TRANSFORM (distance, ML.STANDARD_SCALER(hour) OVER () AS hour)
           OPTIONS (model_type = 'KMEANS', num_clusters = 3, distance_type = 'COSINE', kmeans_init_method = 'KMEANS++',
                    standardize_features = FALSE)
           AS SELECT * FROM flights""",
        """
        data: SELECT * FROM flights
        name: groups
        dialect: bigquery
        defaults: bigquery
        transform: {distance: distance, hour: ML.STANDARD_SCALER(hour) OVER ()}
        model:
          type: kmeans
          options: {num_clusters: 3, distance_type: cosine, kmeans_init_method: kmeans++, standardize_features: false}
        """,
        {
            "label": (),
            "name": "groups",
            "transform": {"distance": "distance", "hour": "ML.STANDARD_SCALER(hour) OVER ()"},
            "model": "kmeans",
            "options": {
                "num_clusters": 3,
                "distance_type": "cosine",
                "kmeans_init_method": "kmeans++",
                "standardize_features": False,
            },
        },
    ),
    "tuned": (
        """CREATE MODEL tuned OPTIONS (
             model_type = 'LOGISTIC_REG', input_label_cols = ['late'], num_trials = 10, max_parallel_trials = 2,
             hparam_tuning_algorithm = 'RANDOM_SEARCH', hparam_tuning_objectives = ['LOG_LOSS'],
             l2_reg = HPARAM_RANGE(0.1, 5), l1_reg = HPARAM_CANDIDATES([0, 1]))
           AS SELECT * FROM flights""",
        """
        data: SELECT * FROM flights
        label: late
        name: tuned
        dialect: bigquery
        defaults: bigquery
        model:
          type: logistic_reg
          options: {l2_reg: "HPARAM_RANGE(0.1, 5)", l1_reg: "HPARAM_CANDIDATES([0, 1])"}
        tuning: {num_trials: 10, max_parallel_trials: 2, algorithm: random, objectives: [log_loss],
                 stopping: {method: none}}
        """,
        {
            "label": "late",
            "name": "tuned",
            "model": "logistic_reg",
            "options": {"l2_reg": "HPARAM_RANGE(0.1, 5)", "l1_reg": "HPARAM_CANDIDATES([0, 1])"},
            "tuning": {
                "num_trials": 10,
                "max_parallel_trials": 2,
                "algorithm": "random",
                "objectives": ("log_loss",),
                "stopping": TrialStopping(method="none"),
            },
        },
    ),
}


@pytest.mark.parametrize("asked", GOLDEN)
def test_sql_yaml_and_python_ask_for_the_same(asked: str):
    sql, yaml, call = GOLDEN[asked]
    in_sql = request(sql).spec
    in_yaml = read_yaml(re.sub(r"(?m)^        ", "", yaml))
    in_python, _ = call_spec("SELECT * FROM flights", dialect="bigquery", defaults="bigquery", **call)
    assert in_sql == in_yaml == in_python


@pytest.mark.parametrize(
    ("options", "split"),
    [
        ("", Split()),
        (", data_split_method = 'AUTO_SPLIT'", Split()),
        (", data_split_method = 'random'", Split(eval_fraction=0.2, test_fraction=0.0)),
        (
            ", data_split_method = 'CUSTOM', data_split_col = 'part'",
            Split(method="column", column="part"),
        ),
        (
            ", data_split_method = 'SEQ', data_split_col = 'at', num_trials = 3, data_split_eval_fraction = 0.1, "
            "data_split_test_fraction = 0.2",
            Split(method="time", column="at", eval_fraction=0.1, test_fraction=0.2),
        ),
        (", data_split_method = 'NO_SPLIT'", Split(method="none")),
    ],
)
def test_splits(options: str, split: Split):
    assert spec_of(LOGISTIC + options).split == split


@pytest.mark.parametrize(
    ("name", "label", "family"),
    [
        ("KNN", "late", "knn_classifier"),
        ("knn", "distance", "knn_regressor"),
        ("DECISION_TREE", "late", "decision_tree_classifier"),
        ("TabNet", "weight", "tabnet_regressor"),
        ("PLS", "hour", "pls_reg"),
    ],
)
def test_a_short_name_is_the_family_for_the_label(name: str, label: str, family: str):
    assert spec_of(f"model_type='{name}', input_label_cols=['{label}']").model.type == family


def test_a_short_name_that_may_be_either_is_asked_about():
    ((at, fault),) = faults_with("model_type='KNN', input_label_cols=['hour']")
    assert at == "model_type='KNN'"
    assert fault.nearest == "KNN_CLASSIFIER or KNN_REGRESSOR"


def test_the_parts_of_a_wide_and_deep_model():
    spec = spec_of(
        "model_type = 'DNN_LINEAR_COMBINED_CLASSIFIER', input_label_cols = ['late'], l1_reg = 0.1, "
        "optimizer = [STRUCT('dnn', 'ADAM'), STRUCT('linear', 'FTRL')], learn_rate = [STRUCT('linear' AS p, 0.01 AS v)]"
    )
    assert spec.model.options == {
        "l1_reg": 0.1,
        "linear_l1_reg": 0.1,
        "optimizer": "adam",
        "linear_optimizer": "ftrl",
        "linear_learn_rate": 0.01,
    }
    ((at, _),) = faults_with("model_type = 'DNN_LINEAR_COMBINED_CLASSIFIER', labels = ['late'], optimizer = ['ADAM']")
    assert at == "optimizer = ['ADAM']"


def test_stars_are_written_out():
    spec = spec_of(BOOSTED, "* EXCEPT (at, weight, part, leg_miles) REPLACE (LOWER(carrier) AS carrier), leg.*")
    assert spec.transform == {
        "carrier": "LOWER(carrier)",
        "distance": "distance",
        "hour": "hour",
        "leg_origin": "leg.origin",
        "origin": "leg.origin",
        "miles": "leg.miles",
    }
    assert spec.exclude == ()
    fields = spec_of(BOOSTED, "STRUCT(hour + 1 AS next, distance AS d).*, late")
    assert fields.transform == {"next": "hour + 1", "d": "distance"}
    struct = spec_of(BOOSTED, "STRUCT(hour + 1 AS next, distance AS d) AS s, late")
    assert struct.transform == {"s_next": "hour + 1", "s_d": "distance"}
    written = statement_spec(create(f"CREATE MODEL m TRANSFORM (hour, late) OPTIONS ({BOOSTED}) AS SELECT 1")).spec
    assert written is not None
    assert written.transform == {"hour": "hour"}


def test_columns_that_are_no_features_are_taken_out():
    spec = spec_of(BOOSTED + ", instance_weight_col = 'weight', data_split_method = 'CUSTOM', data_split_col = 'part'",
                   "hour, weight, part, late")  # fmt: skip
    assert spec.transform == {"hour": "hour"}
    assert (spec.training.weight_column, spec.split.column) == ("weight", "part")


def test_case_is_no_part_of_a_column_s_name():
    spec = spec_of("model_type = 'BOOSTED_TREE_CLASSIFIER', labels = ['LATE'], instance_weight_col = 'Weight'",
                   "Hour, CARRIER, WEIGHT, Late")  # fmt: skip
    assert (spec.label, spec.training.weight_column) == ("late", "weight")
    assert spec.transform == {"Hour": "Hour", "CARRIER": "CARRIER"}
    ((at, _),) = faults_with(BOOSTED, "hour, Hour, late")
    assert at == "Hour"
    split = spec_of(
        "model_type = 'LINEAR_REG', labels = ['Distance'], data_split_method = 'SEQ', data_split_col = 'AT'"
    )
    assert (split.label, split.split.column, split.exclude) == ("distance", "at", ("at",))


def test_a_computed_item_takes_the_place_of_a_star_s():
    assert spec_of(BOOSTED, "* EXCEPT (at, part, leg_origin), LN(distance) AS distance").transform == {
        **dict.fromkeys(("carrier", "hour", "weight")),
        "carrier": "carrier",
        "distance": "LN(distance)",
        "hour": "hour",
        "weight": "weight",
        "leg_miles": "leg.miles",
    }


@pytest.mark.parametrize(
    ("transform", "at", "what"),
    [
        ("LN(distance), late", "LN(distance)", "no name"),
        ("hour, LOWER(late) AS late", "LOWER(late) AS late", "as it is"),
        ("hour, carrier", "hour, carrier", "leaves out 'late'"),
        ("LN(distanc) AS x, late", "distanc", "no column"),
        ("hour, hour + 1 AS hour, late", "hour + 1 AS hour", "two features"),
        ("AVG(distance) AS x, late", "AVG(distance)", "aggregate"),
        ("(SELECT 1) AS x, late", "1", "subquery"),
        ("* EXCEPT (nope, at)", "* EXCEPT (nope, at)", "no column 'nope'"),
        ("hour.*, late", "hour.*", "fields of this"),
    ],
)
def test_faults_of_transform(transform: str, at: str, what: str):
    found = faults_with(BOOSTED, transform)
    assert any(what in fault.what and at.startswith(place) for place, fault in found), found


def test_a_star_needs_the_query_s_columns():
    ((at, fault),) = faults_of(f"CREATE MODEL m TRANSFORM (*) OPTIONS ({BOOSTED}) AS SELECT 1", None)[:1]
    assert at == "*"
    assert fault.next_step == "name the columns"


@pytest.mark.parametrize(
    ("options", "at", "near"),
    [
        (LOGISTIC + ", l2_regg = 1", "l2_regg = 1", "l2_reg"),
        (LOGISTIC + ", l2_reg = 'x'", "l2_reg = 'x'", ""),
        (LOGISTIC + ", l2_reg = -1", "l2_reg = -1", ""),
        (LOGISTIC + ", max_tree_depth = 3", "max_tree_depth = 3", ""),
        (LOGISTIC + ", early_stop = 'TRUE'", "early_stop = 'TRUE'", ""),
        (LOGISTIC + ", learn_rate = 0.1", "learn_rate = 0.1", ""),
        (LOGISTIC + ", learn_rate_strategy = 'CONSTANT', ls_init_learn_rate = 1", "ls_init_learn_rate = 1", ""),
        (LOGISTIC + ", learn_rate_strategy = 'LINE'", "learn_rate_strategy = 'LINE'", "LINE_SEARCH"),
        (LOGISTIC + ", optimize_strategy = 'NORMAL_EQUATION'", "optimize_strategy = 'NORMAL_EQUATION'", ""),
        (LOGISTIC + ", calculate_p_values = TRUE", "calculate_p_values = TRUE", ""),
        (LOGISTIC + ", data_split_method = 'SEQ'", "data_split_method = 'SEQ'", ""),
        (LOGISTIC + ", data_split_method = 'SEK'", "data_split_method = 'SEK'", "SEQ"),
        (LOGISTIC + ", data_split_col = 'part'", "data_split_col = 'part'", ""),
        (LOGISTIC + ", data_split_method = 'CUSTOM', data_split_col = 'prt'", "data_split_col = 'prt'", "part"),
        (BOOSTED + ", data_split_method = 'NO_SPLIT', data_split_eval_fraction = 1",
         "data_split_eval_fraction = 1", ""),
        (LOGISTIC + ", data_split_method = 'RANDOM', data_split_eval_fraction = 2", "data_split_eval_fraction = 2", ""),
        (LOGISTIC + ", data_split_test_fraction = 0.1", "data_split_test_fraction = 0.1", ""),
        (LOGISTIC + ", l2_reg = HPARAM_RANGE(0, 1)", "l2_reg = HPARAM_RANGE(0, 1)", ""),
        (LOGISTIC + ", num_trials = 101", "num_trials = 101", ""),
        (LOGISTIC + ", num_trials = 9, max_parallel_trials = 6", "max_parallel_trials = 6", ""),
        (LOGISTIC + ", num_trials = 9, hparam_tuning_objectives = ['ROC_AUK']",
         "hparam_tuning_objectives = ['ROC_AUK']", "ROC_AUC"),
        (LOGISTIC + ", num_trials = HPARAM_RANGE(1, 2)", "num_trials = HPARAM_RANGE(1, 2)", ""),
        (LOGISTIC + ", num_trials = @n", "num_trials = @n", ""),
        (LOGISTIC + ", class_weights = [1, 2]", "class_weights = [1, 2]", ""),
        (LOGISTIC + ", auto_class_weights = TRUE, class_weights = [('a', 1)]", "class_weights = [('a', 1)]", ""),
        (BOOSTED + ", instance_weight_col = 'weight', auto_class_weights = TRUE", "instance_weight_col = 'weight'", ""),
        (BOOSTED + ", instance_weight_col = 'carrier'", "instance_weight_col = 'carrier'", ""),
        (BOOSTED + ", tree_method = 'HISTO'", "tree_method = 'HISTO'", "hist"),
        (BOOSTED + ", warm_start = TRUE", "warm_start = TRUE", ""),
        ("model_type = 'RANDOM_FOREST_CLASSIFIER', labels = ['late'], max_iterations = 2", "max_iterations = 2", ""),
        ("model_type = 'LINEAR_REG', input_label_cols = ['late']", "model_type = 'LINEAR_REG'", "logistic_reg"),
        ("model_type = 'LOGISTIC_REG', input_label_cols = ['lat']", "input_label_cols = ['lat']", "late"),
        ("model_type = 'XGBOOSTT', labels = ['late']", "model_type = 'XGBOOSTT'", "XGBOOST"),
        ("model_type = 'AUTOML_CLASSIFIER', labels = ['late'], budget_hours = -1", "budget_hours = -1", ""),
        ("model_type = 'AUTOML_CLASSIFIER', labels = ['late'], "
         "optimization_objective = STRUCT('MAXIMIZE_PRECISION_AT_RECALL', 0.3)",
         "optimization_objective = STRUCT('MAXIMIZE_PRECISION_AT_RECALL', 0.3)", ""),
    ],
)  # fmt: skip
def test_faults_of_options(options: str, at: str, near: str):
    ((found, fault),) = faults_with(options)
    assert (found, fault.nearest) == (at, near)


def test_all_faults_at_once_in_their_order():
    found = faults_with("model_type = 'LOGISTIC_REG', labels = ['late'], l2_reg = 'x', nope = 1, learn_rate = 0.1",
                        "LN(distanc) AS x, late")  # fmt: skip
    assert [at for at, _ in found] == ["distanc", "l2_reg = 'x'", "nope = 1", "learn_rate = 0.1"]


def test_a_label_that_nobody_named():
    ((_, fault),) = faults_with("model_type = 'LOGISTIC_REG'")
    assert "names no label" in fault.what
    assert "input_label_cols" in fault.next_step


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("CREATE MODEL m AS SELECT 1", "names no model_type"),
        (f"CREATE MODEL m OPTIONS ({LOGISTIC})", "no rows to train on"),
        ("CREATE MODEL m OPTIONS (model_type = 'ONNX', model_path = 'x') AS SELECT 1", "trained on no rows"),
        ("CREATE MODEL m TRANSFORM (hour) OPTIONS (model_type = 'ONNX', model_path = 'x')", "has no TRANSFORM"),
        (f"CREATE MODEL m INPUT (x INT64) OPTIONS ({LOGISTIC}) AS SELECT 1", "INPUT and OUTPUT"),
        (f"CREATE MODEL m REMOTE WITH CONNECTION c OPTIONS ({LOGISTIC}) AS SELECT 1", "is not REMOTE"),
        (f"CREATE MODEL m OPTIONS ({LOGISTIC}) AS (training_data AS (SELECT 1), custom_holiday AS (SELECT 2))",
         "holidays"),
    ],
)  # fmt: skip
def test_clauses_that_do_not_belong(text: str, what: str):
    assert any(what in fault.what for _, fault in faults_of(text, None))


def test_models_without_a_label_take_none():
    ((at, _),) = faults_with("model_type = 'KMEANS', input_label_cols = ['late']")
    assert at == "input_label_cols = ['late']"
    assert spec_of("model_type = 'PCA', num_principal_components = 2").labels == ()
    only = spec_of("model_type = 'TRANSFORM_ONLY'", "carrier, ML.STANDARD_SCALER(distance) OVER () AS distance, late")
    assert only.transform is not None
    assert (only.labels, list(only.transform)) == ((), ["carrier", "distance", "late"])
    tuned = spec_of("model_type = 'KMEANS', num_trials = 3, hparam_tuning_objectives = ['DAVIES_BOULDIN_INDEX']")
    assert tuned.tuning is not None
    assert (tuned.tuning.objectives, tuned.split) == (("davies_bouldin_index",), Split())


@pytest.mark.parametrize("model_type", [each for each in BIGQUERY_TYPES if kind_of(each) == "later"])
def test_later_families_are_checked_then_refused(model_type: str):
    ((at, fault),) = faults_with(f"model_type = '{model_type.upper()}'")
    assert at == f"model_type = '{model_type.upper()}'"
    assert "what is missing is" in fault.what
    assert fault.next_step
    ((at, fault),) = faults_with(f"model_type = '{model_type}', tree_method = 'HIST'")
    assert at == "tree_method = 'HIST'"


def test_what_has_no_effect_is_told_and_recorded():
    found = request(
        f"CREATE MODEL m OPTIONS ({BOOSTED}, xgboost_version = '1.1', "
        "category_encoding_method = 'LABEL_ENCODING', model_registry = 'VERTEX_AI', kms_key_name = 'k', "
        "description = 'late or not', expiration_timestamp = TIMESTAMP '2030-01-01', early_stop = NULL, "
        "data_split_eval_fraction = 0.3) AS SELECT * FROM flights"
    )
    told = [notice.partition(" ")[0] for notice in found.notices]
    assert told == [
        *("xgboost_version", "category_encoding_method", "model_registry", "kms_key_name"),
        "data_split_eval_fraction",
    ]
    assert found.options["xgboost_version"] == "1.1"
    assert (found.description, found.expiration_timestamp) == ("late or not", "2030-01-01")
    assert found.spec is not None
    assert found.spec.model.options == {}


def test_p_values_of_weighed_rows_are_bigquery_s_and_told():
    found = request(
        f"CREATE MODEL m OPTIONS ({LOGISTIC}, auto_class_weights = TRUE, calculate_p_values = TRUE, l1_reg = 0, "
        "category_encoding_method = 'DUMMY_ENCODING') AS SELECT * FROM flights"
    )
    assert found.spec is not None
    assert found.spec.model.options["calculate_p_values"] is True
    assert [notice.partition(":")[0] for notice in found.notices] == ["calculate_p_values beside auto_class_weights"]


def test_labels_are_label_columns_or_labels():
    as_columns = request(f"CREATE MODEL m OPTIONS ({BOOSTED}) AS SELECT * FROM flights")
    assert as_columns.labels == {}
    named = request(
        f"CREATE MODEL m OPTIONS ({LOGISTIC}, labels = [('team', 'ml'), STRUCT('stage' AS key, 'dev' AS value)])"
        " AS SELECT * FROM flights"
    )
    assert named.labels == {"team": "ml", "stage": "dev"}


def test_models_that_are_not_trained_have_no_spec():
    imported = request("CREATE MODEL m OPTIONS (model_type = 'ONNX', model_path = 'm.onnx')", None)
    remote = request("CREATE MODEL m REMOTE WITH CONNECTION DEFAULT OPTIONS (endpoint = 'http://127.0.0.1:1')", None)
    assert (imported.kind, imported.spec, imported.options["model_path"]) == ("imported", None, "m.onnx")
    assert (remote.kind, remote.model_type, remote.options["endpoint"]) == ("remote", "remote", "http://127.0.0.1:1")
    ((at, _),) = faults_of("CREATE MODEL m OPTIONS (model_type = 'ONNX', model_pth = 'm')", None)
    assert at == "model_pth = 'm'"


def test_faults_of_the_training_are_underlined_too():
    found = request(f"CREATE MODEL m TRANSFORM (LN(distance) AS x, late) OPTIONS ({LOGISTIC}) AS SELECT * FROM flights")
    late = found.located(SpecError(Fault(what="no", where="label"), Fault(what="no", where="transform.x")))
    texts = [found.statement.sql[fault.start : fault.end] for fault in late.faults]
    assert texts == ["LN(distance) AS x", "input_label_cols = ['late']"]
    assert isinstance(late, SqlError)
    assert isinstance(found.located(DataError(Fault(what="no rows", where="data"))), DataError)


@pytest.mark.parametrize("name", [name for name in BIGQUERY_TYPES if name in FAMILIES])
def test_every_option_of_a_trained_family_has_its_field(name: str):
    options = get_family(name).Options
    assert issubclass(options, FamilyOptions)
    for known in KNOWN_OPTIONS.values():
        if known.is_of_model and name in known.of and not without_effect(known, name):
            assert known.name.lower() in option_types(options), known.name
    if name.startswith("dnn_linear"):
        assert {f"linear_{part}" for part in WIDE_PARTS} <= set(option_types(options))


def test_every_type_of_bigquery_is_something():
    assert all(kind_of(name) is not None for name in BIGQUERY_TYPES)
    assert all(kind_of(name) == "searched" for name in SEARCHED)
    assert len(KNOWN_OPTIONS) == 119  # 116 of CREATE MODEL's pages, and three of ALTER MODEL's


def test_functions_that_come_later_are_functions():
    assert set(LATER_FUNCTIONS) < TABLE_FUNCTION_NAMES
    assert all(name in later.what and later.next_step for name, later in LATER_FUNCTIONS.items())


OPTIONS = st.sampled_from(
    [
        *("model_type = 'LINEAR_REG'", "model_type = 'BOOSTED_TREE_CLASSIFIER'", "model_type = 'AUTOML_CLASSIFIER'"),
        *(
            "model_type = 'DNN_LINEAR_COMBINED_CLASSIFIER'",
            "model_type = 'ONNX'",
            "model_type = 3",
            "labels = ['late']",
        ),
        *("labels = [('a', 'b')]", "labels = 'x'", "input_label_cols = []", "class_weights = [STRUCT('a', 1)]"),
        *("class_weights = [([1], 2)]", "optimizer = [STRUCT('dnn', 'ADAM')]", "optimizer = [1]", "l2_reg = 1e400"),
        *("hidden_units = HPARAM_CANDIDATES([STRUCT([8]), STRUCT([8, 16])])", "hidden_units = [STRUCT(1 AS a)]"),
        *("l2_reg = HPARAM_RANGE(0, 1)", "l2_reg = NULL", "l2_reg = -1", "num_trials = 3", "num_trials = '3'"),
        *("hparam_tuning_objectives = [1]", "hparam_tuning_algorithm = 'GRID_SEARCH'", "data_split_method = 'SEQ'"),
        *("data_split_col = 'at'", "data_split_eval_fraction = 0.3", "warm_start = TRUE", "description = 3"),
        *("members = [STRUCT('linear_reg' AS type)]", "monotone_constraints = STRUCT('increasing' AS hour)"),
        *("optimization_objective = STRUCT('a', 1)", "x = CURRENT_TIMESTAMP()", "calculate_p_values = TRUE"),
    ]
)
TRANSFORMS = st.sampled_from(
    ["", "TRANSFORM (*)", "TRANSFORM (late, LN(hour) AS a, leg.*)", "TRANSFORM (late AS z, STRUCT(1 AS a) AS s)"]
)


@settings(max_examples=80)
@given(st.lists(OPTIONS, max_size=6), TRANSFORMS, st.booleans())
def test_any_options_give_a_request_or_faults(options: list[str], transform: str, has_schema: bool):
    text = f"CREATE MODEL m {transform} OPTIONS ({', '.join(options)}) AS SELECT 1"
    try:
        request(text, FLIGHTS if has_schema else None)
    except SqlError as error:
        for fault in error.faults:
            assert fault.sql == text
            assert 0 <= fault.start < fault.end <= len(text)
            assert fault.render()
