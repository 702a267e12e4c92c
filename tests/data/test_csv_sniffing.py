"""A bad line among the first must not make the sniffer give up the separator."""

from __future__ import annotations

from pathlib import Path

import pytest

from hagane.data.open_table import open_table


@pytest.mark.parametrize("bad", ["x,y,z,too,many", "one"])
@pytest.mark.parametrize("position", [1, 2, 500])
def test_a_bad_line_among_the_sampled(tmp_path: Path, bad: str, position: int) -> None:
    lines = ["a,b,label"] + [f"{i},{i % 7},{'yes' if i % 3 else 'no'}" for i in range(1_000)]
    lines.insert(position, bad)
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(lines))
    table = open_table(str(path))
    assert table.schema.names == ("a", "b", "label")
    assert table.bad_rows.count == 1
    assert table.num_rows == 1_000


def test_one_column_of_text_with_commas_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "text.csv"
    path.write_text("text\n" + "\n".join(["hello", "well, hello", "a, b, c", "plain"] * 50))
    assert open_table(str(path)).schema.names == ("text",)
