"""Batch predictions that are interrupted, and started again: the bytes of one that was not."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.errors import DataError, SpecError, StorageError
from hagane.file_lock import lock_file
from hagane.progress import SILENT
from hagane.spec.spec import Model, Spec
from hagane.workflow import predict, prediction_batch_rows
from hagane.workflow.predict import predict_file
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

PROGRAM = Path(__file__).with_name("killed_predictions.py")
NUM_ROWS = 9_500
OUTS = ("out.parquet", "out/")


@pytest.fixture(scope="module")
def model(mixed: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    transform = {"x": "LN(x)", "k": "k", "job": "job"}
    spec = Spec(data="f", label="good", model=Model(type="logistic_reg"), transform=transform)
    return train(spec, workspace=workspace, frame=mixed.select(["x", "k", "job", "good"])).bundle


@pytest.fixture(scope="module")
def rows(mixed: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    table = pa.concat_tables([mixed] * 4).slice(0, NUM_ROWS)
    pq.write_table(table.append_column("row", pa.array(range(NUM_ROWS))), path, row_group_size=3_100)
    return path


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several parts of several batches: 2,048 rows each."""
    monkeypatch.setattr(prediction_batch_rows, "BATCH_ROWS", 1_024)
    monkeypatch.setattr(predict, "PART_ROWS", 2_000)


class Interrupting:
    """A progress that interrupts the work after so many batches, and keeps the notes."""

    def __init__(self, batches: int) -> None:
        self.left, self.notes = batches, list[str]()

    def phase(self, name: str, **_: Any) -> Any:
        return self if name == "predict" else SILENT.phase(name)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def tell(self, event: object) -> None: ...

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None: ...

    def advance(self, amount: float = 1, **_: float) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def digests(out: Path) -> dict[str, str]:
    """Name → SHA-256 of the file, or of the folder's files."""
    files = sorted(out.iterdir()) if out.is_dir() else [out]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.parametrize("out", OUTS)
@pytest.mark.usefixtures("small")
def test_interrupted_anywhere_the_bytes_are_the_same(out: str, model: Path, rows: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "home")
    whole = predict_file(model, str(rows), f"{tmp_path}/whole{out}", workspace=workspace)
    place = tmp_path / out
    for batches in range(1, 11):
        told = Interrupting(batches)
        with pytest.raises(KeyboardInterrupt):
            predict_file(model, str(rows), f"{tmp_path}/{out}", workspace=workspace, progress=told)
        assert not place.exists()
        kept = batches // 2 * 2_048 if batches < 10 else 4 * 2_048
        assert told.notes == ([f"{kept:,} rows are done and kept: the same command goes on after them"] if kept else [])
        done = predict_file(model, str(rows), f"{tmp_path}/{out}", workspace=workspace)
        assert (done.num_rows, done.num_rows_before, done.num_row_errors) == (NUM_ROWS, kept, whole.num_row_errors)
        assert digests(place) == {
            name.removeprefix("whole"): digest for name, digest in digests(tmp_path / f"whole{out}").items()
        }
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    assert pq.read_table(tmp_path / f"whole{out}")["row"].to_pylist() == list(range(NUM_ROWS))


@pytest.mark.usefixtures("small")
def test_interrupted_again_and_again(model: Path, rows: Path, tmp_path: Path) -> None:
    workspace, out = Workspace(tmp_path / "home"), tmp_path / "out.parquet"
    whole = tmp_path / "whole.parquet"
    predict_file(model, str(rows), whole, workspace=workspace)
    for kept in (0, 2_048, 4_096, 6_144):
        told = Interrupting(3)
        with pytest.raises(KeyboardInterrupt):
            predict_file(model, str(rows), out, workspace=workspace, progress=told)
        going_on = [f"going on after {kept:,} rows of an interrupted run"] if kept else []
        assert told.notes[: len(going_on)] == going_on
    assert predict_file(model, str(rows), out, workspace=workspace).num_rows_before == 8_192
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("out", OUTS)
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("damage", ["parts cut", "parts junk", "rows cut", "rows gone", "rows longer"])
def test_what_is_damaged_is_not_believed(out: str, damage: str, model: Path, rows: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "home")
    predict_file(model, str(rows), f"{tmp_path}/whole{out}", workspace=workspace)
    with pytest.raises(KeyboardInterrupt):
        predict_file(model, str(rows), f"{tmp_path}/{out}", workspace=workspace, progress=Interrupting(7))
    work = tmp_path / f".{out.rstrip('/')}.unfinished"
    files = [work / "rows"] if (work / "rows").is_file() else sorted((work / "rows").glob("part-*.parquet"))
    parts = work / "parts"
    if damage == "parts cut":
        parts.write_bytes(parts.read_bytes()[:-5])
    elif damage == "parts junk":
        lines = parts.read_bytes().splitlines(keepends=True)
        parts.write_bytes(lines[0] + lines[1].replace(b"rows", b"ROWS") + lines[2])
    elif damage == "rows cut":
        os.truncate(files[0], 100)
    elif damage == "rows gone":
        files[0].unlink()
    else:
        with files[0].open("ab") as file:
            file.write(b"more")
    done = predict_file(model, str(rows), f"{tmp_path}/{out}", workspace=workspace)
    believed = {"parts cut": 4_096, "parts junk": 2_048, "rows longer": 6_144 if out == "out.parquet" else 0}
    assert done.num_rows_before == believed.get(damage, 0)
    assert list(digests(tmp_path / out).values()) == list(digests(tmp_path / f"whole{out}").values())


