"""What DuckDB's sniffer makes of CSV files, pinned, so that every scan of them reads the same."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hagane.data.column_type import reading_type
from hagane.data.engine import Engine, quote_list, quote_text
from hagane.data.readers.unpacked import PACKED, unpacked
from hagane.data.wanted import Wanted
from hagane.errors import DataError, Fault
from hagane.types import SqlType

NULL_WORDS = ("", "NA", "N/A", "NULL", "null", "None", "?", "\\N")
"""Words for a missing value. They count, in all of a file, where they alone keep a column from being numbers."""


@dataclass(frozen=True)
class Dialect:
    """How neighbouring files are written, and the columns they hold."""

    files: tuple[Path, ...]
    options: str
    """What read_csv is told of separator, quotes, header and formats."""
    has_header: bool
    columns: tuple[tuple[str, str], ...]
    """Name and DuckDB type."""
    num_skipped: int = 0
    """Lines before the header or the first row that belong to neither."""
    null_words: tuple[str, ...] = ()
    """Words that mean NULL besides an empty cell."""

    def scan(self, *, types: dict[str, str] | None = None, more: str = "") -> str:
        """The table function that reads the files; `types` replaces the sniffed ones."""
        pairs = (f"{quote_text(name)}: {quote_text((types or {}).get(name, type_))}" for name, type_ in self.columns)
        given = [
            quote_list([str(file) for file in self.files]),
            self.options,
            "columns={" + ", ".join(pairs) + "}",
            more,
        ]
        return f"read_csv({', '.join(text for text in given if text)})"


def sniff(engine: Engine, files: Sequence[Path], wanted: Wanted) -> list[Dialect]:
    """The dialects of the files, in order, neighbours of one dialect together; all of one set of columns.

    What `wanted` says of types and words for NULL goes before what the files look like.

    Raises DataError when a file cannot be read as CSV, its header names a column twice, or files differ in columns.
    """
    sniffed = [_sniff_file(engine, file, wanted) for file in files]
    _check_same_columns(sniffed)
    columns = _unify([dialect.columns for dialect in sniffed])
    together: list[Dialect] = []
    for dialect in (replace(dialect, columns=columns) for dialect in sniffed):
        if together and dialect.options == together[-1].options:
            together[-1] = replace(together[-1], files=together[-1].files + dialect.files)
        else:
            together.append(dialect)
    return together


def _sniff_file(engine: Engine, file: Path, wanted: Wanted) -> Dialect:
    _check_encoding(file)
    null_words = wanted.null_words or ()
    row = _sniff_row(engine, file, null_words)
    if wanted.null_words is None and any(column["type"] == "VARCHAR" for column in row["Columns"]):
        other = _sniff_row(engine, file, NULL_WORDS)
        if _typed_better(row["Columns"], other["Columns"]):
            row, null_words = other, NULL_WORDS
    columns = tuple((column["name"], _column_type(column, wanted.types)) for column in row["Columns"])
    if row["HasHeader"]:
        _check_header(engine, file, row)
    options = _options(row) + (f", nullstr={quote_list(null_words)}" if null_words else "")
    return Dialect((file,), options, row["HasHeader"], columns, row["SkipRows"], null_words)


def _check_encoding(file: Path) -> None:
    """Raise DataError for UTF-16, whose every other byte is no text to a reader of UTF-8."""
    try:
        with unpacked(file) as stream:
            begin = stream.read(2)
    except (OSError, EOFError, zlib.error):
        return  # damaged, as whoever reads it to its end will say
    if begin in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        what, step = f"{file.name} is written in UTF-16", f"convert it: iconv -f UTF-16 -t UTF-8 {file.name} > utf8.csv"
        raise DataError(Fault(what=what, where=str(file), expected="UTF-8", next_step=step))


def _column_type(column: Mapping[str, str], types: Mapping[str, SqlType]) -> str:
    return reading_type(column["type"], types.get(column["name"]))


def _sniff_row(engine: Engine, file: Path, null_words: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the sniffer says; where it saw one column only, or nothing, what it says when bad lines may be passed over.

    One line with too many fields among the first makes DuckDB give the separator up. That a file has one column is
    believed unless its header itself holds the separator that is found then.
    """
    more = f", nullstr={quote_list(null_words)}" if null_words else ""
    strict, failure = _try_sniffer(engine, file, more)
    if strict is not None and len(strict["Columns"]) > 1:
        return strict
    tolerant, _ = _try_sniffer(engine, file, more + ", ignore_errors=true")
    if strict is None and tolerant is None:
        assert failure is not None
        raise _not_csv(file, failure)
    if strict is None or (tolerant is not None and _character(tolerant["Delimiter"]) in strict["Columns"][0]["name"]):
        strict = tolerant
    assert strict is not None
    return strict


