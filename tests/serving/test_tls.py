"""TLS from files: a client that trusts our own authority is answered, others are not; renewals need no restart."""

from __future__ import annotations

import contextlib
import datetime
import logging
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import trustme

from hagane.bundle.bundle import Bundle
from hagane.errors import ServeError
from hagane.serving import ServerThread
from hagane.serving.grpc_messages import SERVICE, message_class
from hagane.serving.secure_app import SecurityOptions
from hagane.serving.tls_files import TlsFiles

BODY = {"instances": [{"age": 40}]}


class Place:
    """A folder with a certificate for the loopback, its key, and the authority that clients know."""

    def __init__(self, folder: Path, authority: trustme.CA) -> None:
        self.authority = authority
        self.certificate, self.key, self.clients = (
            str(folder / name) for name in ("tls.crt", "tls.key", "clients.pem")
        )
        self.renew()

    def renew(self, authority: trustme.CA | None = None, names: tuple[str, ...] = ("127.0.0.1",), **times: Any) -> None:
        """As renewals come: each file written aside and renamed, one after the other."""
        issued = (authority or self.authority).issue_cert(*names, **times)
        for pem, path in (
            (b"".join(each.bytes() for each in issued.cert_chain_pems), self.certificate),
            (issued.private_key_pem.bytes(), self.key),
        ):
            Path(path + ".new").write_bytes(pem)
            os.replace(path + ".new", path)

    def options(self, **more: Any) -> SecurityOptions:
        return SecurityOptions(tls_cert=self.certificate, tls_key=self.key, **more)

    def trusting(self, authority: trustme.CA | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context()
        (authority or self.authority).configure_trust(context)
        return context


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, trustme.CA())


@contextlib.contextmanager
def client(server: ServerThread, context: ssl.SSLContext) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, verify=context, trust_env=False) as made:
        yield made


def predict(server: ServerThread, context: ssl.SSLContext) -> int:
    with client(server, context) as asking:
        return asking.post("/predict", json=BODY).status_code


def serial(server: ServerThread, context: ssl.SSLContext) -> str:
    """Of the certificate that a new connection gets."""
    import socket

    host, port = server.url.removeprefix("https://").split(":")
    with socket.create_connection((host, int(port))) as raw, context.wrap_socket(raw, server_hostname=host) as secure:
        assert secure.version() in ("TLSv1.2", "TLSv1.3")
        found = secure.getpeercert()
        assert found is not None
        return str(found["serialNumber"])


def test_who_trusts_the_authority_is_answered(flights: Bundle, place: Place) -> None:
    with ServerThread(flights, security=place.options()) as server:
        assert server.url.startswith("https://127.0.0.1:")
        assert predict(server, place.trusting()) == 200
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            predict(server, place.trusting(trustme.CA()))
        with pytest.raises(httpx.HTTPError):
            httpx.get(server.url.replace("https", "http") + "/healthz", trust_env=False)
        with client(server, place.trusting()) as asking:  # after all that it still answers, on one connection
            big = {"instances": [{"age": 40}] * 5000}
            assert [asking.post("/predict", json=each).status_code for each in (BODY, big, BODY)] == [200] * 3
            ends = asking.get("/metrics").text.split("not_after_timestamp_seconds ")[-1].split()[0]
        assert float(ends) > time.time()


def test_old_versions_are_refused(flights: Bundle, place: Place) -> None:
    context = place.trusting()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with ServerThread(flights, security=place.options()) as server:
        with pytest.raises(httpx.ConnectError):
            predict(server, context)
        older = place.trusting()
        older.maximum_version = ssl.TLSVersion.TLSv1_2
        assert predict(server, older) == 200


