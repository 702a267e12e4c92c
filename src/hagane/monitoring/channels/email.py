"""`send_email`: a notification by SMTP."""

from __future__ import annotations

import email.utils
import smtplib
import ssl
import urllib.parse
from collections.abc import Sequence
from email.message import EmailMessage

from hagane.errors import Fault, StorageError
from hagane.monitoring.channels.check_mail_server import PORTS, check_mail_server
from hagane.monitoring.notification import Notification
from hagane.monitoring.notification_html import notification_html

TIMEOUT_SECONDS = 20


def send_email(server: str, recipients: Sequence[str], notification: Notification, *, sender: str = "") -> None:
    """Send it as text and HTML: `smtp://user:password@host:587` (STARTTLS where it is offered) or `smtps://…` (TLS).

    A password is never sent over a connection that is not encrypted. Raises StorageError.
    """
    check_mail_server(server)
    parts = urllib.parse.urlsplit(server)
    message = EmailMessage()
    message["Subject"] = " ".join(notification.subject.split())
    message["From"] = sender or parts.username or f"hagane@{parts.hostname}"
    message["To"] = ", ".join(recipients)
    message["Date"] = email.utils.localtime()
    message["Message-ID"] = email.utils.make_msgid(domain=parts.hostname)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine is to answer
    message.set_content(notification.text)
    message.add_alternative(notification_html(notification), subtype="html")
    try:
        _send(parts, message)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise StorageError(Fault(what=f"the mail cannot be sent: {error}", where=parts.hostname or "")) from None


def _send(parts: urllib.parse.SplitResult, message: EmailMessage) -> None:
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    context = ssl.create_default_context()
    if parts.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        connection = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    with connection:
        is_encrypted = parts.scheme == "smtps"
        connection.ehlo()
        if not is_encrypted and connection.has_extn("starttls"):
            connection.starttls(context=context)
            connection.ehlo()
            is_encrypted = True
        if parts.username and parts.password:
            if not is_encrypted:
                raise smtplib.SMTPNotSupportedError("the server offers no TLS, and a password is not sent without it")
            connection.login(urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password))
        connection.send_message(message)
