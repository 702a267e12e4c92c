"""Scripts of BigQuery's SQL as statements: every clause, every fault at its place, and nothing but faults."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from hagane.errors import Fault, SqlError
from hagane.sql.bigquery_ml import BigQueryMl
from hagane.sql.hparams import Hparam
from hagane.sql.parse_script import parse_script
from hagane.sql.statement import (
    AlterModel,
    CreateModel,
    Declare,
    DropModel,
    ExportModel,
    FieldType,
    OtherStatement,
    QueryStatement,
    SetVariable,
    Statement,
)
from hagane.sql.table_function_call import (
    ModelArgument,
    NamedArgument,
    TableArgument,
    TableFunctionCall,
    argument_span,
)
from hagane.sql.table_function_names import TABLE_FUNCTION_NAMES


def one(text: str) -> Statement:
    (statement,) = parse_script(text)
    return statement


def faults(text: str) -> tuple[Fault, ...]:
    with pytest.raises(SqlError) as caught:
        parse_script(text)
    return caught.value.faults


def underlined(text: str) -> list[str]:
    return [text[fault.start : fault.end] for fault in faults(text)]


def call_of(text: str) -> TableFunctionCall:
    statement = one(text)
    assert isinstance(statement, QueryStatement)
    call = statement.query.find(TableFunctionCall)
    assert call is not None
    return call


def test_create_model_with_every_clause():
    text = """
    -- a comment; with a semicolon
    CREATE OR REPLACE MODEL `my-project.flights.late`
    TRANSFORM (* EXCEPT (tail, `gate`), ML.STANDARD_SCALER(distance) OVER () AS distance, leg.*, late)
    OPTIONS (MODEL_TYPE = 'LOGISTIC_REG', labels = ['late'], l2_reg = 1e-2, learn_rate = -1,
             class_weights = [STRUCT('a', 0.5), ('b', 2)], optimizer = [STRUCT('dnn' AS part, 'ADAM' AS name)],
             max_iterations = HPARAM_RANGE(1, 9), early_stop = TRUE, note = NULL, num_trials = @n,)
    AS SELECT * FROM flights WHERE origin != ';'"""
    model = one(text)
    assert isinstance(model, CreateModel)
    assert (model.name, model.creation, model.temporary) == ("my-project.flights.late", "replace", False)
    values = {option.name: option.value for option in model.options}
    assert values["model_type"] == "LOGISTIC_REG"
    assert values["labels"] == ["late"]
    assert values["class_weights"] == [("a", 0.5), ("b", 2)]
    assert values["optimizer"] == [{"part": "dnn", "name": "ADAM"}]
    assert (values["l2_reg"], values["learn_rate"], values["early_stop"], values["note"]) == (0.01, -1, True, None)
    assert isinstance(values["max_iterations"], Hparam)
    assert values["max_iterations"].high == 9
    assert isinstance(values["num_trials"], exp.Parameter)
    assert text[model.query_start : model.query_end] == "SELECT * FROM flights WHERE origin != ';'"
    assert text[model.options[2].start : model.options[2].end] == "l2_reg = 1e-2"
    assert model.transform is not None
    star, scaled, leg, late = model.transform
    assert star.star
    assert star.except_columns == ("tail", "gate")
    assert (scaled.name, scaled.expression) == ("distance", "ML.STANDARD_SCALER(distance) OVER ()")
    assert (leg.star, leg.expression, leg.name) == (True, "leg", "")
    assert (late.name, late.expression) == ("late", "late")


def test_transform_keeps_the_text_and_finds_the_name():
    model = one("CREATE MODEL m TRANSFORM (* REPLACE (LOWER(a) AS a, b*2 b), x  +  1 y, s.f, LN(z)) AS SELECT 1")
    assert isinstance(model, CreateModel)
    assert model.transform is not None
    star, y, f, unnamed = model.transform
    assert [(item.name, item.expression) for item in star.replace] == [("a", "LOWER(a)"), ("b", "b*2")]
    assert (y.name, y.expression) == ("y", "x  +  1")
    assert (f.name, f.expression) == ("f", "s.f")
    assert (unnamed.name, unnamed.expression) == ("", "LN(z)")


def test_models_that_are_imported_or_asked_far_away():
    imported, remote = parse_script(
        "CREATE TEMP MODEL m INPUT (f1 FLOAT64, f2 ARRAY<STRING>) OUTPUT (p FLOAT64) OPTIONS(model_path='x.json');"
        "CREATE MODEL IF NOT EXISTS r REMOTE WITH CONNECTION `p.us.c` OPTIONS (endpoint = 'http://127.0.0.1:1/')"
    )
    assert isinstance(imported, CreateModel)
    assert isinstance(remote, CreateModel)
    assert imported.temporary
    assert imported.inputs == (FieldType(name="f1", type="FLOAT64"), FieldType(name="f2", type="ARRAY<STRING>"))
    assert imported.outputs == (FieldType(name="p", type="FLOAT64"),)
    assert imported.query is None
    assert (remote.creation, remote.connection) == ("if_not_exists", "p.us.c")
    default = one("CREATE MODEL r REMOTE WITH CONNECTION DEFAULT OPTIONS (endpoint = 'x')")
    assert isinstance(default, CreateModel)
    assert default.connection == "DEFAULT"


def test_training_data_and_holidays_are_two_queries():
    text = "CREATE MODEL m AS (training_data AS (SELECT 1 AS a), custom_holiday AS (SELECT 2))"
    model = one(text)
    assert isinstance(model, CreateModel)
    assert text[model.query_start : model.query_end] == "SELECT 1 AS a"
    assert model.holidays is not None
    assert model.holidays.sql() == "SELECT 2"


def test_drop_alter_export():
    text = (
        "DROP MODEL IF EXISTS a.b; ALTER MODEL m SET OPTIONS (description = 'x', labels = [('k', 'v')], "
        "expiration_timestamp = TIMESTAMP '2030-01-01', kms_key_name = NULL, endpoint_idle_ttl = INTERVAL 6 HOUR);"
        "EXPORT MODEL m OPTIONS (URI = 'folder', trial_id = 2)"
    )
    drop, alter, export = parse_script(text)
    assert isinstance(drop, DropModel)
    assert isinstance(alter, AlterModel)
    assert isinstance(export, ExportModel)
    assert (drop.name, drop.if_exists) == ("a.b", True)
    assert [option.value for option in alter.options] == [
        *("x", [("k", "v")], "2030-01-01", None),
        "INTERVAL '6' HOUR",
    ]
    assert [(option.name, option.value) for option in export.options] == [("uri", "folder"), ("trial_id", 2)]
    assert [text[each.start : each.end][:5] for each in (drop, alter, export)] == ["DROP ", "ALTER", "EXPOR"]


def test_variables():
    declared, typed, several, set_one, set_two, system = parse_script(
        "DECLARE a, b DEFAULT 1 + 2; DECLARE c ARRAY<STRUCT<x INT64>>; DECLARE d STRING DEFAULT 'x;y';"
        "SET a = (SELECT MAX(x) FROM t); SET (a, b) = (1, 2); SET @@time_zone = 'UTC'"
    )
    assert isinstance(declared, Declare)
    assert isinstance(typed, Declare)
    assert isinstance(several, Declare)
    assert isinstance(set_one, SetVariable)
    assert isinstance(set_two, SetVariable)
    assert isinstance(system, SetVariable)
    assert (declared.names, declared.type) == (("a", "b"), None)
    assert declared.default is not None
    assert (typed.type, typed.default) == ("ARRAY<STRUCT<x INT64>>", None)
    assert several.type == "STRING"
    assert set_two.names == ("a", "b")
    assert system.names == ("@@time_zone",)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("CREATE OR REPLACE TABLE d.t PARTITION BY DATE(at) CLUSTER BY a AS SELECT 1", "CREATE_TABLE_AS_SELECT"),
        ("CREATE TABLE t (a INT64 NOT NULL, b ARRAY<STRING>)", "CREATE_TABLE"),
        ("CREATE VIEW v AS SELECT * FROM ML.PREDICT(MODEL m, TABLE t)", "CREATE_VIEW"),
        ("CREATE MATERIALIZED VIEW v AS SELECT 1", "CREATE_MATERIALIZED_VIEW"),
        ("CREATE SCHEMA IF NOT EXISTS d", "CREATE_SCHEMA"),
        ("CREATE TEMP FUNCTION f(x INT64) AS (x + 1)", "CREATE_FUNCTION"),
        ("DROP TABLE IF EXISTS t", "DROP_TABLE"),
        ("DROP SCHEMA d CASCADE", "DROP_SCHEMA"),
        ("ALTER TABLE t ADD COLUMN c INT64", "ALTER_TABLE"),
        ("INSERT INTO t (a) VALUES (1), (2)", "INSERT"),
        ("INSERT t SELECT 1", "INSERT"),
        ("UPDATE t SET a = 1 WHERE TRUE", "UPDATE"),
        ("DELETE FROM t WHERE TRUE", "DELETE"),
        ("MERGE a USING b ON a.x = b.x WHEN MATCHED THEN DELETE", "MERGE"),
        ("TRUNCATE TABLE t", "TRUNCATE_TABLE"),
    ],
)  # fmt: skip
def test_other_statements_have_the_names_of_bigquery_s_jobs(text: str, kind: str):
    statement = one(text)
    assert isinstance(statement, OtherStatement)
    assert statement.kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "WITH a AS (SELECT 1 AS x) SELECT * FROM a",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "FROM t |> WHERE x > 1 |> SELECT y",
        "((SELECT 1))",
        "SELECT AS STRUCT 1 AS a",
        "SELECT * EXCEPT (a) REPLACE (b + 1 AS b) FROM `p-1.d.events_*` WHERE _TABLE_SUFFIX > '2020' QUALIFY TRUE",
        "SELECT p FROM t, UNNEST(probs) AS p WITH OFFSET AS o WHERE @label = p.label AND @@time_zone = 'UTC'",
        "SELECT r'a;b', '''x\n;''', b'a', \"it's\", `a;b` FROM t # the end; of it",
    ],
)
def test_queries(text: str):
    assert isinstance(one(text), QueryStatement)


@pytest.mark.parametrize("name", sorted(TABLE_FUNCTION_NAMES))
def test_every_function_over_models_and_data_is_one_node(name: str):
    call = call_of(f"SELECT * FROM {name.lower()}(MODEL d.m, TABLE t, (SELECT 1), STRUCT(3 AS horizon), x => [1])")
    kinds = [type(argument) for argument in call.expressions]
    assert call.name == name
    assert kinds == [ModelArgument, TableArgument, exp.Subquery, exp.Struct, NamedArgument]


@pytest.mark.parametrize(
    "around",
    [
        "SELECT * FROM {} AS p JOIN t USING (x)",
        "SELECT * FROM t LEFT JOIN {} p ON p.x = t.x, {}",
        "WITH a AS (SELECT * FROM {}) SELECT * FROM a UNION ALL SELECT * FROM {}",
        "SELECT (SELECT MAX(x) FROM {}) FROM t WHERE y IN (SELECT y FROM {})",
        "SELECT * FROM {} PIVOT (SUM(a) FOR b IN ('x', 'y')) WHERE TRUE ORDER BY 1 LIMIT 3",
        "SELECT * FROM {} TABLESAMPLE SYSTEM (10 PERCENT)",
        "SELECT * FROM ML.PREDICT(MODEL n, (WITH c AS (SELECT 1) SELECT * FROM {}))",
        "SELECT * FROM (SELECT * FROM {}) AS inner_one CROSS JOIN UNNEST([1, 2]) AS u",
        "FROM {} |> WHERE x > 1",
    ],
)
def test_they_stand_wherever_a_table_does(around: str):
    call = "ML.PREDICT(MODEL `d.m`, TABLE t, STRUCT(0.7 AS threshold))"
    statement = one(around.replace("{}", call))
    assert isinstance(statement, QueryStatement)
    found = [node for node in statement.query.find_all(TableFunctionCall) if node.expressions[0].name == "d.m"]
    assert len(found) == around.count("{}")
    for node in found:
        start, end = argument_span(node)
        assert statement.sql[start:end] == call
        assert isinstance(node.parent, exp.Table)
        assert node.parent.args.get("db") is None


def test_arguments_have_their_places_and_names():
    text = "SELECT * FROM ML.EVALUATE(MODEL my-project.d.m, (SELECT 1), STRUCT(0.5 AS threshold))"
    call = call_of(text)
    texts = [text[slice(*argument_span(argument))] for argument in call.expressions]
    assert texts == ["MODEL my-project.d.m", "(SELECT 1)", "STRUCT(0.5 AS threshold)"]
    assert call.expressions[0].name == "my-project.d.m"
    named = call_of("SELECT * FROM ML.DESCRIBE_DATA(TABLE t, Top_K => 3)").expressions[1]
    assert (named.name, named.expression.name) == ("top_k", "3")


def test_functions_of_a_row_are_left_to_their_binder():
    statement = one("SELECT ML.STANDARD_SCALER(x) OVER (), ml.distance(a, b), ML.TRANSFORM FROM ML, transform")
    assert isinstance(statement, QueryStatement)
    assert statement.query.find(TableFunctionCall) is None


def test_a_fault_hides_no_other():
    text = "SELECT a FORM t; SELCT 1; SELECT 'abc\n; DROP MODLE m; SELECT * FROM ML.PREDCIT(MODEL m); SELECT 1"
    assert underlined(text) == ["FORM", "SELCT", "'abc", "MODLE", "ML.PREDCIT"]
    assert [fault.nearest for fault in faults(text)] == ["FROM", "SELECT", "", "MODEL", "ML.PREDICT"]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("CREATE MODEL m OPTOINS(a='x') AS SELECT 1", ["OPTOINS"]),
        ("CREATE MODEL m OPTIONS(a=1, b, a=2, =3) AS SELECT 1", ["b", "a=2", "=3"]),
        ("CREATE MODEL m TRANSFORM() AS SELECT 1", ["()"]),
        ("CREATE MODEL m TRANSFORM(* EXPECT (a), b +) OPTIONS(a=) AS SELECT FROM WHERE", ["EXPECT", "+", "=", "WHERE"]),
        ("CREATE MODEL m OPTIONS(a=1) OPTIONS(a=2)", ["OPTIONS"]),
        ("CREATE MODEL m AS DROP TABLE t", ["DROP TABLE t"]),
        ("CREATE OR REPLACE MODEL IF NOT EXISTS m AS SELECT 1", ["IF NOT EXISTS"]),
        ("CREATE MODEL m OPTIONS(a = HPARAM_RANGE(3, 1)) AS SELECT 1", ["HPARAM_RANGE(3, 1)"]),
        ("CREATE MODEL m AS (training_dta AS (SELECT 1))", ["training_dta AS (SELECT 1)"]),
        ("DROP MODEL", ["MODEL"]),
        ("EXPORT MODEL m", ["m"]),
        ("ALTER MODEL m SET OPTIONS x", ["x"]),
        ("DROP MODEL a b", ["b"]),
        ("SELECT (1 + 2", ["("]),
        ("SELECT 1)", [")"]),
        ("SELECT [1)", [")"]),
        ("SELECT ML.PREDICT(MODEL m, TABLE t)", ["ML.PREDICT(MODEL m, TABLE t)"]),
        ("SELECT ML.STANDRD_SCALER(x) OVER ()", ["ML.STANDRD_SCALER"]),
        ("SET x", ["x"]),
        ("SET (a, b) = (1, 2, 3)", ["(1, 2, 3)"]),
        ("DECLARE a", ["a"]),
        ("SELECT /* open", ["/* open"]),
        ("SELECT `open\n; SELECT 'a' 1.5 FROM", ["`open", "1.5"]),
    ],
)  # fmt: skip
def test_faults_underline_the_clause(text: str, places: list[str]):
    assert underlined(text) == places


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("BEGIN SELECT 1; IF x THEN SELECT CASE WHEN a THEN 1 END; END IF; END", None),
        ("IF (SELECT TRUE) THEN SELECT 1; ELSE SELECT 2; END IF", None),
        ("LOOP SELECT 1; BREAK; END LOOP", None),
        ("WHILE TRUE DO SELECT 1; END WHILE", None),
        ("REPEAT SELECT 1; UNTIL TRUE END REPEAT", None),
        ("FOR r IN (SELECT 1) DO SELECT IF(r, 1, 2); END FOR", None),
        ("CASE WHEN TRUE THEN SELECT 1; END CASE", None),
        ("EXECUTE IMMEDIATE 'SELECT 1'", None),
        ("BEGIN TRANSACTION", None),
        ("BEGIN", None),
        ("COMMIT TRANSACTION", None),
        ("CALL p(1)", None),
        ("ASSERT 1 = 1 AS 'x'", None),
        ("EXPORT DATA OPTIONS(uri='x') AS SELECT 1", None),
        ("LOAD DATA INTO t FROM FILES(uris=['x'])", None),
    ],
)
def test_what_does_not_run_is_refused_once(text: str, place: str | None):
    (fault,) = faults(f"SELECT 1; {text}; SELECT 2")
    assert fault.sql[fault.start : fault.end] == (place or text)
    assert fault.next_step


@pytest.mark.parametrize("text", ["SELECT " + "(" * 3000 + "1" + ")" * 3000, "SELECT " + "- " * 5000 + "1",
                                  "SELECT " + "NOT " * 5000 + "TRUE", "SELECT " + "CASE WHEN " * 3000,
                                  "SELECT * FROM " + "ML.PREDICT(MODEL m, " * 1000])  # fmt: skip
def test_depth_is_a_fault(text: str):
    assert faults(text)


def test_a_long_script_is_read_in_one_go():
    text = ";\n".join(f"SELECT {i} AS x FROM t{i} WHERE a = 'b;c'" for i in range(300))
    statements = parse_script(text)
    assert len(statements) == 300
    assert text[statements[299].start : statements[299].end].startswith("SELECT 299")


WORDS = st.sampled_from(
    [
        *("SELECT", "FROM", "CREATE", "MODEL", "OR", "REPLACE", "OPTIONS", "(", ")", "=", ",", ";", "'a'", "1", "*"),
        *("TRANSFORM", "AS", "ML.PREDICT", "ML.", "(MODEL m", "TABLE", "STRUCT", "[", "]", "@p", "`a.b`", "'", "-"),
        *("EXCEPT", "WITH", "DROP", "ALTER", "SET", "EXPORT", "DECLARE", "DEFAULT", "BEGIN", "END", "IF", "THEN", "."),
        *("UNNEST", "CASE", "WHEN", "HPARAM_RANGE(1, 2)", "INTERVAL", "CAST(a AS INT64)", "|>", "=>", "/*", "--", "\n"),
        *("INPUT", "OUTPUT", "REMOTE", "CONNECTION", "JOIN", "training_data", "EXTRACT(", "é", "\\", "0x", "1e"),
    ]
)  # fmt: skip


@settings(max_examples=150)
@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=25).map(" ".join)))
def test_any_text_gives_statements_or_faults(text: str):
    try:
        statements = parse_script(text)
    except SqlError as error:
        for fault in error.faults:
            assert 0 <= fault.start < fault.end <= len(text)
            assert fault.render()
    else:
        assert all(text[each.start : each.end].strip() for each in statements)


NAMES = st.sampled_from(["a", "b.c", "`p-1.d.m`", "late"])


def calls(queries: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    data = st.one_of(NAMES.map("TABLE {}".format), queries.map("({})".format))
    extra = st.sampled_from(["", ", STRUCT(0.5 AS threshold)", ", [0.1, 0.2]", ", horizon => 3"])
    name = st.sampled_from(sorted(TABLE_FUNCTION_NAMES))
    return st.builds("{}(MODEL {}, {}{})".format, name, NAMES, data, extra)


def over(queries: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    table = st.one_of(NAMES, queries.map("({})".format), calls(queries))
    items = st.sampled_from(["*", "* EXCEPT (x)", "a, LOWER(b) AS c", "COUNT(*) AS n", "ML.BUCKETIZE(x, [1, 2]) AS y"])
    tail = st.sampled_from(["", " WHERE x > 1", " GROUP BY a", " ORDER BY a LIMIT 3"])
    plain = st.builds("SELECT {} FROM {} AS t{}".format, items, table, tail)
    joined = st.builds("SELECT {} FROM {} AS t JOIN {} AS u USING (x)".format, items, table, table)
    with_one = st.builds("WITH w AS ({}) SELECT * FROM w".format, queries)
    return st.one_of(plain, joined, with_one, st.builds("({}) UNION ALL ({})".format, plain, plain))


QUERIES = st.recursive(st.just("SELECT 1 AS x"), over, max_leaves=4)


@settings(max_examples=60)
@given(QUERIES)
def test_what_is_written_reads_as_it_was(text: str):
    first = one(text)
    assert isinstance(first, QueryStatement)
    written = first.query.sql(dialect=BigQueryMl)
    again = one(written)
    assert isinstance(again, QueryStatement)
    assert again.query.sql(dialect=BigQueryMl) == written
    assert again.query == first.query
