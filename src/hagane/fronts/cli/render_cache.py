"""`render_cache`: the column cache as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.text import Text

from hagane.counted import counted
from hagane.features.column_cache import CacheEntry
from hagane.fronts.cli.new_table import cell, new_table

MOST_SHOWN = 40


def render_cache(
    entries: Sequence[CacheEntry],
    limit_bytes: int,
    *,
    removed: Sequence[CacheEntry],
    damaged: Sequence[CacheEntry] | None,
) -> RenderableType:
    """A line a column, the one used last first, and what the cache holds and may hold."""
    lines: list[RenderableType] = []
    if damaged is not None:
        lines.append(Text(f"{_columns(damaged)} damaged and removed" if damaged else "every column is whole"))
    if removed:
        lines.append(Text(f"removed {_columns(removed)}, {size_text(_total(removed))}"))
    if entries:
        lines.append(_table(entries[:MOST_SHOWN]))
    if len(entries) > MOST_SHOWN:
        lines.append(Text(f"… and {len(entries) - MOST_SHOWN:,} more (--json lists all)", "dim"))
    lines.append(Text(f"{_columns(entries)}, {size_text(_total(entries))} of {size_text(limit_bytes)}"))
    return Group(*lines)


def _table(entries: Sequence[CacheEntry]) -> RenderableType:
    table = new_table()
    table.add_column("column", style="bold", no_wrap=True)
    table.add_column("part", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    for heading in ("rows", "size"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("last used (UTC)", no_wrap=True)
    for entry in entries:
        footer = entry.footer
        table.add_row(
            cell(footer.name, 28) if footer else Text("damaged", "red"),
            footer.part if footer else "",
            f"{footer.kind} {footer.dtype.lstrip('<|')}" if footer else "",
            f"{footer.num_rows:,}" if footer else "",
            size_text(entry.num_bytes),
            datetime.fromtimestamp(entry.last_used, UTC).strftime("%Y-%m-%d %H:%M"),
        )
    return table


def _columns(entries: Sequence[CacheEntry]) -> str:
    return counted(len(entries), "column")


def _total(entries: Sequence[CacheEntry]) -> int:
    return sum(entry.num_bytes for entry in entries)


def size_text(num_bytes: int) -> str:
    """A size for people.

    >>> size_text(0), size_text(1536), size_text(20 * 2**30)
    ('0 B', '1.5 KiB', '20.0 GiB')
    """
    size, unit = float(num_bytes), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            break
        size /= 1024
    return f"{num_bytes} B" if unit == "B" else f"{size:.1f} {unit}"
