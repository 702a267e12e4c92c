"""docs/functions.md is what its script writes from the code."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "docs" / "write_functions.py"


def test_the_page_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("write_functions", SCRIPT)
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), "run `make functions`"
