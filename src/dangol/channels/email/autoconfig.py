"""Where the mail of a domain lives, so that nobody who sets up a mailbox must look up a port.

A table of the providers that small businesses use, and a guess for every other domain. Nothing is asked of
the network; whether it is true shows when the mailbox is tried.
"""

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Security = Literal["tls", "starttls", "none"]
# own: the password of the account; app: one made for this program only; closed: no password is let in any more.
Password = Literal["own", "app", "closed"]
SignIn = Literal["google", "microsoft"]


@dataclass(frozen=True)
class Endpoint:
    """A server to talk to."""

    host: str
    port: int
    security: Security


@dataclass(frozen=True)
class Provider:
    """How a domain's mail is reached. `hint` says what the owner must do there first; empty when nothing.

    `is_known` is False for a guess. `plus_addresses` is whether mail to name+word@… arrives at name@… `sign_in` is
    by whom one can sign in there without a password.
    """

    name: str
    domains: tuple[str, ...]
    imap: Endpoint
    smtp: Endpoint
    password: Password = "own"  # noqa: S105
    hint: str | Promise = ""
    plus_addresses: bool = True
    is_known: bool = True
    sign_in: SignIn | None = None


def provider_of(address_or_domain: str) -> Provider:
    """The provider of an address or a domain, guessed as imap.… and smtp.… when it is not in the table."""
    domain = address_or_domain.rpartition("@")[2].strip().rstrip(".").lower()
    known = _BY_DOMAIN.get(domain)
    if known:
        return known
    return Provider(
        name=domain,
        domains=(domain,),
        imap=Endpoint(f"imap.{domain}", 993, "tls"),
        smtp=Endpoint(f"smtp.{domain}", 465, "tls"),
        is_known=False,
    )


def provider_signed_in_by(sign_in: str) -> Provider:
    """Whose servers a business uses that has a domain of its own there and signs in so."""
    wanted = "Gmail" if sign_in == "google" else "Microsoft 365"
    return next(provider for provider in _PROVIDERS if provider.name == wanted)


def provider_at(host: str) -> Provider | None:
    """The known provider that runs this IMAP or SMTP server, for businesses with a domain of their own there."""
    return _BY_HOST.get(host.strip().rstrip(".").lower())


_APP_PASSWORD = _("Turn on two-step sign-in there, then make an app password and enter that one here.")
_IMAP_AND_APP_PASSWORD = _(
    "Turn on IMAP in the mail settings there, turn on two-step sign-in, then make an app password and enter that "
    "one here."
)
_IMAP_ONLY = _("Turn on IMAP in the mail settings there.")
_CLOSED = _("Microsoft lets no program sign in with a password any more: sign in with Microsoft.")
_APP_PASSWORD_OR_GOOGLE = _(
    "Turn on two-step sign-in there, then make an app password and enter that one here. Where Google gives none, sign "
    "in with Google."
)
_BRIDGE = _(
    "Proton is reached only through its Bridge program, which must run on the machine where Dangol runs."
)