@pytest.mark.usefixtures("small")
def test_another_question_begins_anew(model: Path, rows: Path, tmp_path: Path) -> None:
    workspace, out = Workspace(tmp_path / "home"), tmp_path / "out.parquet"
    with pytest.raises(KeyboardInterrupt):
        predict_file(model, str(rows), out, workspace=workspace, progress=Interrupting(5))
    told = Interrupting(-1)
    done = predict_file(model, str(rows), out, workspace=workspace, columns=["row"], compression="zstd", progress=told)
    assert (done.num_rows, done.num_rows_before) == (NUM_ROWS, 0)
    assert told.notes == ["what an interrupted run with another model, other data or other options left is gone"]
    assert pq.read_schema(out).names == ["predicted_good", "predicted_good_probs", "row"]
    assert pq.read_metadata(out).row_group(0).column(0).compression == "ZSTD"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_only_one_process_writes_an_output(model: Path, rows: Path, tmp_path: Path) -> None:
    workspace, out = Workspace(tmp_path / "home"), tmp_path / "out.parquet"
    (tmp_path / ".out.parquet.unfinished").mkdir()
    held = lock_file(tmp_path / ".out.parquet.unfinished" / "lock")
    assert held is not None
    with pytest.raises(StorageError, match="another process is writing these predictions"):
        predict_file(model, str(rows), out, workspace=workspace)
    os.close(held)
    assert predict_file(model, str(rows), out, workspace=workspace).num_rows == NUM_ROWS


def test_a_run_that_finished_nothing_leaves_nothing(model: Path, rows: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        predict_file(
            model, str(rows), tmp_path / "out.parquet", workspace=Workspace(tmp_path), progress=Interrupting(1)
        )
    assert list(tmp_path.iterdir()) == []


def test_no_columns_of_the_data_and_wrong_ones(model: Path, rows: Path, tmp_path: Path) -> None:
    workspace, out = Workspace(tmp_path / "home"), tmp_path / "out.parquet"
    predict_file(model, str(rows), out, workspace=workspace, columns=[])
    assert pq.read_schema(out).names == ["predicted_good", "predicted_good_probs"]
    with pytest.raises(DataError, match="no column 'rwo'"):
        predict_file(model, str(rows), out, workspace=workspace, columns=["rwo"])
    with pytest.raises(SpecError, match="no compression 'zst'"):
        predict_file(model, str(rows), out, workspace=workspace, compression="zst")


def test_a_folder_of_something_else_is_not_replaced(model: Path, rows: Path, tmp_path: Path) -> None:
    workspace, out = Workspace(tmp_path / "home"), tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(StorageError, match=r"holds what is no prediction: thesis\.tex"):
        predict_file(model, str(rows), f"{out}/", workspace=workspace)
    (out / "thesis.tex").rename(tmp_path / "thesis.tex")
    for _ in range(2):
        predict_file(model, str(rows), f"{out}/", workspace=workspace)
    assert [path.name for path in out.iterdir()] == ["part-00000.parquet"]
    (out / "part-00000.parquet").rename(out / "part-00007.parquet")
    with pytest.raises(StorageError, match="would replace the data"):
        predict_file(model, str(out / "part-00007.parquet"), f"{out}/", workspace=workspace)


@pytest.mark.slow
@pytest.mark.parametrize("out", OUTS)
@pytest.mark.skipif(sys.platform != "linux", reason="what has loaded its libraries is forked")
def test_killed_before_any_change_of_its_files(out: str, model: Path, rows: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(PROGRAM), str(tmp_path / "places"), str(model), str(rows), out]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    undisturbed, *moments = map(json.loads, said.stdout.splitlines())
    assert undisturbed["left"] == [out.rstrip("/")]
    assert [each["killed"] for each in moments] == [-signal.SIGKILL] * (len(moments) - 1) + [0]
    assert len(moments) > 10
    expected = digests(tmp_path / "places" / "0" / out)
    for each in moments:
        assert each["code"] == 0, (each, said.stderr)
        assert each["left"] == [out.rstrip("/")], each
        assert digests(tmp_path / "places" / str(each["number"]) / out) == expected, each
    assert {each["rows_before"] for each in moments} >= {0, 2_048, 4_096, 6_144, 8_192, NUM_ROWS}


@pytest.mark.slow
def test_killed_at_random_moments(model: Path, mixed: pa.Table, tmp_path: Path) -> None:
    draw, source = random.Random(3), tmp_path / "rows.parquet"
    pq.write_table(pa.concat_tables([mixed] * 700).combine_chunks(), source)
    workspace = tmp_path / "home"
    whole, out = tmp_path / "whole.parquet", tmp_path / "out.parquet"
    command = [sys.executable, "-m", "hagane.fronts.cli", "predict", str(model), str(source), "--workspace",
               str(workspace), "--json", "-o"]  # fmt: skip
    began = time.monotonic()
    subprocess.run([*command, str(whole)], check=True, capture_output=True)
    seconds, resumed = time.monotonic() - began, 0
    for _ in range(8):
        process = subprocess.Popen([*command, str(out)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        time.sleep(draw.uniform(0.3, 1.0) * seconds)
        process.kill()
        process.communicate()
        told = json.loads(subprocess.run([*command, str(out)], check=True, capture_output=True).stdout)
        resumed += told["num_rows_before"] > 0
        assert out.read_bytes() == whole.read_bytes()
        out.unlink()
    assert resumed
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