def test_a_renewed_certificate_needs_no_restart(flights: Bundle, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hagane.serving.tls_files.LOOK_SECONDS", 0.0)
    with ServerThread(flights, security=place.options()) as server, client(server, place.trusting()) as kept:
        assert kept.get("/healthz").status_code == 200
        before = serial(server, place.trusting())
        place.renew()
        assert serial(server, place.trusting()) != before
        assert kept.get("/healthz").status_code == 200
        other = trustme.CA()
        place.renew(other)
        assert predict(server, place.trusting(other)) == 200


def test_half_a_renewal_leaves_the_old_one(
    flights: Bundle, place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Between the two files, and where the new one is not valid."""
    monkeypatch.setattr("hagane.serving.tls_files.LOOK_SECONDS", 0.0)
    with ServerThread(flights, security=place.options()) as server:
        before = serial(server, place.trusting())
        key = Path(place.key).read_bytes()
        place.renew()
        new_key = Path(place.key).read_bytes()
        Path(place.key).write_bytes(key)
        assert serial(server, place.trusting()) == before
        assert "do not belong together" in caplog.text
        Path(place.key).write_bytes(new_key)
        assert serial(server, place.trusting()) != before
        now = serial(server, place.trusting())
        Path(place.certificate).unlink()
        assert serial(server, place.trusting()) == now
        place.renew(not_after=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        assert serial(server, place.trusting()) == now
        assert "expired" in caplog.text


def test_clients_show_certificates_of_their_own(flights: Bundle, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hagane.serving.tls_files.LOOK_SECONDS", 0.0)
    ours, theirs = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(place.clients)

    def bearing(authority: trustme.CA) -> ssl.SSLContext:
        context = place.trusting()
        authority.issue_cert("client@example.org").configure_cert(context)
        return context

    with ServerThread(flights, security=place.options(tls_client_ca=place.clients)) as server:
        assert predict(server, bearing(ours)) == 200
        for context in (place.trusting(), bearing(theirs)):
            with pytest.raises(httpx.HTTPError):
                predict(server, context)
        theirs.cert_pem.write_to_path(place.clients)  # the authority is replaced
        assert predict(server, bearing(theirs)) == 200
        with pytest.raises(httpx.HTTPError):
            predict(server, bearing(ours))


def test_grpc_is_encrypted_too_and_follows_renewals(
    flights: Bundle, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hagane.serving.tls_files.LOOK_SECONDS", 0.0)
    ours = trustme.CA()
    ours.cert_pem.write_to_path(place.clients)
    issued = ours.issue_cert("client@example.org")
    chain = b"".join(each.bytes() for each in issued.cert_chain_pems)

    def live(server: ServerThread, authority: trustme.CA, **client: bytes) -> bool:
        credentials = grpc.ssl_channel_credentials(authority.cert_pem.bytes(), **client)
        options = [("grpc.enable_http_proxy", 0)]
        with grpc.secure_channel(server.grpc_address, credentials, options=options) as channel:
            call = channel.unary_unary(
                f"/{SERVICE}/ServerLive",
                request_serializer=message_class("ServerLiveRequest").SerializeToString,
                response_deserializer=message_class("ServerLiveResponse").FromString,
            )
            try:
                return bool(call(message_class("ServerLiveRequest")(), timeout=20).live)
            except grpc.RpcError:
                return False

    mine = {"private_key": issued.private_key_pem.bytes(), "certificate_chain": chain}
    with ServerThread(flights, security=place.options(tls_client_ca=place.clients), grpc_port=0) as server:
        assert live(server, place.authority, **mine)
        assert not live(server, place.authority)
        assert not live(server, trustme.CA(), **mine)
        other = trustme.CA()
        place.renew(other)
        assert live(server, other, **mine)


def refused(place: Place, **more: Any) -> str:
    with pytest.raises(ServeError) as caught:
        TlsFiles(place.certificate, place.key, more.get("clients"))
    return str(caught.value)


def test_what_cannot_work_is_said_before_anybody_is_listened_to(place: Place, tmp_path: Path) -> None:
    good = Path(place.key).read_bytes()
    Path(place.key).write_bytes(trustme.CA().issue_cert("x.org").private_key_pem.bytes())
    assert "do not belong together" in refused(place)
    Path(place.key).unlink()
    told = refused(place, clients=str(tmp_path / "none.pem"))
    assert "2 faults" in told
    assert "No such file" in told
    Path(place.key).write_bytes(b"no key")
    assert "cannot be used" in refused(place)
    Path(place.key).write_bytes(good)
    for times, why in (
        ({"not_after": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)}, "expired"),
        (
            {
                "not_before": datetime.datetime(2090, 1, 1, tzinfo=datetime.UTC),
                "not_after": datetime.datetime(2091, 1, 1, tzinfo=datetime.UTC),
            },
            "not yet valid",
        ),
    ):
        place.renew(**times)
        assert why in refused(place)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_key_behind_a_password_is_refused(place: Place, tmp_path: Path) -> None:
    locked = tmp_path / "locked.key"
    command = ["openssl", "pkey", "-in", place.key, "-out", str(locked), "-aes256", "-passout", "pass:secret"]
    subprocess.run(command, check=True, capture_output=True)
    place.key = str(locked)
    assert "behind a password" in refused(place)


def test_one_of_two_files_is_not_enough(flights: Bundle, place: Place) -> None:
    with pytest.raises(ServeError, match="come together"):
        ServerThread(flights, security=SecurityOptions(tls_cert=place.certificate)).start()
    with pytest.raises(ServeError, match="come together"):
        ServerThread(flights, security=SecurityOptions(tls_client_ca=place.certificate)).start()


def test_no_key_is_told(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    key = Path(place.key).read_text()
    with caplog.at_level(logging.DEBUG):
        files = TlsFiles(place.certificate, place.key)
        Path(place.certificate).write_text(key)
        assert not files.look()
    secret = "".join(key.splitlines()[1:-1])
    assert "cannot be" in caplog.text
    assert not any(secret[start : start + 20] in caplog.text for start in range(0, len(secret) - 20, 20))
