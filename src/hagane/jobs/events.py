"""What a job tells while it runs: one value an event, each with a JSON form of one line."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=str.lower):
    """Something that happened; `time` is seconds since 1970."""

    time: float


class Started(Event, frozen=True, kw_only=True):
    """A replica runs."""

    replica: str
    pid: int
    address: str
    log: str
    restart: int = 0
    """How many attempts of the job went before."""


class Line(Event, frozen=True, kw_only=True):
    """A replica has written a line (or drawn a progress bar anew)."""

    replica: str
    text: str


class Exited(Event, frozen=True, kw_only=True):
    """A replica's process is over."""

    replica: str
    exit_code: int | None
    """What it exited with; None where a signal ended it."""
    signal: str | None
    """The signal that ended it: `SIGKILL`."""
    seconds: float
    """How long it ran."""
    was_ended: bool
    """Whether the launcher ended it."""


class Note(Event, frozen=True, kw_only=True):
    """What the launcher has to say."""

    text: str


class Restarted(Event, frozen=True, kw_only=True):
    """Every replica is started anew, after one that failed."""

    restart: int
    """Which restart this is, from 1."""
    max_restarts: int
    failed: str
    """The replica that failed."""


class Ended(Event, frozen=True, kw_only=True):
    """The job is over; the last event."""

    state: str
    """succeeded, failed, or interrupted."""
    exit_code: int
    failed: str | None
    """The replica that failed first."""
    seconds: float
    folder: str
    """Where the logs are."""


def note(text: str) -> Note:
    """What the launcher has to say now."""
    return Note(time=time.time(), text=text)


OnEvent = Callable[[Event], None]


def event_json(event: Event) -> str:
    """The event as one line of JSON.

    >>> event_json(Line(time=1.5, replica="worker-0", text="loss 0.5"))
    '{"event":"line","time":1.5,"replica":"worker-0","text":"loss 0.5"}'
    """
    return msgspec.json.encode(event).decode()
