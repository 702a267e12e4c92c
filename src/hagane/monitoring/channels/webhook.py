"""`post_webhook`: a notification as JSON to a URL, as Slack and Mattermost take it."""

from __future__ import annotations

import datetime
import email.utils
import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable

import msgspec

from hagane.errors import Fault, StorageError
from hagane.monitoring.channels.check_webhook import check_webhook
from hagane.monitoring.notification import Notification

TIMEOUT_SECONDS = 10
MOST_CHARACTERS = 4000
"""Slack shows no more of a message's text as one."""
NUM_TRIES = 4
FIRST_PAUSE_SECONDS = 1.0
"""Before the second try; twice as long before each further one."""
MOST_SECONDS = 60.0
"""From the first try on; what takes longer is for the next round."""
AGAIN = (429, 500, 502, 503, 504)
"""Answers after which the same request may be taken a little later."""


def post_webhook(url: str, notification: Notification, *, sleep: Callable[[float], object] = time.sleep) -> None:
    """POST `{"text": …}`, which chats show, with the whole notification beside it for programs.

    Where nobody answers, or with 429 or 5xx, it is tried again, four times in a minute at most; `Retry-After` is
    heeded. A redirect is not followed anywhere but to http and https. Raises StorageError.
    """
    check_webhook(url)
    body = msgspec.json.encode({"text": _text(notification), "notification": msgspec.to_builtins(notification)})
    end, pause = time.monotonic() + MOST_SECONDS, FIRST_PAUSE_SECONDS
    for number in range(1, NUM_TRIES + 1):
        refused = _post(url, body)
        if refused is None:
            return
        wait = max(pause, refused.retry_after)
        if number == NUM_TRIES or not refused.may_try_again or time.monotonic() + wait > end:
            raise StorageError(Fault(what=refused.what, where=_host(url), next_step=refused.next_step(number)))
        sleep(wait)
        pause *= 2


class _Refused(msgspec.Struct, frozen=True):
    what: str
    may_try_again: bool
    retry_after: float = 0.0

    def next_step(self, num_tries: int) -> str:
        """When it is tried again, or what is to be done."""
        if not self.may_try_again:
            return "look at the address; what is new waits for it"
        return f"tried {num_tries} times; the next run tries again" if num_tries > 1 else "the next run tries again"


def _post(url: str, body: bytes) -> _Refused | None:
    """None where it was taken."""
    request = urllib.request.Request(
        url, data=body, headers={"Content-Type": "application/json", "User-Agent": "hagane-monitor"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
            return None
    except urllib.error.HTTPError as error:
        what = f"the webhook answered {error.code}"
        return _Refused(what, error.code in AGAIN, _seconds(error.headers.get("Retry-After", "")))
    except (ValueError, http.client.InvalidURL):  # of where it was redirected to; its text would hold the path
        return _Refused("the webhook cannot be called: it is no URL", may_try_again=False)
    except (OSError, http.client.HTTPException) as error:
        return _Refused(f"the webhook cannot be called: {error}", may_try_again=True)


def _seconds(text: str) -> float:
    """Of a `Retry-After`: seconds, or a date (RFC 9110, 10.2.3); 0 where it says nothing that can be read."""
    if text.strip().isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    now = datetime.datetime.now(datetime.UTC)
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or datetime.UTC) - now).total_seconds())


def _text(notification: Notification) -> str:
    """Slack's own signs written out (a column's value may be `<!channel>`), and cut where Slack would cut."""
    text = notification.text
    if len(text) > MOST_CHARACTERS:
        text = text[: MOST_CHARACTERS - 60].rsplit("\n", 1)[0] + f"\n…\nlook at: {notification.command}"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _host(url: str) -> str:
    """The part that may be shown: paths of webhooks are secrets."""
    return urllib.parse.urlsplit(url).hostname or "?"
