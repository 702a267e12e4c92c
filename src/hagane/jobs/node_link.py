"""`NodeLink`: how the launchers of several machines tell each other which replicas have ended, and how.

The launcher of node 0 listens; the others keep a connection to it, and it passes on what it hears. So all of them
judge by the same rule with the same knowledge: one failing replica ends the job everywhere, and servers end when the
primary replica has. A connection that breaks means that a launcher has gone.
"""

from __future__ import annotations

import contextlib
import socket
import time
from types import TracebackType
from typing import Self

import msgspec

from hagane.errors import Fault, TrainingError

CONNECT_SECONDS = 600.0
"""How long a launcher waits for that of node 0."""
RETRY_SECONDS = 0.5
SEND_SECONDS = 5.0
LONGEST_MESSAGE_BYTES = 4096


class RemoteExit(msgspec.Struct, frozen=True, tag="exit"):
    """A replica of another machine has ended."""

    name: str
    exit_code: int | None
    signal: str | None
    was_ended: bool


class _Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The first line of a launcher: all must have been given the same job."""

    node: int
    job: str


class _Leaving(msgspec.Struct, frozen=True, tag="leaving"):
    """The launcher ends the job, for a reason that is no replica's."""

    reason: str


_Message = RemoteExit | _Hello | _Leaving
_decode = msgspec.json.Decoder(_Message).decode


class _Peer:
    """A connection to another launcher, of which whole messages are read."""

    def __init__(self, connection: socket.socket, name: str | None = None) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.connection = connection
        self.name = name
        """None until it has said which launcher it is: a stranger may knock at an open port."""
        self.is_open = True
        self._received = b""

    def hear(self) -> list[_Message]:
        """What has come; a peer that does not speak this language is left."""
        self.connection.setblocking(False)
        try:
            data = self.connection.recv(LONGEST_MESSAGE_BYTES)
            self._received += data
            self.is_open = bool(data)
        except BlockingIOError:
            return []
        except OSError:
            self.is_open = False
        *whole, self._received = self._received.split(b"\n")
        if len(self._received) > LONGEST_MESSAGE_BYTES:
            self.is_open = False
        try:
            return [_decode(line) for line in whole]
        except msgspec.DecodeError:
            self.is_open = False
            return []

    def tell(self, message: _Message) -> None:
        """Send it; a peer that does not take it in has gone."""
        try:
            self.connection.settimeout(SEND_SECONDS)
            self.connection.sendall(msgspec.json.encode(message) + b"\n")
        except OSError:
            self.is_open = False


class NodeLink:
    """This launcher's connections to the others.

    `job` is a text that is the same on every machine of one job. Raises TrainingError where node 0 cannot be reached.
    """

    def __init__(self, hosts: tuple[str, ...], node: int, port: int, job: str) -> None:
        self.lost: str | None = None
        """Why the job cannot go on, where that is no replica's failure (`node 1 has gone`)."""
        self._node = node
        self._job = job
        self._told: list[RemoteExit] = []
        self._listener = _listen(port, len(hosts)) if node == 0 else None
        self._peers = [] if node == 0 else [self._connect(hosts[0], port)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for each in (self._listener, *(peer.connection for peer in self._peers)):
            if each is not None:
                each.close()

    def tell(self, exited: RemoteExit) -> None:
        """A replica of this machine has ended."""
        self._pass_on(exited, None)

    def leave(self, reason: str) -> None:
        """This launcher ends the job."""
        for peer in self._peers:
            peer.tell(_Leaving(reason))

    def hear(self) -> list[RemoteExit]:
        """The replicas of other machines that have ended since the last call."""
        self._accept()
        heard: list[RemoteExit] = []
        for peer in [peer for peer in self._peers if peer.is_open]:
            for message in peer.hear():
                self._take(message, peer, heard)
            if not peer.is_open and peer.name is not None:
                self.lost = self.lost or f"{peer.name} has gone"
        return heard

    def _take(self, message: _Message, peer: _Peer, heard: list[RemoteExit]) -> None:
        match message:
            case _Hello():
                self._welcome(message, peer)
            case RemoteExit() if peer.name is not None:
                heard.append(message)
                self._pass_on(message, peer)
            case _Leaving() if peer.name is not None:
                self.lost = self.lost or f"{peer.name}: {message.reason}"

    def _welcome(self, message: _Hello, peer: _Peer) -> None:
        peer.name = f"node {message.node}"
        if message.job != self._job:
            peer.tell(_Leaving("the launchers were given different jobs"))
            self.lost = self.lost or f"{peer.name} was given a different job"
        for exited in self._told:
            peer.tell(exited)

    def _pass_on(self, exited: RemoteExit, origin: _Peer | None) -> None:
        self._told.append(exited)
        for peer in self._peers:
            if peer is not origin and peer.is_open:
                peer.tell(exited)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._listener is not None:
                self._peers.append(_Peer(self._listener.accept()[0]))

    def _connect(self, host: str, port: int) -> _Peer:
        until = time.monotonic() + CONNECT_SECONDS
        while True:
            try:
                peer = _Peer(socket.create_connection((host, port), timeout=SEND_SECONDS), "node 0")
            except OSError as error:
                if time.monotonic() > until:
                    what, step = f"the launcher of node 0 is not at {host}:{port}: {error}", "start it there first"
                    raise TrainingError(Fault(what=what, next_step=step)) from None
                time.sleep(RETRY_SECONDS)
                continue
            peer.tell(_Hello(self._node, self._job))
            return peer


def _listen(port: int, backlog: int) -> socket.socket:
    try:
        listener = socket.create_server(("", port), backlog=backlog)
    except OSError as error:
        step = "choose others with --start-port, on every machine"
        raise TrainingError(Fault(what=f"cannot listen on port {port}: {error.strerror}", next_step=step)) from None
    listener.setblocking(False)
    return listener
