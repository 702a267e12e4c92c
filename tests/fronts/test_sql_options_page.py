"""docs/sql_options.md is what its script writes from the code."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from hagane.workflow.model_options.known_options import KNOWN_OPTIONS

SCRIPT = Path(__file__).parents[2] / "docs" / "write_sql_options.py"


def test_the_page_is_what_the_code_says():
    spec = importlib.util.spec_from_file_location("write_sql_options", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = script.PAGE.read_text(encoding="utf-8")
    assert page == script.write_page(), "run: make functions"
    assert all(f"`{option.name}`" in page for option in KNOWN_OPTIONS.values() if option.place)
