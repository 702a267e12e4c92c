"""`EventReader`: the events that another process writes to a file, as they come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from hagane.progress.events import Event

DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


class EventReader:
    """Reads on where it left off. A file that is not there yet has no events.

    Half a line waits for its rest; a line that is no event (one that a killed process left half-written, or a kind of a
    later release) is passed over.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._position = 0

    def read(self) -> Iterator[Event]:
        """The events of the lines that are whole, and were not read before. Raises OSError where it cannot read."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._position)
                unread = file.read()
        except FileNotFoundError:
            return
        whole = unread[: unread.rfind(b"\n") + 1]
        self._position += len(whole)
        for line in whole.splitlines():
            try:
                yield DECODER.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
