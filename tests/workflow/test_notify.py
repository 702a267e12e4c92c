"""Alerts told once: to a real HTTP server, by mail, over failures and restarts; the service and its lock."""

from __future__ import annotations

import datetime
import email
import email.policy
import email.utils
import html
import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hagane.errors import StorageError
from hagane.fronts.cli.alert_channels import alert_channels
from hagane.monitoring.alert import Alert
from hagane.monitoring.channels.channel import Channel
from hagane.monitoring.channels.email import send_email
from hagane.monitoring.channels.log_lines import log_lines
from hagane.monitoring.channels.webhook import post_webhook
from hagane.monitoring.notification import Notification
from hagane.monitoring.windows import Windows
from hagane.spec.monitoring import Monitoring
from hagane.workflow.monitor import MonitorReport
from hagane.workflow.notify import notify
from hagane.workspace.told_alerts import ToldAlerts
from hagane.workspace.workspace import Workspace


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
    """Keeps what it is sent; answers what its server says, one status a request and the last for ever."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(json.loads(body))  # type: ignore[attr-defined]
        statuses = self.server.statuses  # type: ignore[attr-defined]
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        for name, value in self.server.more.items():  # type: ignore[attr-defined]
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def chat() -> Iterator[http.server.HTTPServer]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    server.seen, server.statuses, server.more = [], [200], {}  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_webhook_gets_text_and_figures(chat: http.server.HTTPServer) -> None:
    told = msgspec.structs.replace(MESSAGE, opened=(alert("<!channel> & co"),))
    post_webhook(f"http://127.0.0.1:{chat.server_port}/secret", told)
    (seen,) = chat.seen  # type: ignore[attr-defined]
    assert html.unescape(seen["text"]) == told.text
    assert "<" not in seen["text"], "a value of a column calls nobody"
    assert seen["notification"]["opened"][0]["name"] == "<!channel> & co"


def test_a_long_message_is_cut_where_slack_would_cut(chat: http.server.HTTPServer) -> None:
    long = tuple(alert(f"c{number}" * 60) for number in range(200))
    post_webhook(f"http://127.0.0.1:{chat.server_port}/", msgspec.structs.replace(MESSAGE, opened=long))
    (seen,) = chat.seen  # type: ignore[attr-defined]
    assert len(seen["text"]) <= 4000
    assert seen["text"].endswith("look at: hagane monitor late --window day --baseline training")
    assert len(seen["notification"]["opened"]) == 200


@pytest.mark.parametrize(
    ("statuses", "more", "waited"),
    [
        ([429, 200], {"Retry-After": "7"}, [7.0]),
        ([429, 503, 200], {}, [1.0, 2.0]),
        ([500, 500, 500, 200], {"Retry-After": "nonsense"}, [1.0, 2.0, 4.0]),
    ],
)
def test_a_webhook_that_is_busy_is_asked_again(
    chat: http.server.HTTPServer, statuses: list[int], more: dict[str, str], waited: list[float]
) -> None:
    chat.statuses, chat.more = list(statuses), more  # type: ignore[attr-defined]
    pauses: list[float] = []
    post_webhook(f"http://127.0.0.1:{chat.server_port}/", MESSAGE, sleep=pauses.append)
    assert pauses == waited
    assert len(chat.seen) == len(statuses)  # type: ignore[attr-defined]


def test_a_date_in_retry_after_is_heeded(chat: http.server.HTTPServer) -> None:
    date = email.utils.format_datetime(datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=20))
    chat.statuses, chat.more = [429, 200], {"Retry-After": date}  # type: ignore[attr-defined]
    pauses: list[float] = []
    post_webhook(f"http://127.0.0.1:{chat.server_port}/", MESSAGE, sleep=pauses.append)
    assert 15 < pauses[0] <= 20


@pytest.mark.parametrize(("status", "more", "tries"), [(500, {}, 4), (404, {}, 1), (429, {"Retry-After": "3600"}, 1)])
def test_a_webhook_that_fails_is_told_without_its_secret(
    chat: http.server.HTTPServer, status: int, more: dict[str, str], tries: int
) -> None:
    chat.statuses, chat.more = [status], more  # type: ignore[attr-defined]
    pauses: list[float] = []
    with pytest.raises(StorageError, match=f"answered {status}") as caught:
        post_webhook(f"http://127.0.0.1:{chat.server_port}/secret", MESSAGE, sleep=pauses.append)
    assert "secret" not in str(caught.value)
    assert len(chat.seen) == tries  # type: ignore[attr-defined]
    assert sum(pauses) < 60
    for url in (
        "file:///etc/passwd",
        "nothing",
        "https://h.example/sec ret",
        "http://[::1/secret",
        "http://h:x/secret",
    ):
        with pytest.raises(StorageError, match="no URL") as caught:
            post_webhook(url, MESSAGE)
        assert "ret" not in str(caught.value)


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
    message = email.message_from_bytes(seen.encode(), policy=email.policy.default)
    assert (message["Subject"], message["To"]) == ("late: 1 new alert", "a@b.c, d@e.f")
    assert message.get_content_type() == "multipart/alternative"
    plain, rich = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert plain.get_content().splitlines() == MESSAGE.text.splitlines()
    assert rich is not None
    assert "<li><b>fare: mean 1 → 2</b>" in rich.get_content()
    assert "http" not in rich.get_content(), "nothing is fetched"
    with pytest.raises(StorageError, match="not sent without it"):
        send_email(f"smtp://me:secret@{place}", ["a@b.c"], MESSAGE)
    assert not any(b"AUTH" in command for command in post_office.commands)  # type: ignore[attr-defined]
    with pytest.raises(StorageError, match="no SMTP URL"):
        send_email("mail.example", ["a@b.c"], MESSAGE)


def told_of(path: Path, channel: str = "a", baseline: str = "training") -> ToldAlerts:
    return ToldAlerts(path / "e.sqlite", baseline=baseline, every="day UTC", channel=channel)


def test_nothing_is_told_twice_or_forgotten(tmp_path: Path) -> None:
    told = told_of(tmp_path)
    assert told.news([alert()]) == ((alert(),), (), ())
    assert told.news([alert()]).opened == (alert(),), "what was not told is still new"
    told.told([alert()], now=1.0)
    assert not any(told.news([alert()]))
    assert not any(told.news([alert(since=11)])), "the same stretch, of which the history has lost its beginning"
    over = alert(until=30)
    assert told.news([over]).resolved == (over,)
    told.told([over], now=2.0)
    assert not any(told.news([over]))
    again = alert(since=40)
    assert told.news([over, again]) == ((again,), (), ())
    assert told_of(tmp_path, baseline="previous").news([alert()]).opened == (alert(),)
    assert told_of(tmp_path, channel="b").news([alert()]).opened == (alert(),), "another channel was told nothing"
    assert (told.last_told(), told_of(tmp_path, channel="b").last_told()) == (2.0, None)


def test_what_ended_before_is_not_told_again_beside_what_stands(tmp_path: Path) -> None:
    told, first, second = told_of(tmp_path), alert(since=10, until=30), alert(since=30)
    told.told([first, second], now=1.0)
    assert not any(told.news([first, second])), "and not in every other round"
    over = alert(since=30, until=50)
    assert told.news([first, over]).resolved == (over,)


def test_one_that_ends_and_one_that_opens_are_told_in_one_round(tmp_path: Path) -> None:
    told = told_of(tmp_path)
    told.told([alert(since=10)], now=1.0)
    first, second = alert(since=10, until=30), alert(since=30)
    assert told.news([first, second]) == ((second,), (first,), ())


def test_what_still_stands_is_told_again_after_a_while(tmp_path: Path) -> None:
    told = told_of(tmp_path)
    told.told([alert()], now=100.0)
    assert told.news([alert()], told_before=99.0).reminded == ()
    assert told.news([alert()], told_before=100.0) == ((), (), (alert(),))
    told.told([alert()], now=200.0)
    assert not any(told.news([alert()], told_before=150.0))
    assert told.news([alert(until=30)], told_before=1e9) == ((), (alert(until=30),), ())


def test_an_alert_that_opened_and_ended_during_downtime_is_told(tmp_path: Path) -> None:
    over = alert(until=30)
    assert told_of(tmp_path).news([over]) == ((), (over,), ())


def report(*alerts: Alert) -> MonitorReport:
    return MonitorReport(endpoint="late", baseline="training", monitoring=Monitoring(), num_new_windows=0, windows=(),
                         alerts=alerts)  # fmt: skip


def test_a_channel_that_fails_holds_no_other_back_and_gets_it_later(tmp_path: Path) -> None:
    seen: dict[str, list[Notification]] = {"good": [], "bad": [], "log": []}
    is_down = True

    def bad(notification: Notification) -> None:
        if is_down:
            raise StorageError("nobody there")
        seen["bad"].append(notification)

    channels = [Channel(name="bad", send=bad), Channel(name="good", send=seen["good"].append),
                Channel(name="log", send=seen["log"].append, is_limited=False)]  # fmt: skip
    place = Workspace(tmp_path)
    message, faults = notify(report(alert()), channels, workspace=place, quiet_seconds=60, now=0.0)
    assert (message.opened, faults) == ((alert(),), ("nobody there",))
    assert [len(each) for each in seen.values()] == [1, 0, 1]
    is_down = False
    both = report(alert(), alert("paid"))
    message, faults = notify(both, channels, workspace=place, quiet_seconds=60, now=30.0)
    assert faults == ()
    assert [each.opened for each in seen["bad"]] == [(alert(), alert("paid"))], "all at once, at its first chance"
    assert len(seen["good"]) == 1, "told less than a minute ago"
    assert seen["log"][-1].opened == (alert("paid"),), "no person reads it: not held back"
    assert notify(both, channels, workspace=place, quiet_seconds=60, now=60.0)[0].opened == (alert("paid"),)
    assert seen["good"][-1].opened == (alert("paid"),)
    assert notify(both, channels, workspace=place, now=1000.0)[0].is_empty
    again, _ = notify(both, channels, workspace=place, remind_seconds=500, now=1000.0)
    assert (again.reminded, again.opened) == ((alert(), alert("paid")), ())
    assert "still open\n- fare (late@3): since" in again.text


def test_log_lines_are_json_with_moments_as_texts() -> None:
    lines: list[str] = []
    over = alert("paid", since=0, until=3_600_000_000)
    log_lines(lines.append).send(msgspec.structs.replace(MESSAGE, resolved=(over,)))
    opened, resolved = map(json.loads, lines)
    assert (opened["event"], opened["title"], opened["until"]) == ("alert_opened", "fare", None)
    assert (resolved["event"], resolved["until"], resolved["lasted_seconds"]) == (
        "alert_resolved", "1970-01-01T01:00:00Z", 3600.0)  # fmt: skip
    assert opened.keys() == resolved.keys() >= set(Alert.__struct_fields__)


def test_every_webhook_and_address_is_a_channel_whose_name_holds_no_secret() -> None:
    url = "https://hooks.example/T0/secret"
    found = alert_channels([url, url, "https://other.example"], ["a@b.c", "d@e.f"], "smtp://127.0.0.1:1")
    assert len({channel.name for channel in found}) == len(found) == 4
    assert not any("secret" in channel.name or "@" in channel.name for channel in found)
    assert [channel.name for channel in found] == [
        channel.name for channel in alert_channels([url, "https://other.example"], ["a@b.c", "d@e.f"], "smtps://x")
    ], "the same in every run"
    with pytest.raises(StorageError, match="cannot be sent"):
        found[-1].send(MESSAGE)
