"""Providers that send mail by a web interface and that django-anymail knows."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Kind:
    """A provider that anymail knows: what its key is called there, and what it wants besides."""

    name: str
    backend: str
    keys: tuple[str, ...] = ("api_key",)
    headers: tuple[tuple[str, str], ...] = ()
    id_host: str = ""


# Those for which one key is all. A key of two parts is typed with a colon between them.
KINDS: Final = {
    "brevo": Kind("Brevo", "brevo"),
    "mailersend": Kind("MailerSend", "mailersend", ("api_token",)),
    "mailgun": Kind("Mailgun", "mailgun"),
    "mailjet": Kind("Mailjet", "mailjet", ("api_key", "secret_key")),
    "mailtrap": Kind("Mailtrap", "mailtrap", ("api_token",)),
    "mandrill": Kind("Mandrill", "mandrill"),
    "postmark": Kind(
        "Postmark", "postmark", ("server_token",), headers=(("X-PM-KeepID", "true"),), id_host="mtasv.net"
    ),
    "resend": Kind("Resend", "resend"),
    "sendgrid": Kind("SendGrid", "sendgrid"),
    "sparkpost": Kind("SparkPost", "sparkpost"),
}
