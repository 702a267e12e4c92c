"""`alert_channels`: the places that `hagane monitor` tells, from its options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hagane.monitoring.channels.channel import Channel


def alert_channels(webhooks: Sequence[str], recipients: Sequence[str], smtp: str | None) -> list[Channel]:
    """One for each webhook, and for each address: what a server refuses for one of them is sent to the others.

    Raises UsageError for mail without a server, StorageError for what is no URL.
    """
    from functools import partial

    from hagane.errors import Fault
    from hagane.fronts.cli.usage_error import UsageError
    from hagane.monitoring.channels.channel import Channel
    from hagane.monitoring.channels.check_mail_server import check_mail_server
    from hagane.monitoring.channels.check_webhook import check_webhook
    from hagane.monitoring.channels.email import send_email
    from hagane.monitoring.channels.webhook import post_webhook

    if recipients and not smtp:
        raise UsageError(Fault(what="--email needs a mail server", expected="--smtp smtp://user:password@host:587"))
    for url in webhooks:
        check_webhook(url)
    if smtp:
        check_mail_server(smtp)
    found = [Channel.of("webhook", url, partial(post_webhook, url)) for url in dict.fromkeys(webhooks)]
    if smtp:
        found += [Channel.of("email", to, partial(send_email, smtp, [to])) for to in dict.fromkeys(recipients)]
    return found
