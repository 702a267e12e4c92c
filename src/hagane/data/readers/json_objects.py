"""`copy_objects`: the JSON objects of text files, line by line, and what is none."""

from __future__ import annotations

import array
import bisect
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from hagane.data.bad_rows import BadRow
from hagane.data.readers.damaged_archive import damaged_archive
from hagane.data.readers.unpacked import unpacked
from hagane.errors import DataError, Fault

_TEXT_SHOWN = 1_000
"""How many characters of a bad line are kept."""


@dataclass
class Objects:
    """Where the objects stood, and the lines that were none."""

    line_numbers: array.array[int] = field(default_factory=lambda: array.array("q"))
    """Line of every object, from 1."""
    starts: list[int] = field(default_factory=list)
    """Index of the first object of every file."""
    files: list[Path] = field(default_factory=list)
    rejects: list[BadRow] = field(default_factory=list)

    def place(self, index: int) -> tuple[str, int]:
        """File and line of an object."""
        return str(self.files[bisect.bisect_right(self.starts, index) - 1]), self.line_numbers[index]


def copy_objects(files: Sequence[Path], target: Path) -> Objects:
    """Write every line that is a JSON object to `target`. Blank lines do not count. Raises DataError for bad gzip."""
    objects = Objects()
    decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    check = msgspec.json.Decoder().decode
    with target.open("wb") as out:
        for file in files:
            objects.starts.append(len(objects.line_numbers))
            objects.files.append(file)
            for line_number, line in _lines(file):
                try:
                    decode(line)
                    check(line)
                except (msgspec.MsgspecError, RecursionError) as error:
                    text = line.decode("utf-8", "replace")[:_TEXT_SHOWN]
                    objects.rejects.append(BadRow(str(file), line_number, _reason(error), text))
                    continue
                out.write(line + b"\n")
                objects.line_numbers.append(line_number)
    return objects


def _reason(error: Exception) -> str:
    text = str(error)
    return "not a JSON object: " + text if "Expected `object`" in text else "not JSON: " + text


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """Every line that is not blank, with its number; the items of an array with theirs."""
    try:
        with unpacked(file) as stream:
            if ".json" in [suffix.lower() for suffix in file.suffixes] and stream.peek(64).lstrip()[:1] == b"[":
                yield from enumerate(_items(file, stream.read()), 1)
                return
            for line_number, line in enumerate(stream, 1):
                text = line.strip().removeprefix(b"\xef\xbb\xbf")
                if text:
                    yield line_number, text
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise damaged_archive(file, error) from None
    except OSError as error:
        raise DataError(Fault(what=f"{file.name} cannot be read", where=str(file), received=str(error))) from None


def _items(file: Path, text: bytes) -> list[bytes]:
    try:
        items = msgspec.json.decode(text, type=list[msgspec.Raw])
    except msgspec.MsgspecError as error:
        raise DataError(
            Fault(
                what=f"{file.name} is neither JSON lines nor an array of objects", where=str(file), received=str(error)
            )
        ) from None
    return [bytes(item).replace(b"\n", b" ").replace(b"\r", b" ") for item in items]
