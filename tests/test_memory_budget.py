"""How much memory there is, and how it is shared out."""

from __future__ import annotations

import os

import pytest

from hagane.errors import SpecError
from hagane.memory_budget import MemoryBudget, group_limits, machine_memory, parse_memory


@pytest.mark.parametrize(
    ("text", "num_bytes"),
    [("1GiB", 2**30), ("1.5 GB", 1_500_000_000), ("64 mib", 2**26), ("1024", 1024), ("2TiB", 2**41), ("7B", 7)],
)
def test_sizes(text, num_bytes):
    assert parse_memory(text) == num_bytes


@pytest.mark.parametrize("text", ["", "much", "-1GB", "0", "12 XB", "0%", "101%", "1e9"])
def test_what_is_no_size(text):
    with pytest.raises(SpecError, match="no amount of memory") as caught:
        parse_memory(text)
    assert "2GiB" in str(caught.value)


def test_the_default_is_half_of_what_the_process_may_have():
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert machine_memory() <= physical
    assert MemoryBudget.of().num_bytes == MemoryBudget.of("50%").num_bytes == machine_memory() // 2


def test_the_least_limit_of_all_groups_above_counts_v2(tmp_path):
    (tmp_path / "own").write_text("0::/user.slice/app.scope\n")
    for folder, text in (("", "max"), ("user.slice", "3000"), ("user.slice/app.scope", "max")):
        (tmp_path / "fs" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "fs" / folder / "memory.max").write_text(f"{text}\n")
    assert list(group_limits(tmp_path / "own", tmp_path / "fs")) == [3000]


def test_control_groups_v1(tmp_path):
    (tmp_path / "own").write_text("5:cpu,cpuacct:/job\n4:memory:/job/part\n0::/\n")
    for folder, text in (("", "9223372036854771712"), ("job", "5000"), ("job/part", "4000")):
        (tmp_path / "fs/memory" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "fs/memory" / folder / "memory.limit_in_bytes").write_text(text)
    assert min(group_limits(tmp_path / "own", tmp_path / "fs")) == 4000


def test_shares_never_exceed_the_whole():
    for num_bytes in (2**26, 2**30, 2**40):
        budget = MemoryBudget(num_bytes)
        shares = budget.database_bytes + budget.sample_bytes + budget.read_ahead_bytes + budget.cache_bytes
        assert shares <= num_bytes * 1.01
    assert MemoryBudget(2**28).database_threads == 1
