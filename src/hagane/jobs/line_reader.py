"""`LineReader`: the bytes that a replica writes, as lines fit to be shown beside those of others."""

from __future__ import annotations

import codecs
import re

LONGEST_LINE_BYTES = 64 * 1024
"""What of a line is kept to be shown; the log holds all of it."""
PROGRESS_SECONDS = 1.0
"""A progress bar that is drawn over and over shows as a line this often."""

CONTROL_SEQUENCE = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # a title, a link
    r"|\x1b\[[0-?]*[ -/]*[@-ln-~]"  # all but colours
    r"|\x1b[@-Z\\^_a-z0-9=><]"
)
COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]|\x1b(?!\[[0-9;:]*m)")


class LineReader:
    r"""Gathers bytes into lines, in bounded memory.

    A carriage return begins the line anew, as on a terminal: of a progress bar only the last state stays, and
    `progress()` gives the state in between, at most once a second.

    >>> reader = LineReader()
    >>> reader.feed(b"loss 0.5\nlo"), reader.feed(b"ss 0.4\r\n"), reader.feed(b"10%\r20%\r"), reader.feed(b"30%\n")
    (['loss 0.5'], ['loss 0.4'], [], ['30%'])
    """

    def __init__(self) -> None:
        self._line = bytearray()
        self._left_out = 0
        self._returned = False
        self._shown_at = 0.0
        self._drawn = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes."""
        *ended, rest = data.split(b"\n")
        lines = []
        for part in ended:
            self._add(part, ends=True)
            lines.append(self._take())
        self._add(rest)
        return lines

    def progress(self, now: float) -> str | None:
        """The state of a line that is being drawn over, if one has not been shown for a second."""
        if not self._drawn or now - self._shown_at < PROGRESS_SECONDS:
            return None
        drawn, self._drawn, self._shown_at = self._drawn, b"", now
        return readable(drawn)

    def close(self) -> list[str]:
        """What is left at the end: a line without its newline, if any."""
        is_shown = self._returned and not self._drawn
        return [self._take()] if self._line and not is_shown else []

    def _add(self, part: bytes, *, ends: bool = False) -> None:
        """Add bytes without a newline; the last piece between carriage returns is what stays on a terminal."""
        if ends and part.endswith(b"\r"):
            part = part[:-1]
        if not part:
            return
        pieces = part.split(b"\r")
        if self._returned or len(pieces) > 1:
            self._overwrite(pieces)
        else:
            self._append(pieces[0])

    def _overwrite(self, pieces: list[bytes]) -> None:
        if not self._returned:
            self._append(pieces.pop(0))
        for piece in pieces:
            if self._line:
                self._drawn = bytes(self._line)
            if piece:
                self._line, self._left_out = bytearray(), 0
                self._append(piece)
        self._returned = not pieces[-1]

    def _append(self, piece: bytes) -> None:
        room = LONGEST_LINE_BYTES - len(self._line)
        self._line += piece[:room]
        self._left_out += max(0, len(piece) - room)

    def _take(self) -> str:
        line = readable(bytes(self._line))
        if self._left_out:
            line += f" … ({self._left_out:,} more bytes of this line are in the log)"
        self._line, self._left_out, self._returned, self._drawn = bytearray(), 0, False, b""
        return line


def readable(line: bytes) -> str:
    r"""The line as text that harms no terminal: no control characters but tabs and colours.

    >>> readable(b"caf\xc3\xa9 \xff \x1b[2Jbell\x07")
    'café � bell�'
    """
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(line)
    text = CONTROL.sub("\N{REPLACEMENT CHARACTER}", CONTROL_SEQUENCE.sub("", text))
    return f"{text}\x1b[0m" if "\x1b[" in text and not text.endswith("\x1b[0m") else text


def without_colours(text: str) -> str:
    r"""The text for those who are no terminal.

    >>> without_colours("\x1b[1;32mok\x1b[0m")
    'ok'
    """
    return COLOUR.sub("", text)
