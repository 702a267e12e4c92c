"""No command writes over the data that it reads, however it names them."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from hagane.errors import StorageError
from hagane.fronts.cli.run import run
from hagane.workflow.check_not_input import check_not_input


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = "".join(f"{i % 7},{i},{'yes' if i % 3 else 'no'}\n" for i in range(200))
    (tmp_path / "rows.csv").write_text("x,z,y\n" + rows)
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute("CREATE TABLE orders (x INTEGER)")
    connection.commit()
    connection.close()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("source", "out"),
    [
        ("rows.csv", "rows.csv"),
        ("rows.csv", "./sub/../rows.csv"),
        ("*.csv", "rows.csv"),
        (["rows.csv"], "rows.csv"),
        ("SELECT x FROM 'rows.csv'", "rows.csv"),
        ("SELECT x FROM read_csv('rows.csv')", "linked.csv"),
        ("sqlite://shop.db#orders", "shop.db"),
        (["SELECT * FROM t"], "rows.csv"),
    ],
)
def test_data_are_known_by_any_name(folder: Path, source: object, out: str) -> None:
    (folder / "sub").mkdir()
    (folder / "linked.csv").symlink_to(folder / "rows.csv")
    tables = {"t": "rows.csv"} if "FROM t" in str(source) else {}
    with pytest.raises(StorageError, match="would replace the data"):
        check_not_input(source, Path(out), option="-o", tables=tables)


def test_other_places_are_free(folder: Path) -> None:
    shutil.copy(folder / "rows.csv", folder / "copy.csv")
    for source in ("rows.csv", "SELECT 1", "s3://bucket/rows.csv", "postgresql://host/shop#orders", None, object()):
        check_not_input(source, folder / "copy.csv", option="-o")
    check_not_input("rows.csv", folder / "new.csv", option="-o")


@pytest.mark.parametrize(
    "command",
    [
        ["init", "rows.csv", "--label", "y", "-o", "rows.csv", "--force"],
        ["schema", "infer", "rows.csv", "-o", "rows.csv", "--force"],
        ["outliers", "rows.parquet", "-o", "rows.parquet"],
    ],
)
def test_commands_leave_their_data(folder: Path, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(pyarrow.csv.read_csv(folder / "rows.csv"), "rows.parquet")
    before = {file.name: file.read_bytes() for file in Path().glob("rows.*")}
    assert run(command) == 73
    assert "the result would replace the data that it is made from" in capsys.readouterr().err
    assert before == {file.name: file.read_bytes() for file in Path().glob("rows.*")}


@pytest.mark.parametrize("page", ["rows.csv", "notes.md"])
def test_a_page_replaces_pages_alone(folder: Path, page: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A model's own data need not be named on the command line: no file but a page is written over."""
    (folder / "notes.md").write_text("mine")
    before = (folder / page).read_bytes()
    assert run(["train", "rows.csv", "--label", "y", "--model", "logistic_reg"]) == 0
    for command in (["describe", "rows.csv"], ["evaluate", "y"]):
        assert run([*command, "--html", page]) == 73
        assert f"{page} is there already, and is no page" in capsys.readouterr().err
    assert (folder / page).read_bytes() == before
    for _ in range(2):
        assert run(["evaluate", "y", "--html", "page.html"]) == 0