_PROVIDERS = (
    Provider(
        "Gmail",
        ("gmail.com", "googlemail.com"),
        Endpoint("imap.gmail.com", 993, "tls"),
        Endpoint("smtp.gmail.com", 465, "tls"),
        "app",
        _APP_PASSWORD_OR_GOOGLE,
        sign_in="google",
    ),
    Provider(
        "Naver",
        ("naver.com",),
        Endpoint("imap.naver.com", 993, "tls"),
        Endpoint("smtp.naver.com", 465, "tls"),
        "app",
        _IMAP_AND_APP_PASSWORD,
        plus_addresses=False,
    ),
    Provider(
        "NAVER WORKS",
        ("worksmobile.com",),
        Endpoint("imap.worksmobile.com", 993, "tls"),
        Endpoint("smtp.worksmobile.com", 465, "tls"),
        "app",
        _IMAP_AND_APP_PASSWORD,
        plus_addresses=False,
    ),
    Provider(
        "Daum",
        ("daum.net", "hanmail.net"),
        Endpoint("imap.daum.net", 993, "tls"),
        Endpoint("smtp.daum.net", 465, "tls"),
        "app",
        _IMAP_AND_APP_PASSWORD,
        plus_addresses=False,
    ),
    Provider(
        "Kakao",
        ("kakao.com",),
        Endpoint("imap.kakao.com", 993, "tls"),
        Endpoint("smtp.kakao.com", 465, "tls"),
        "app",
        _IMAP_AND_APP_PASSWORD,
        plus_addresses=False,
    ),
    Provider(
        "Nate",
        ("nate.com", "lycos.co.kr", "empas.com"),
        Endpoint("imap.nate.com", 993, "tls"),
        Endpoint("smtp.mail.nate.com", 465, "tls"),
        "own",
        _IMAP_ONLY,
        plus_addresses=False,
    ),
    Provider(
        "Outlook.com",
        ("outlook.com", "outlook.kr", "hotmail.com", "hotmail.co.kr", "live.com", "live.co.kr", "msn.com"),
        Endpoint("outlook.office365.com", 993, "tls"),
        Endpoint("smtp-mail.outlook.com", 587, "starttls"),
        "closed",
        _CLOSED,
        sign_in="microsoft",
    ),
    Provider(
        "Microsoft 365",
        ("onmicrosoft.com",),
        Endpoint("outlook.office365.com", 993, "tls"),
        Endpoint("smtp.office365.com", 587, "starttls"),
        "closed",
        _CLOSED,
        sign_in="microsoft",
    ),
    Provider(
        "iCloud",
        ("icloud.com", "me.com", "mac.com"),
        Endpoint("imap.mail.me.com", 993, "tls"),
        Endpoint("smtp.mail.me.com", 587, "starttls"),
        "app",
        _APP_PASSWORD,
    ),
    Provider(
        "Yahoo",
        ("yahoo.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr", "ymail.com", "rocketmail.com"),
        Endpoint("imap.mail.yahoo.com", 993, "tls"),
        Endpoint("smtp.mail.yahoo.com", 465, "tls"),
        "app",
        _APP_PASSWORD,
        plus_addresses=False,
    ),
    Provider(
        "AOL",
        ("aol.com",),
        Endpoint("imap.aol.com", 993, "tls"),
        Endpoint("smtp.aol.com", 465, "tls"),
        "app",
        _APP_PASSWORD,
        plus_addresses=False,
    ),
    Provider(
        "Fastmail",
        ("fastmail.com", "fastmail.fm"),
        Endpoint("imap.fastmail.com", 993, "tls"),
        Endpoint("smtp.fastmail.com", 465, "tls"),
        "app",
        _APP_PASSWORD,
    ),
    Provider(
        "Zoho Mail",
        ("zoho.com", "zohomail.com"),
        Endpoint("imap.zoho.com", 993, "tls"),
        Endpoint("smtp.zoho.com", 465, "tls"),
        "app",
        _IMAP_AND_APP_PASSWORD,
    ),
    Provider(
        "GMX",
        ("gmx.de", "gmx.net", "gmx.at", "gmx.ch"),
        Endpoint("imap.gmx.net", 993, "tls"),
        Endpoint("mail.gmx.net", 465, "tls"),
        "own",
        _IMAP_ONLY,
        plus_addresses=False,
    ),
    Provider(
        "Proton Mail",
        ("proton.me", "protonmail.com", "pm.me"),
        Endpoint("127.0.0.1", 1143, "starttls"),
        Endpoint("127.0.0.1", 1025, "starttls"),
        "app",
        _BRIDGE,
    ),
)
_BY_DOMAIN = {domain: provider for provider in _PROVIDERS for domain in provider.domains}
_BY_HOST = {
    host: provider
    for provider in reversed(_PROVIDERS)
    for host in (provider.imap.host, provider.smtp.host)
    if not host.startswith("127.")
}
