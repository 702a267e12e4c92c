"""What fits share changes nothing: each transform is that of a fit by itself, bit for bit."""

from __future__ import annotations

import multiprocessing
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.data import quantiles
from hagane.data.open_table import open_table
from hagane.data.table import Table
from hagane.errors import StorageError
from hagane.features import fit_answers, known_answers
from hagane.features.analyzers.analyzer import ValueCounts
from hagane.features.fit import fit_transform
from hagane.features.fit_answers import FitAnswers, evict
from hagane.features.transform import Transform
from hagane.workspace.workspace import Workspace

HOSTILE = [0.0, -0.0, 1.5, -2.25, 1e300, -1e300, 5e-324, float("nan"), float("inf"), float("-inf"), None]
WORDS = ["a", "b", "ä", "日本", "", "b ", "zz", None]
NUMBERS = ["f", "i", "ABS(f)", "i * 2", "IFNULL(f, 0.5) + i"]
TEXTS = ["s", "CONCAT(s, 'x')", "UPPER(s)"]
small = st.integers(1, 12)


def rows_of(seed: int, num_rows: int) -> Table:
    random = np.random.default_rng(seed)
    spread = [None if random.random() < 0.1 else float(value) for value in random.normal(size=num_rows).round(2)]
    numbers = [HOSTILE[random.integers(len(HOSTILE))] if random.random() < 0.3 else value for value in spread]
    whole = [None if random.random() < 0.1 else int(random.integers(-9, 9)) for _ in range(num_rows)]
    arrays = [[WORDS[random.integers(7)] for _ in range(random.integers(4))] for _ in range(num_rows)]
    table = {
        "f": pa.array(numbers, pa.float64(), from_pandas=False),
        "i": pa.array(whole, pa.int64()),
        "s": pa.array([WORDS[min(random.integers(12), 7)] for _ in range(num_rows)], pa.string()),
        "t": pa.array(arrays, pa.list_(pa.string())),
    }
    return open_table(pa.table(table))


@st.composite
def features(draw: st.DrawFn) -> str:
    number, text = draw(st.sampled_from(NUMBERS)), draw(st.sampled_from(TEXTS))
    least = draw(st.integers(0, 5))
    return draw(
        st.sampled_from(
            [
                f"ML.QUANTILE_BUCKETIZE({number}, {draw(small) + 1}) OVER ()",
                f"ML.ROBUST_SCALER({number}, [{draw(small)}, {50 + draw(small)}]) OVER ()",
                f"ML.STANDARD_SCALER({number}) OVER ()",
                f"ML.MIN_MAX_SCALER({number}) OVER ()",
                f"ML.MAX_ABS_SCALER({number}) OVER ()",
                f"ML.IMPUTER({number}, '{draw(st.sampled_from(['mean', 'median', 'most_frequent']))}') OVER ()",
                f"ML.IMPUTER({text}, 'most_frequent') OVER ()",
                f"ML.ONE_HOT_ENCODER({text}, 'most_frequent', {draw(small)}, {least}) OVER ()",
                f"ML.LABEL_ENCODER({text}, {draw(small)}, {least}) OVER ()",
                f"ML.MULTI_HOT_ENCODER(t, {draw(small)}, {least}) OVER ()",
                f"ML.TF_IDF(t, {draw(small)}, {least + 1}) OVER ()",
                f"CONCAT(ML.QUANTILE_BUCKETIZE({number}, {draw(small) + 1}) OVER (), {text})",
            ]
        )
    )


transforms = st.lists(features(), min_size=1, max_size=4).map(lambda all_: {f"x{i}": sql for i, sql in enumerate(all_)})


def same(one: Transform, other: Transform) -> bool:
    return one == other and one.to_json() == other.to_json()


cases = (st.integers(0, 9), st.sampled_from([0, 3, 400]), st.lists(transforms, min_size=2, max_size=4), st.booleans())


@settings(max_examples=8)
@given(*cases)
def test_a_transform_is_the_same_with_answers_and_without(
    seed: int, num_rows: int, trials: list[dict[str, str]], is_long: bool
) -> None:
    check_same(seed, num_rows, trials, is_long)


@pytest.mark.slow
@settings(max_examples=150)
@given(*cases)
def test_many_transforms_are_the_same_with_answers_and_without(
    seed: int, num_rows: int, trials: list[dict[str, str]], is_long: bool
) -> None:
    check_same(seed, num_rows, trials, is_long)


