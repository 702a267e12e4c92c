"""Fixtures that every room's tests share."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("hagane", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("hagane")
"""Hypothesis's own choice (in CI the same examples every time), without its limit of 200 ms on a busy machine."""

sys.path.insert(0, str(Path(__file__).parent / "support"))

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets beside the repository; the test is skipped where it is not there."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real data sets are not at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def one_table_of_torch_operators() -> None:
    """torch's exporter makes its table of operators anew for each module: more than half of what an export costs."""
    registration = sys.modules.get("torch.onnx._internal.exporter._registration")
    if registration is not None and not hasattr(registration.ONNXRegistry.from_torchlib, "cache_info"):
        registration.ONNXRegistry.from_torchlib = staticmethod(functools.cache(registration.ONNXRegistry.from_torchlib))


@pytest.fixture(autouse=True)
def no_workspace_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user's own environment names is no test's business."""
    monkeypatch.delenv("HAGANE_HOME", raising=False)
