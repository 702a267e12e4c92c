"""`notification_html`: a notification for programs that read mail."""

from __future__ import annotations

from hagane.monitoring.notification import Notification
from hagane.page.markup import Markup, element

FONT = "font-family: -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.45"
CODE = "font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 13px"


def notification_html(notification: Notification) -> str:
    """The same words as its text: blocks as paragraphs and lists, nothing that is fetched from anywhere.

    >>> from hagane.monitoring.windows import Windows
    >>> empty = Notification(endpoint="<late>", baseline="training", windows=Windows())
    >>> "&lt;late&gt;: nothing new" in notification_html(empty)
    True
    """
    subject, *blocks = notification.text.split("\n\n")
    parts = [element("h2", subject, style="font-size: 17px")]
    parts += [_block(block.split("\n")) for block in blocks]
    body = element("body", *parts, style=FONT)
    return f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"></head>{body}</html>'


def _block(lines: list[str]) -> Markup:
    """A title and its entries (`- `, with lines below), or lines of their own."""
    entries: list[list[str]] = []
    before: list[str] = []
    after: list[str] = []
    for line in lines:
        if line.startswith("- "):
            entries.append([line[2:]])
        elif line.startswith("  ") and entries:
            entries[-1].append(line.strip())
        else:
            (after if entries else before).append(line)
    told = [element("p", *_lines(before))] if before else []
    listed = [element("li", element("b", first), *_below(more)) for first, *more in entries]
    told += [element("ul", *listed)] if listed else []
    told += [element("p", *_lines(after))] if after else []
    return element("div", *told)


def _below(lines: list[str]) -> list[str]:
    return [part for line in lines for part in (element("br"), line)]


def _lines(lines: list[str]) -> list[str]:
    shown: list[str] = []
    for line in lines:
        title, separator, command = line.partition("hagane monitor ")
        text = [title, element("code", separator + command, style=CODE)] if separator else [line]
        shown += [*([element("br")] if shown else []), *text]
    return shown
