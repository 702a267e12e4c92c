"""`follow_events`: what another process writes to a log of events, told here while this one waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hagane.progress.event_reader import EventReader
from hagane.progress.progress import Progress
from hagane.progress.replay import Replay

POLL_SECONDS = 0.1


@contextmanager
def follow_events(path: Path, progress: Progress) -> Iterator[None]:
    """Tell `progress`, from a thread, what appears at `path` until the block ends, and the rest then."""
    reader, replay, ended = EventReader(path), Replay(progress), threading.Event()

    def follow() -> None:
        while not ended.wait(POLL_SECONDS):
            _tell(reader, replay)

    thread = threading.Thread(target=follow, name="events", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _tell(reader, replay)
        replay.close()


def _tell(reader: EventReader, replay: Replay) -> None:
    for event in reader.read():
        replay.take(event)