def check_same(seed: int, num_rows: int, trials: list[dict[str, str]], is_long: bool) -> None:
    table = rows_of(seed, num_rows)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        if is_long:  # more rows than quantiles are found of in memory; vocabularies larger than all that is counted
            patch.setattr(quantiles, "ROWS_IN_MEMORY", 50)
            patch.setattr(known_answers, "EVERY", ValueCounts(1, 4))
            patch.setattr(fit_answers, "_may_sort", lambda table: False)
        answers = FitAnswers(Path(folder))
        for number, transform in enumerate(trials):
            answers = FitAnswers(Path(folder)) if number % 2 else answers  # as another process has it
            alone = fit_transform(transform, table, accepts_missing=False)
            assert same(fit_transform(transform, table, accepts_missing=False, answers=answers), alone)


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the database was asked."""
    asked: list[Any] = []
    measure = fit_answers.measure_nodes

    def counted(table: Table, nodes: Any, phase: Any) -> Any:
        asked.append([(node.argument, aggregates) for node, aggregates in nodes.items()])
        return measure(table, nodes, phase)

    monkeypatch.setattr(fit_answers, "measure_nodes", counted)
    return asked


def sweep(top_k: int, buckets: int) -> dict[str, str]:
    return {
        "f": f"ML.QUANTILE_BUCKETIZE(f, {buckets}) OVER ()",
        "s": f"ML.ONE_HOT_ENCODER(s, 'none', {top_k}, {1 + top_k % 3}) OVER ()",
        "i": "ML.STANDARD_SCALER(i) OVER ()",
    }


def test_a_sweep_asks_twice(tmp_path: Path, questions: list[Any]) -> None:
    """Numbers are put in order by the first question; a vocabulary that is asked for again is counted whole."""
    table, answers = rows_of(1, 300), FitAnswers(tmp_path)
    for top_k, buckets in [(3, 10), (6, 20), (1, 200), (2, 5), (9, 150)]:
        fit_transform(sweep(top_k, buckets), table, accepts_missing=True, answers=answers)
    first, second = questions
    assert [aggregates.sorted for _, aggregates in first] == [True, False, False]
    ((_, aggregates),) = second
    assert aggregates.counts == known_answers.EVERY
    fit_transform(sweep(4, 99), table, accepts_missing=True, answers=FitAnswers(tmp_path))
    assert len(questions) == 2


def test_other_rows_have_other_answers(tmp_path: Path, questions: list[Any]) -> None:
    answers = FitAnswers(tmp_path)
    for table in (rows_of(1, 300), rows_of(2, 300), rows_of(1, 300).where("i > 0")):
        alone = fit_transform(sweep(3, 10), table, accepts_missing=True)
        assert same(fit_transform(sweep(3, 10), table, accepts_missing=True, answers=answers), alone)
    assert len(questions) == 3


def test_damaged_answers_are_asked_again(tmp_path: Path, questions: list[Any]) -> None:
    table = rows_of(1, 300)
    alone = fit_transform(sweep(3, 10), table, accepts_missing=True, answers=FitAnswers(tmp_path))
    for path in tmp_path.glob("*.*"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert same(fit_transform(sweep(3, 10), table, accepts_missing=True, answers=FitAnswers(tmp_path)), alone)
    assert len(questions) == 2


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="make room"):
        fit_transform(sweep(3, 10), rows_of(1, 9), accepts_missing=True, answers=FitAnswers(tmp_path / "file" / "sub"))


def test_the_answers_used_longest_ago_go_first(tmp_path: Path) -> None:
    answers = FitAnswers(tmp_path)
    fit_transform(sweep(3, 10), rows_of(1, 300), accepts_missing=True, answers=answers)
    before = {path.name for path in tmp_path.iterdir()}
    evict(tmp_path, sum(path.stat().st_size for path in tmp_path.iterdir()) - 1)
    gone = before - {path.name for path in tmp_path.iterdir()}
    assert len(gone) == 1
    evict(tmp_path, 0)
    assert [path.name for path in tmp_path.iterdir()] == [fit_answers.LOCK_FILE]
    fit_transform(sweep(2, 7), rows_of(1, 300), accepts_missing=True, answers=answers)  # what is mapped is still there


def _fit_elsewhere(folder: str, buckets: int, results: Any) -> None:
    asked = []
    measure = fit_answers.measure_nodes
    fit_answers.measure_nodes = lambda table, nodes, phase: asked.append(len(nodes)) or measure(table, nodes, phase)
    answers = FitAnswers(Path(folder))
    fitted = fit_transform(sweep(3, buckets), rows_of(1, 20_000), accepts_missing=True, answers=answers)
    results.put((buckets, sum(asked), fitted.to_json()))


@pytest.mark.slow
def test_processes_that_begin_together_ask_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [context.Process(target=_fit_elsewhere, args=(str(tmp_path), 10 + k, results)) for k in range(3)]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join()
    assert sorted(asked for _, asked, _ in found) == [0, 0, 3]
    for buckets, _, document in found:
        assert document == fit_transform(sweep(3, buckets), rows_of(1, 20_000), accepts_missing=True).to_json()


def test_a_workspace_clears_them_with_its_cache(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    fit_transform(sweep(3, 10), rows_of(1, 9), accepts_missing=True, answers=workspace.fit_answers)
    assert any(workspace.fit_answers.folder.iterdir())
    workspace.cache.clear()
    assert not workspace.fit_answers.folder.exists()
