"""`post_webhook`: a notification as JSON to a URL, as Slack, Mattermost and Teams's workflows take it."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.parse
import urllib.request

import msgspec

from hagane.errors import Fault, StorageError
from hagane.monitoring.notification import Notification

TIMEOUT_SECONDS = 10
SCHEMES = ("http", "https")


def post_webhook(url: str, notification: Notification) -> None:
    """POST `{"text": …}`, which chats show, with the whole notification beside it for programs.

    Raises StorageError where the URL is none, nobody answers, or the answer is no success. A redirect is not followed
    anywhere but to http and https.
    """
    if urllib.parse.urlsplit(url).scheme not in SCHEMES:
        raise StorageError(Fault(what="the webhook is no URL that can be called", expected="https://…"))
    body = msgspec.json.encode({"text": notification.text, "notification": msgspec.to_builtins(notification)})
    request = urllib.request.Request(
        url, data=body, headers={"Content-Type": "application/json", "User-Agent": "hagane-monitor"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
            return
    except urllib.error.HTTPError as error:
        raise StorageError(Fault(what=f"the webhook answered {error.code}", where=_host(url))) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise StorageError(Fault(what=f"the webhook cannot be called: {error}", where=_host(url))) from None


def _host(url: str) -> str:
    """The part that may be shown: paths of webhooks are secrets."""
    return urllib.parse.urlsplit(url).hostname or "?"
