"""`hagane sql`: scripts, formats, parameters; and its shell on a real terminal."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pexpect
import pyarrow.parquet as pq
import pytest

from hagane.fronts.cli.run import run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAGANE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    assert run(["sql", "CREATE TABLE t AS SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL"]) == 0
    return tmp_path


def test_a_script_is_the_argument_a_file_or_stdin(home, capsys, monkeypatch):
    (home / "q.sql").write_text("SELECT a + 10 AS c FROM t ORDER BY a")
    for arguments in (["q.sql"], ["-"]):
        with (home / "q.sql").open() as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            capsys.readouterr()
            assert run(["sql", *arguments, "--format", "csv"]) == 0
        assert capsys.readouterr().out == "c\n11\n12\n"


def test_formats(home, capsys):
    sql = "SELECT a, b, [a] AS l, DATE '2020-01-02' AS d FROM t ORDER BY a"
    expected = {
        "csv": "a,b,l,d\n1,x,[1],2020-01-02\n2,,[2],2020-01-02\n",
        "jsonl": '{"a":1,"b":"x","l":[1],"d":"2020-01-02"}\n{"a":2,"b":null,"l":[2],"d":"2020-01-02"}\n',
    }
    for name, text in expected.items():
        capsys.readouterr()
        assert run(["sql", sql, "--format", name]) == 0
        assert capsys.readouterr().out == text
    assert run(["sql", sql, "--format", "json"]) == 0
    assert [row["a"] for row in json.loads(capsys.readouterr().out)] == [1, 2]
    assert run(["sql", sql, "-o", "out.parquet"]) == 0
    assert pq.read_table("out.parquet").to_pylist()[1]["l"] == [2]
    assert run(["sql", sql]) == 0
    shown = capsys.readouterr().out
    assert "NULL" in shown
    assert "2 rows" in shown


def test_an_output_that_cannot_be_written_is_told_before_anything_runs(home, capsys):
    assert run(["sql", "CREATE TABLE made AS SELECT 1 AS a; SELECT * FROM made", "-o", "nowhere/out.csv"]) != 0
    assert f"there is no folder {home}/nowhere" in capsys.readouterr().err
    assert run(["sql", "SELECT * FROM made"]) != 0


def test_a_script_that_is_no_text_is_told(home, capsys):
    (home / "q.sql").write_bytes("SELECT 'ü'".encode("latin-1"))
    assert run(["sql", "q.sql"]) != 0
    assert "the file is no UTF-8 text" in capsys.readouterr().err


def test_json_tells_of_every_statement(home, capsys):
    capsys.readouterr()
    script = "INSERT INTO t VALUES (3, 'z'); SELECT MAX(a) AS m FROM t"
    assert run(["sql", script, "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["statements"]
    assert (first["kind"], first["num_changed_rows"]) == ("INSERT", 1)
    assert (second["schema"], second["rows"]) == ([{"name": "m", "type": "INT64"}], [{"m": 3}])


def test_parameters(home, capsys):
    capsys.readouterr()
    sql = "SELECT @n + 1 AS n, @d AS d, @w AS w, ARRAY_LENGTH(@l) AS l"
    given = [
        "--param",
        "n:INT64:4",
        "--param",
        "d:DATE:2020-02-29",
        "--param",
        "w::a:b",
        "--param",
        "l:ARRAY<INT64>:[1, 2]",
    ]
    assert run(["sql", sql, *given, "--format", "csv"]) == 0
    assert capsys.readouterr().out == "n,d,w,l\n5,2020-02-29,a:b,2\n"
    assert run(["sql", "SELECT ? AS a, ? AS b", "--param", ":INT64:1", "--param", "::x", "--format", "csv"]) == 0
    assert capsys.readouterr().out == "a,b\n1,x\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["SELECT a FROM tt"], 8, "Not found: Table tt"),
        (["SELEC 1"], 3, "did you mean: SELECT"),
        (["SELECT aa FROM t"], 3, "^^"),
        (["nowhere.sql"], 8, "no file at 'nowhere.sql'"),
        (["SELECT 1 AS a", "-o", "x.txt"], 2, "--format"),
        (["SELECT 1 AS a", "--format", "parquet"], 2, "-o rows.parquet"),
        (["SELECT @a", "--param", "a"], 2, "NAME:TYPE:VALUE"),
        (["SELECT @a", "--param", "a:INTT:1"], 2, "INTT"),
        (["SELECT @a", "--param", "a:INT64:x"], 4, "INT64"),
    ],
)
def test_exit_codes(home, capsys, arguments, code, said):
    assert run(["sql", *arguments]) == code
    assert said in capsys.readouterr().err
    assert not (home / "x.txt").exists()


class Terminal:
    """The shell as a person meets it."""

    def __init__(self, home: Path) -> None:
        environment = {**os.environ, "TERM": "xterm", "HAGANE_HOME": str(home / "home"), "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.child = pexpect.spawn(
            sys.executable, ["-m", "hagane.fronts.cli", "sql"], env=environment, encoding="utf-8", timeout=60,
            dimensions=(30, 120), cwd=str(home),
        )  # fmt: skip
        self.child.expect("hagane>")

    def types(self, text: str, *seen: str) -> None:
        self.child.send(text)
        for each in seen:
            self.child.expect(each)


def test_the_shell_on_a_terminal(home):
    shell = Terminal(home)
    shell.types("SELECT a + 40 AS c\r", "->")
    shell.types("FROM t WHERE a = 2;\r", "42", "1 row", "hagane>")
    shell.types("SELECT a FROM tt;\r", "Not found: Table tt", r"\^\^", "did you mean", "hagane>")
    shell.types("\\d t\r", "STRING", "hagane>")
    shell.types("\\d\r", "BASE TABLE", "hagane>")
    shell.types("DECLARE v INT64 DEFAULT 7;\r", "declared v", "hagane>")
    shell.types("SELECT v * 11 AS w;\r", "77", "hagane>")
    shell.types("SELECT x FROM\x03", "hagane>")  # Ctrl-C drops what was typed
    shell.types("SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 3000)) a, UNNEST(GENERATE_ARRAY(1, 9000000)) b;\r")
    shell.child.expect(r"\x1b\[\?2004l")  # the prompt has let go of the terminal
    time.sleep(1)
    shell.child.sendintr()
    shell.types("", "interrupted", "hagane>")
    shell.types("SELECT 5 AS five;\r", "five", "hagane>")
    shell.types("\x1b[A", r"SELECT.*five;")  # the history
    shell.types("\x03", "hagane>")
    shell.types("\x04", pexpect.EOF)
    shell.child.close()
    assert shell.child.exitstatus == 0
    assert (home / "home" / "sql_history").stat().st_mode & 0o077 == 0


def test_completion(home):
    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document

    from hagane.fronts.cli.sql_completer import SqlCompleter
    from hagane.session.session import Session

    session = Session()
    session.sql(
        "CREATE SCHEMA lake; CREATE TABLE lake.deep AS SELECT 1 AS metres; CREATE TEMP TABLE tide AS SELECT 1 AS n"
    )
    completer = SqlCompleter(session)

    def completed(before: str, after: str = "") -> list[str]:
        document = Document(before + after, len(before))
        return [each.text for each in completer.get_completions(document, CompleteEvent())]

    assert completed("SEL") == ["SELECT"]
    assert completed("SELECT * FROM t") == ["tide", "t"]
    assert completed("SELECT * FROM lake.") == ["lake.deep"]
    assert completed("SELECT me", " FROM lake.deep")[0] == "metres"
    assert completed("SELECT d.me", " FROM lake.deep d") == ["d.metres"]
    assert completed("SELECT * FROM ML.PRED") == ["ML.PREDICT("]
    assert "L2_REG" in completed("CREATE MODEL m OPTIONS (model_type = 'x', l2")


def test_the_magic(home, capsys):
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        shell.run_line_magic("load_ext", "hagane")
        shell.run_cell_magic("hagane", "", "CREATE TEMP TABLE kept AS SELECT a FROM t")
        shell.user_ns["wanted"] = {"least": 2}
        shell.run_cell_magic("hagane", "frame --params wanted", "SELECT a FROM kept WHERE a >= @least")
        assert shell.user_ns["frame"]["a"].tolist() == [2]
        assert shell.run_line_magic("hagane", "SELECT 6 * 7 AS n").rows() == [{"n": 42}]
        capsys.readouterr()
        shell.run_cell_magic("hagane", "", "SELECT a FROM tt")
        told = capsys.readouterr()
        assert "Not found: Table tt" in told.err
        assert "Traceback" not in told.err + told.out
        shell.run_cell_magic("hagane", "--parms x", "SELECT 1")
        assert "--parms" in capsys.readouterr().err
    finally:
        InteractiveShell.clear_instance()
