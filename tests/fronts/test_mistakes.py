"""The commonest mistakes of a new user: each is told what is wrong, where, and what to do next."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hagane.fronts.cli.run import run

DRAW = random.Random(1)
FILES = {
    "people.csv": "age,hours-per-week,y\n" + "".join(f"{i % 50},{i % 7},{'ab'[i % 2]}\n" for i in range(200)),
    "own.csv": "age,y\n" + "".join(f"{i},c{i}\n" for i in range(200)),
    "constant.csv": "age,y\n" + "".join(f"{i},yes\n" for i in range(200)),
    "money.csv": "price;y\n" + "".join(f"{DRAW.randint(1, 9)}.{i:03},50;{i % 2}\n" for i in range(200)),
    "area.csv": "area,y\n" + "".join(f"{i % 9} m2,{i % 2}\n" for i in range(200)),
    "twice.csv": "a,a,y\n1,2,3\n4,5,6\n",
    "empty.csv": "",
    "header.csv": "age,y\n",
    "spec.yaml": "data: people.csv\nlabel: y\ntransform: {h: hours-per-week * 2, l: LOGG(age)}\n",
}
MISTAKES: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "path": ("train poeple.csv --label y", 4, ("no file at 'poeple.csv'", "did you mean: people.csv", "next:")),
    "label": ("train people.csv --label Y2", 3, ("no column 'Y2'", "where: label", "age, hours-per-week, y", "next:")),
    "no label": ("train people.csv", 2, ("error: --label is needed with DATA", "next: hagane train --help")),
    "option": ("train people.csv --label y --option max_iteration=3", 3, ("did you mean: max_iterations", "where:")),
    "family": ("train people.csv --label y --model boosted_tree_clasifier", 3, ("mean: boosted_tree_classifier",)),
    "names in a spec": (
        "train spec.yaml", 3,
        ("2 faults", "spec.yaml:3", "the column hours-per-week is written without backquotes", "mean: `hours-per-week`",
         "the function LOGG is not", "did you mean: LOG", "correct the name, or"),
    ),
    "one class": ("train constant.csv --label y", 4, ("fewer than two classes", "received: only True", "next:")),
    "a class a row": ("train own.csv --label y", 4, ("a class of its own", "classes in", "choose another label")),
    "nothing to learn from": (
        "train money.csv --label y", 3,
        ("no column is left to learn from", "price: nearly every row", "is a number, make it one", "next:"),
    ),
    "column twice": ("describe twice.csv", 4, ("two columns are named 'a'", "header of", "read_csv('")),
    "empty": ("describe empty.csv", 4, ("the file is empty", "empty.csv", "next:")),
    "header alone": ("train header.csv --label y", 4, ("there are no rows", "next:")),
    "latin": ("train latin.csv --label y", 4, ("could not be parsed", "line 2", "iconv -f LATIN1 -t UTF-8 latin.csv")),
    "utf-16": ("describe utf16.csv", 4, ("written in UTF-16", "where:", "iconv -f UTF-16")),
    "a sheet": ("describe sheet.xlsx", 4, ("what kind of file", "save the sheet as CSV")),
    "a pickle": ("describe frame.pkl", 4, ("what kind of file", "write Parquet")),
    "cut short": ("describe cut.parquet", 4, ("not a readable Parquet file", "copy it again")),
    "file without quotes": (
        "describe 'SELECT * FROM people'", 4,
        ("Table with name people does not exist", "did you mean: 'people.csv'", "--table people=FILE"),
    ),
    "extra": ("describe bigquery://p.d.t", 9, ("not installed", "next: pip install")),
    "arguments exchanged": ("predict people.csv late -o p.parquet", 8, ("is a file of data", "MODEL people.csv")),
    "no bundle": ("evaluate folder", 8, ("no model 'folder'", "no MANIFEST.json")),
    "workspace": ("train people.csv --label y --workspace /proc/none", 73, ("cannot be made", "--workspace FOLDER")),
    "name": ("train people.csv --label y --name 'my model'", 3, ("cannot name a model", "did you mean: my_model")),
    "memory": ("train people.csv --label y --memory-limit lots", 3, ("'lots' is no amount", "2GiB, 800MB or 50%")),
    "nothing to serve": ("serve", 10, ("no bundle to serve", "next: name one: hagane serve MODEL")),
}  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    rows = "name,y\n" + "".join(f"Müller{i},{i % 2}\n" for i in range(200))
    (tmp_path / "latin.csv").write_bytes(rows.encode("latin-1"))
    (tmp_path / "utf16.csv").write_bytes(rows.encode("utf-16"))
    (tmp_path / "sheet.xlsx").write_bytes(b"PK\x03\x04" + bytes(99))
    (tmp_path / "frame.pkl").write_bytes(b"\x80\x04.")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1" + bytes(99))
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIP_STORAGE_URI", raising=False)
    return tmp_path


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_what_where_and_what_next(here, capsys, mistake):
    import shlex

    command, code, words = MISTAKES[mistake]
    assert run(shlex.split(command)) == code
    said = capsys.readouterr().err
    for each in words:
        assert each in said, said
    assert "Traceback" not in said
    assert "internal error" not in said


def test_numbers_that_were_read_as_text_are_noted(here, capsys):
    assert run(["train", "area.csv", "--label", "y", "--model", "logistic_reg"]) == 0
    assert "column 'area' was taken for categories; if '0 m2' is a number" in capsys.readouterr().err
    assert run(["describe", "area.csv"]) == 0
    assert "area is text, and looks like numbers: '0 m2'" in capsys.readouterr().out


def test_a_number_taken_for_classes_is_noted(here, capsys):
    (here / "n.csv").write_text("x,y\n" + "".join(f"{i},{i % 25}\n" for i in range(500)))
    assert run(["train", "n.csv", "--label", "y", "--model", "logistic_reg", "--option", "max_iterations=3"]) == 0
    assert "the label 'y' is a number; each of its 25 values was taken as a class" in capsys.readouterr().err


def test_other_data_than_the_models_are_one_fault_and_unknown_labels_are_named(here, capsys):
    assert run(["train", "people.csv", "--label", "y", "--model", "logistic_reg", "--name", "m"]) == 0
    wide = "SELECT age AS a1, age AS a2, age AS a3, age AS a4, y FROM 'people.csv'"
    assert run(["train", wide, "--label", "y", "--model", "logistic_reg", "--name", "wide"]) == 0
    capsys.readouterr()
    assert run(["evaluate", "wide", "area.csv"]) == 4
    said = capsys.readouterr().err
    assert "the data have none of the columns a1, a2, a3, a4" in said
    assert "received: area, y" in said
    assert run(["evaluate", "m", "SELECT * REPLACE ('z' AS y) FROM 'people.csv'"]) == 4
    said = capsys.readouterr().err
    assert "no row has a label that the model knows" in said
    assert "expected: one of a, b" in said
    assert "received: z" in said