def _try_sniffer(engine: Engine, file: Path, more: str) -> tuple[dict[str, Any] | None, DataError | None]:
    try:
        return _ask_sniffer(engine, file, more), None
    except DataError as error:
        return None, error


def _ask_sniffer(engine: Engine, file: Path, more: str) -> dict[str, Any]:
    row: dict[str, Any] = engine.query(f"SELECT * FROM sniff_csv({quote_text(str(file))}{more})").to_pylist()[0]
    return row


def _not_csv(file: Path, error: DataError) -> DataError:
    return DataError(
        Fault(
            what=f"{file.name} cannot be read as CSV",
            where=str(file),
            received=error.faults[0].what.split("\n")[0],
            next_step=("unpack it, and read what comes out; or " if file.suffix.lower() in PACKED else "")
            + "say how it is written, in a query: SELECT * FROM read_csv('…', delim=…, quote=…, skip=…)",
        )
    )


def _typed_better(plain: list[dict[str, str]], with_null_words: list[dict[str, str]]) -> bool:
    """Whether a column is text only because of words that mean NULL."""
    if [column["name"] for column in plain] != [column["name"] for column in with_null_words]:
        return False
    pairs = [(a["type"], b["type"]) for a, b in zip(plain, with_null_words, strict=True)]
    return any(a == "VARCHAR" != b for a, b in pairs) and all(a in (b, "VARCHAR") for a, b in pairs)


def _options(row: dict[str, Any]) -> str:
    formats = {"dateformat": row["DateFormat"], "timestampformat": row["TimestampFormat"]}
    given = {
        name: _character(row[key])
        for name, key in (("delim", "Delimiter"), ("quote", "Quote"), ("escape", "Escape"), ("comment", "Comment"))
    }
    given |= {name: text for name, text in formats.items() if text}
    told = [f"{name}={quote_text(text)}" for name, text in given.items()]
    return ", ".join([*told, f"skip={row['SkipRows']}", f"header={str(row['HasHeader']).lower()}", "auto_detect=false"])


def _character(shown: str) -> str:
    return {"(empty)": "", "\\t": "\t"}.get(shown, shown)


def _check_header(engine: Engine, file: Path, row: dict[str, Any]) -> None:
    """The sniffer renames a repeated name silently; we do not."""
    options = _options({**row, "HasHeader": "false"})
    columns = ", ".join(f"{quote_text(str(index))}: VARCHAR" for index in range(len(row["Columns"])))
    names = engine.query(
        f"SELECT * FROM read_csv({quote_text(str(file))}, {options}, all_varchar=true, columns={{{columns}}}, "
        "ignore_errors=true, hive_partitioning=false) LIMIT 1"
    ).to_pylist()
    lower = [name.strip().lower() for name in (names[0].values() if names else ()) if name is not None]
    step = f"rename one there, or let a query number them: SELECT * FROM read_csv({quote_text(str(file))})"
    twice = list(dict.fromkeys(name for name in lower if lower.count(name) > 1))
    if twice:
        raise DataError(
            *(
                Fault(
                    what=f"two columns are named {name!r}",
                    where=f"header of {file}",
                    expected="every column has a name of its own",
                    next_step=step,
                )
                for name in twice
            )
        )


def _check_same_columns(dialects: Sequence[Dialect]) -> None:
    first = dialects[0]
    expected = [name for name, _ in first.columns]
    faults = [
        Fault(
            what=f"{dialect.files[0].name} has other columns than {first.files[0].name}",
            where=str(dialect.files[0]),
            expected=", ".join(expected),
            received=", ".join(name for name, _ in dialect.columns),
            next_step="read them in a query: SELECT * FROM read_csv([...], union_by_name=true)",
        )
        for dialect in dialects
        if [name for name, _ in dialect.columns] != expected
    ]
    if faults:
        raise DataError(*faults)


def _unify(columns: Sequence[tuple[tuple[str, str], ...]]) -> tuple[tuple[str, str], ...]:
    """One type a column for all files: the common one, DOUBLE for integers and decimals, VARCHAR for the rest."""
    names = [name for name, _ in columns[0]]
    return tuple((name, _common({file[index][1] for file in columns})) for index, name in enumerate(names))


def _common(types: set[str]) -> str:
    if len(types) == 1:
        return next(iter(types))
    if types <= {"BIGINT", "DOUBLE"}:
        return "DOUBLE"
    return "TIMESTAMP" if types <= {"DATE", "TIMESTAMP"} else "VARCHAR"
