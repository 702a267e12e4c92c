"""A server's memory does not grow with what it is asked: `benchmarks/memory_growth.py`, with fewer requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "memory_growth.py"


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux")
def test_memory_does_not_grow() -> None:
    """After 10,000 requests every cache is full; of the next 90,000, a leak of 100 bytes each would be 9 MB."""
    words = [sys.executable, str(SCRIPT), "--requests", "100000", "--sockets", "10000", "--limit-mib", "8"]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "500" not in json.loads(ran.stdout)["statuses"]
