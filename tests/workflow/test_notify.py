"""Alerts told once: to a real HTTP server, by mail, over failures and restarts; the service and its lock."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hagane.errors import StorageError
from hagane.monitoring.alert import Alert
from hagane.monitoring.channels.email import send_email
from hagane.monitoring.channels.webhook import post_webhook
from hagane.monitoring.notification import Notification
from hagane.monitoring.windows import Windows
from hagane.workspace.told_alerts import ToldAlerts


def alert(name: str = "fare", since: int = 10, until: int | None = None) -> Alert:
    return Alert(
        endpoint="late",
        deployed_model_id="t",
        model="late@3",
        of="input",
        name=name,
        measure="L_INFTY",
        threshold=0.3,
        since=since,
        opened=since,
        until=until,
        value=0.5,
        change="mean 1 → 2",
        num_windows=2,
        traffic=10.0,
    )


MESSAGE = Notification(endpoint="late", baseline="training", windows=Windows(), opened=(alert(),))


class Answers(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent; answers what its server says."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def chat() -> Iterator[http.server.HTTPServer]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    server.seen, server.status = [], 200  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_webhook_gets_text_and_figures(chat: http.server.HTTPServer) -> None:
    post_webhook(f"http://127.0.0.1:{chat.server_port}/secret", MESSAGE)
    (seen,) = chat.seen  # type: ignore[attr-defined]
    assert seen["text"] == MESSAGE.text
    assert seen["notification"]["opened"][0]["name"] == "fare"


def test_a_webhook_that_fails_is_told_without_its_secret(chat: http.server.HTTPServer) -> None:
    chat.status = 500  # type: ignore[attr-defined]
    with pytest.raises(StorageError, match="answered 500") as caught:
        post_webhook(f"http://127.0.0.1:{chat.server_port}/secret", MESSAGE)
    assert "secret" not in str(caught.value)
    for url in ("file:///etc/passwd", "nothing"):
        with pytest.raises(StorageError, match="no URL"):
            post_webhook(url, MESSAGE)


class Mail(socketserver.StreamRequestHandler):
    """As much of SMTP as one message needs; offers no TLS."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        in_data, lines = False, []
        for line in self.rfile:
            if in_data:
                if line == b".\r\n":
                    in_data = False
                    self.server.seen.append(b"".join(lines).decode())  # type: ignore[attr-defined]
                    self.wfile.write(b"250 kept\r\n")
                lines.append(line)
            elif line.upper().startswith(b"EHLO"):
                self.wfile.write(b"250-here\r\n250 AUTH PLAIN LOGIN\r\n")
            elif line.upper().startswith(b"DATA"):
                in_data = True
                self.wfile.write(b"354 go on\r\n")
            elif line.upper().startswith(b"QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.server.commands.append(line)  # type: ignore[attr-defined]
                self.wfile.write(b"250 fine\r\n")


@pytest.fixture
def post_office() -> Iterator[socketserver.TCPServer]:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
    server.seen, server.commands = [], []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_mail_is_sent_and_no_password_without_tls(post_office: socketserver.TCPServer) -> None:
    place = f"127.0.0.1:{post_office.server_address[1]}"
    send_email(f"smtp://{place}", ["a@b.c", "d@e.f"], MESSAGE)
    (seen,) = post_office.seen  # type: ignore[attr-defined]
    assert "Subject: late: 1 new alert" in seen
    assert "To: a@b.c, d@e.f" in seen
    with pytest.raises(StorageError, match="not sent without it"):
        send_email(f"smtp://me:secret@{place}", ["a@b.c"], MESSAGE)
    assert not any(b"AUTH" in command for command in post_office.commands)  # type: ignore[attr-defined]
    with pytest.raises(StorageError, match="no SMTP URL"):
        send_email("mail.example", ["a@b.c"], MESSAGE)


def test_nothing_is_told_twice_or_forgotten(tmp_path: Path) -> None:
    told = ToldAlerts(tmp_path / "e.sqlite", baseline="training", every="day")
    assert told.news([alert()]) == ((alert(),), ())
    assert told.news([alert()]) == ((alert(),), ()), "what was not told is still new"
    told.told([alert()], now=1.0)
    assert told.news([alert()]) == ((), ())
    assert told.news([alert(since=11)]) == ((), ()), "the same stretch, of which the history has lost its beginning"
    over = alert(until=30)
    assert told.news([over]) == ((), (over,))
    told.told([over], now=2.0)
    assert told.news([over]) == ((), ())
    again = alert(since=40)
    assert told.news([over, again]) == ((again,), ())
    other = ToldAlerts(tmp_path / "e.sqlite", baseline="previous", every="day")
    assert other.news([alert()]) == ((alert(),), ())
    assert told.last_told() == 2.0


def test_an_alert_that_opened_and_ended_during_downtime_is_told(tmp_path: Path) -> None:
    told = ToldAlerts(tmp_path / "e.sqlite", baseline="training", every="day")
    over = alert(until=30)
    assert told.news([over]) == ((), (over,))
