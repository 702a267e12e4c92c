"""`told_to_file`: a channel that writes a line for each alert into a file, whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

from hagane.monitoring.channels.channel import Channel
from hagane.monitoring.notification import Notification


def told_to_file(path: Path) -> Channel:
    """Lines of JSON: what was told, place and beginning."""

    def send(notification: Notification) -> None:
        told = [("opened", each) for each in notification.opened] + [("over", each) for each in notification.resolved]
        lines = "".join(json.dumps([what, each.place, each.since, each.until]) + "\n" for what, each in told)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.write(descriptor, lines.encode())
        os.close(descriptor)

    return Channel(name="file", send=send)
