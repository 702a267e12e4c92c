"""`TlsFiles`: the certificate, key and clients' authorities of a server, read again when they change."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hagane.errors import Fault, ServeError

LOOK_SECONDS = 1.0
_Stamp = tuple[tuple[int, int, int], ...]

_LOG = logging.getLogger("hagane.serving")


class TlsFiles:
    """Makes the context with which connections are encrypted: TLS 1.2 and later, with ALPN for HTTP/1.1.

    Files that change are proven in a context of their own, as the client's side of a handshake with themselves, before
    new connections get it; where they do not fit (a renewal between its two files), the old ones stay until they do.
    Raises ServeError with every fault: files that are missing, do not belong together, or are no longer valid.
    """

    def __init__(self, certificate: str, key: str, client_authorities: str | None = None) -> None:
        self._certificate, self._key, self._authorities = Path(certificate), Path(key), client_authorities
        self._looked = time.monotonic()
        self._stamp = self._stamps()
        self._current = self._load()
        self.ends = self._proven(self._current)
        """When the certificate ends, in Unix time."""
        self.contents = self._read()
        """Certificate, key and authorities in PEM, for gRPC, which has TLS of its own."""
        self._context = self._load()
        self._context.sni_callback = self._choose

    @property
    def context(self) -> ssl.SSLContext:
        """To listen with: each handshake looks whether the files have changed, once a second at most."""
        return self._context

    def look_now_and_then(self) -> None:
        """`look`, where that was longer than `LOOK_SECONDS` ago."""
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self.look()

    def look(self) -> bool:
        """Take the files if they are others and fit; whether they were taken."""
        self._looked = time.monotonic()
        stamp = self._stamps()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            context = self._load()
            ends, contents = self._proven(context), self._read()
        except (ServeError, OSError) as error:
            _LOG.warning("the certificate in use stays, the new one cannot be taken: %s", error)
            return False
        if self._stamps() != stamp:  # they changed while they were read: once more, next time
            self._stamp = ()
            return False
        self._current, self.ends, self.contents = context, ends, contents
        _LOG.info("a new certificate is in use")
        return True

    def _choose(self, connection: Any, name: str | None, context: ssl.SSLContext) -> None:
        """Called in each handshake, before anything is sent."""
        self.look_now_and_then()
        connection.context = self._current

    def _read(self) -> tuple[bytes, bytes, bytes | None]:
        authorities = Path(self._authorities).read_bytes() if self._authorities is not None else None
        return self._certificate.read_bytes(), self._key.read_bytes(), authorities

    def _stamps(self) -> _Stamp:
        return tuple(_stamp(Path(path)) for path in (self._certificate, self._key, self._authorities) if path)

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.num_tickets = 0  # a resumed session would outlive the certificate, and the client's, that it began with
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
        faults: list[Fault] = []
        _try(faults, "the certificate and the key", self._certificate, lambda: self._load_chain(context))
        if self._authorities is not None:
            authorities = self._authorities
            load = lambda: context.load_verify_locations(authorities)  # noqa: E731
            _try(faults, "the clients' authorities", Path(authorities), load)
            context.verify_mode = ssl.CERT_REQUIRED
        if faults:
            raise ServeError(*faults)
        return context

    def _load_chain(self, context: ssl.SSLContext) -> None:
        """Raises ssl.SSLError and OSError; a key behind a password is refused, for nobody is there to be asked."""
        self._key.read_bytes()
        context.load_cert_chain(self._certificate, self._key, password=_no_password)

    def _proven(self, context: ssl.SSLContext) -> float:
        """When the certificate ends. Raises ServeError where a client would refuse it for its times."""
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname = False
        client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # it need not have been signed by anybody whom we know
        client.load_verify_locations(self._certificate)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._load_chain(server)
        try:
            certificate = handshake(client, server)
        except ssl.SSLCertVerificationError as error:
            what = f"clients will refuse the certificate: {error.verify_message}"
            where, step = str(self._certificate), "have it renewed"
            raise ServeError(Fault(what=what, where=where, next_step=step)) from None
        return float(ssl.cert_time_to_seconds(str(certificate["notAfter"])))


def handshake(client: ssl.SSLContext, server: ssl.SSLContext) -> dict[str, Any]:
    """The server's certificate as a client sees it, without a network. Raises ssl.SSLError."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    left: list[ssl.SSLObject] = [ours, theirs]
    while left:
        for side in tuple(left):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            left.remove(side)
    return dict(ours.getpeercert() or {})


def _try(faults: list[Fault], what: str, path: Path, load: Callable[[], object]) -> None:
    try:
        load()
    except ssl.SSLError as error:
        told = {"KEY_VALUES_MISMATCH": "do not belong together"}.get(
            error.reason or "", f"cannot be used: {_reason(error)}"
        )
        faults.append(Fault(what=f"{what} {told}", where=str(path), expected="PEM: -----BEGIN …"))
    except (OSError, ValueError) as error:
        where = getattr(error, "filename", None) or path
        faults.append(
            Fault(what=f"{what} cannot be read: {getattr(error, 'strerror', None) or error}", where=str(where))
        )


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or "no PEM in it").replace("_", " ").lower()


def _no_password() -> str:
    raise ValueError("the key is behind a password: take it off (openssl pkey), and guard the file by its mode")


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_ino, found.st_size)
