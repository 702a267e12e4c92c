"""Tables that the workflow's tests train on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from hagane.workspace.workspace import Workspace

if TYPE_CHECKING:
    from policy_world import PolicyWorld

ADULT_NAMES = """
    age workclass fnlwgt education education_num marital_status occupation relationship race sex capital_gain
    capital_loss hours_per_week native_country income
""".split()  # noqa: SIM905 — fifteen lines otherwise


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture(scope="session")
def mixed() -> pa.Table:
    """3,000 rows with every type, NULLs in every column, and labels that the columns explain in part."""
    random = np.random.default_rng(7)
    n = 3_000
    x, k = random.normal(size=n), random.integers(-5, 6, n)
    job = np.array(["pilot", "clerk", "dög", "日本", ""])[random.integers(0, 5, n)]
    flag = random.random(n) < 0.4
    seconds = random.integers(-(10**9), 2 * 10**9, n)
    score = x + 0.3 * k + (job == "pilot") * 1.5 - flag * 0.7 + random.normal(scale=0.5, size=n)

    def holes(values: np.ndarray, type: pa.DataType | None = None) -> pa.Array:
        return pa.array(values, type, mask=random.random(n) < 0.05)

    return pa.table(
        {
            "x": holes(x),
            "k": holes(k),
            "job": holes(job),
            "flag": holes(flag),
            "at": holes(seconds * 1_000_000, pa.timestamp("us", "UTC")),
            "day": pa.array((seconds // 86_400).astype(np.int32), mask=random.random(n) < 0.05).cast(pa.date32()),
            "value": score,
            "good": score > 0,
            "grade": np.array(["low", "mid", "top"])[np.digitize(score, [-0.8, 0.9])],
        }
    )


def adult_query(file: Path) -> str:
    """Adult as SQL: no header, '?' missing, the test file's junk line and full stops taken away."""
    names = ", ".join(f"'{name}'" for name in ADULT_NAMES)
    skip = 1 if file.suffix == ".test" else 0
    columns = ", ".join(f"trim({n}) AS {n}" for n in ADULT_NAMES[:-1] if n in CATEGORIES)
    numbers = ", ".join(n for n in ADULT_NAMES[:-1] if n not in CATEGORIES)
    return (
        f"SELECT {numbers}, {columns}, rtrim(trim(income), '.') AS income FROM read_csv('{file}', header = false, "
        f"skip = {skip}, names = [{names}], nullstr = [' ?', '?'], delim = ',', auto_detect = true)"
    )


CATEGORIES = {"workclass", "education", "marital_status", "occupation", "relationship", "race", "sex", "native_country"}


@pytest.fixture(scope="session")
def adult_train(shared_data: Path) -> str:
    return adult_query(shared_data / "adult" / "adult.data")


@pytest.fixture(scope="session")
def adult_test(shared_data: Path) -> str:
    return adult_query(shared_data / "adult" / "adult.test")


@pytest.fixture(scope="session")
def policy_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with an endpoint that has a policy, and a candidate (`policy_world`)."""
    from policy_world import train_candidate, train_first

    folder = tmp_path_factory.mktemp("policy")
    train_candidate(train_first(folder), folder)
    return folder


@pytest.fixture
def world(policy_base: Path, tmp_path: Path) -> PolicyWorld:
    """A copy of its own for each test."""
    from policy_world import PolicyWorld

    return PolicyWorld(policy_base, tmp_path)


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """In the place of a policy's trainings: what each was to be told of its occasion; they make nothing."""
    from hagane.errors import Fault, TrainingError
    from hagane.workflow.policy import retrain_candidate

    asked: list[str] = []

    def refuses(*_: Any, occasion: str, **__: Any) -> None:
        asked.append(occasion)
        raise TrainingError(Fault(what="no loss was ever this high"))

    monkeypatch.setattr(retrain_candidate, "train", refuses)
    return asked
