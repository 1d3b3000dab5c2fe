"""The settings of a mailbox as a form. Servers that are left empty are those that its address makes likely."""

from dataclasses import replace
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from dangol.channels.email.addresses import normalise
from dangol.channels.email.autoconfig import Provider, provider_of, provider_signed_in_by
from dangol.channels.email.provider_kinds import KINDS
from dangol.channels.mailbox_settings import Connection, MailboxSettings, ProviderChoice, proposed_connections
from dangol.channels.models import Channel, Mailbox, Security, SignIn
from dangol.kernel.durations import short_duration
from dangol.kernel.secrets import lock_secret, unlock_secret

PROMISES: Final = tuple(60 * minutes for minutes in (15, 30, 60, 120, 240, 480, 1440))
SECURITIES: Final = (
    (Security.TLS, _("TLS")),
    (Security.STARTTLS, _("STARTTLS")),
    (Security.NONE, _("none (only on this machine)")),
)


SIGN_INS: Final = (
    ("", _("With a password")),
    (SignIn.Provider.GOOGLE, _("Sign in with Google")),
    (SignIn.Provider.MICROSOFT, _("Sign in with Microsoft")),
)


WAYS_OUT: Final = (
    ("", _("By the server for sending")),
    ("provider", _("By a provider (Postmark, Mailgun, Brevo …)")),
)


class SignInField(forms.CharField):
    """A password of a mail server. It is never written into a page."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {
            "autocomplete": "off",
            "spellcheck": "false",
            "data-1p-ignore": "",
            "data-lpignore": "true",
        }
        super().__init__(
            required=False,
            strip=False,
            max_length=300,
            widget=forms.PasswordInput(attrs=attributes),
            **kwargs,
        )


class MailboxForm(forms.Form):
    """What the first visit asks about a mailbox. `person` is who types: what was typed is kept for them alone."""

    address = forms.EmailField(
        label=_("Address"),
        max_length=254,
        help_text=_("Where customers write to."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    password = SignInField(label=_("Password of the mailbox"))
    sign_in = forms.ChoiceField(
        label=_("How Dangol signs in"),
        choices=SIGN_INS,
        required=False,
        help_text=_("With Google or Microsoft you are led there after saving, and let Dangol in."),
        widget=forms.RadioSelect,
    )
    typed_password = forms.CharField(required=False, widget=forms.HiddenInput)
    from_name = forms.CharField(
        label=_("Name that customers see"), max_length=120, required=False, widget=forms.TextInput
    )
    promised_first = forms.TypedChoiceField(
        label=_("First answer within"), required=False, coerce=int, empty_value=None
    )
    promised_next = forms.TypedChoiceField(
        label=_("Each further answer within"), required=False, coerce=int, empty_value=None
    )

    imap_host = forms.CharField(label=_("Server for receiving (IMAP)"), max_length=200, required=False)
    imap_port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, required=False)
    imap_security = forms.ChoiceField(label=_("Encryption"), choices=SECURITIES, required=False)
    imap_user = forms.CharField(
        label=_("User name"),
        max_length=200,
        required=False,
        help_text=_("Mostly the address itself, which is taken when this is empty."),
    )
    smtp_host = forms.CharField(label=_("Server for sending (SMTP)"), max_length=200, required=False)
    smtp_port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, required=False)
    smtp_security = forms.ChoiceField(label=_("Encryption"), choices=SECURITIES, required=False)
    smtp_no_sign_in = forms.BooleanField(label=_("This server wants no sign-in"), required=False)
    smtp_user = forms.CharField(
        label=_("User name for sending, if it is another"), max_length=200, required=False
    )
    smtp_password = SignInField(label=_("Password for sending, if it is another"))

    def __init__(self, *args: Any, person_id: int, channel: Channel | None = None, **kwargs: Any) -> None:
        self.person_id, self.channel = person_id, channel
        self.has_sign_ins = True
        super().__init__(*args, **kwargs)
        for name in ("promised_first", "promised_next"):
            kept = kwargs.get("initial", {}).get(name)
            seconds = sorted({*PROMISES, *([kept] if kept else [])})
            label, required = self.fields[name].label, False
            self.fields[name] = forms.TypedChoiceField(
                label=label,
                required=required,
                coerce=int,
                empty_value=None,
                choices=[("", _("no promise")), *((each, short_duration(each)) for each in seconds)],
            )

        if address := self.initial.get("address"):
            self.offer_sign_ins(provider_of(address))

    def offer_sign_ins(self, provider: Provider) -> None:
        """Show the ways that lead into a mailbox of this provider; of a domain that is a guess, all."""
        offered = {"", provider.sign_in, self.initial.get("sign_in")}
        field = self.fields["sign_in"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = ways = [way for way in SIGN_INS if way[0] in offered or not provider.is_known]
        self.has_sign_ins = len(ways) > 1

    def clean_address(self) -> str:
        """The address as the mail of its domain is written."""
        address = normalise(self.cleaned_data["address"])
        if address is None:
            raise forms.ValidationError(_("Please enter an e-mail address."))
        return address

    def clean(self) -> dict[str, Any]:
        """Fill in the likely servers, and find again the password that this person typed a moment ago."""
        data: dict[str, Any] = super().clean() or {}
        data["password"] = data.get("password") or self._typed_before() or None
        if self.is_kept_here:
            return data
        self._check_password(data)
        if "address" in data:
            for kind, proposed in zip(("imap", "smtp"), self._proposed(data), strict=True):
                if not data.get(f"{kind}_host"):
                    data[f"{kind}_host"], data[f"{kind}_port"] = proposed.host, proposed.port
                    data[f"{kind}_security"] = proposed.security
                if kind == "smtp" and data.get("outgoing") == "provider" and not self.data.get("smtp_host"):
                    data["smtp_host"] = ""  # nobody needs it
                data[f"{kind}_port"] = data.get(f"{kind}_port") or proposed.port
                data[f"{kind}_security"] = data.get(f"{kind}_security") or proposed.security
        return data

    def _check_password(self, data: dict[str, Any]) -> None:
        if data.get("sign_in"):
            data["password"], data["smtp_password"] = None, ""
            return
        closed = "address" in data and provider_of(data["address"])
        if closed and closed.password == "closed" and self.channel is None:  # noqa: S105
            self.add_error("sign_in", str(closed.hint))
            return
        was_without = self.channel is not None and self.channel.mailbox.sign_in is not None
        if (self.channel is None or was_without) and not data["password"] and "address" in data:
            self.add_error("password", _("Please enter the password of the mailbox."))

    def _proposed(self, data: dict[str, Any]) -> tuple[Connection, Connection]:
        receiving, sending, _plus = proposed_connections(data["address"])
        if data.get("sign_in") and not provider_of(data["address"]).is_known:
            # A domain of one's own at Google or Microsoft: what was guessed from its name is no answer.
            known = provider_signed_in_by(data["sign_in"])
            if data.get("imap_host") in {"", receiving.host}:
                data["imap_host"] = data["smtp_host"] = ""
            receiving = replace(
                receiving, host=known.imap.host, port=known.imap.port, security=known.imap.security
            )
            sending = replace(
                sending, host=known.smtp.host, port=known.smtp.port, security=known.smtp.security
            )
        return receiving, sending

    @property
    def is_kept_here(self) -> bool:
        """Whether this mailbox talks to no server: nothing that it sends leaves."""
        return self.channel is not None and self.channel.mailbox.outgoing == Mailbox.Outgoing.KEPT

    @property
    def settings(self) -> MailboxSettings:
        """The form, if it is valid, as the commands take it."""
        data = self.cleaned_data
        user = data["imap_user"] or data["address"]
        if self.is_kept_here:
            receiving = sending = Connection("", 993, Security.TLS, "")
            return self._settings(receiving, sending)
        receiving = Connection(
            data["imap_host"].strip(), data["imap_port"], data["imap_security"], user, data["password"]
        )
        sending = Connection(
            data["smtp_host"].strip(),
            data["smtp_port"],
            data["smtp_security"],
            "" if data["smtp_no_sign_in"] and not data["sign_in"] else data["smtp_user"] or user,
            self._sending_password(user),
        )
        return self._settings(receiving, sending)

    def _settings(self, receiving: Connection, sending: Connection) -> MailboxSettings:
        data = self.cleaned_data
        return MailboxSettings(
            address=data["address"],
            receiving=receiving,
            sending=sending,
            from_name=data["from_name"].strip(),
            promised_first_seconds=data["promised_first"],
            promised_next_seconds=data["promised_next"],
            sign_in="" if self.is_kept_here else data["sign_in"],
            **self._more(),
        )

    def filled_in(self) -> "MailboxForm":
        """The form once more, with the servers that were proposed to be seen and the password kept unseen."""
        data = dict(self.data.items())
        for name in ("imap_host", "imap_port", "imap_security", "smtp_host", "smtp_port", "smtp_security"):
            data[name] = self.cleaned_data.get(name) or data.get(name, "")
        data["typed_password"] = self._kept(self.cleaned_data.get("password"))
        self.data = data
        return self

    def _more(self) -> dict[str, Any]:
        if self.channel is None:
            return {"plus_addressing": proposed_connections(self.cleaned_data["address"])[2]}
        row, box = self.channel, self.channel.mailbox
        return {
            "aliases": tuple(box.aliases),
            "folder": box.imap_folder,
            "plus_addressing": box.plus_addressing,
            "provider": ProviderChoice(box.provider, None, box.provider_url) if box.provider else None,
            "signature": row.signature,
            "acknowledgement": row.acknowledgement,
        }

    def _sending_password(self, user: str) -> str | None:
        data = self.cleaned_data
        if data["smtp_no_sign_in"]:
            return ""
        is_shared = self.channel is None or (data["smtp_user"] or user) == user
        return data["smtp_password"] or (data["password"] if is_shared else None)

    def _kept(self, password: str | None) -> str:
        # A page that comes back must not ask for the password again, nor hold it: it is locked with the
        # installation's key, for the person who typed it.
        return lock_secret(f"typed:{self.person_id}:{password}") if password else ""

    def _typed_before(self) -> str:
        opened = unlock_secret(self.cleaned_data.get("typed_password") or "") or ""
        owner = f"typed:{self.person_id}:"
        return opened[len(owner) :] if opened.startswith(owner) else ""


class OAuthClientForm(forms.Form):
    """What the owner has registered at Google or Microsoft. A secret that is kept need not be typed again."""

    client_id = forms.CharField(
        label=_("Client ID"),
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    secret = SignInField(label=_("Client secret"))
    tenant = forms.CharField(
        label=_("Directory (tenant) ID"),
        max_length=128,
        required=False,
        help_text=_("Only when you chose accounts in this organisation alone. Otherwise leave it empty."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, provider: str, has_secret: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if has_secret:
            self.fields["secret"].help_text = _("Is kept and never shown. Type here only to change it.")
        if provider != SignIn.Provider.MICROSOFT:
            del self.fields["tenant"]


class FullMailboxForm(MailboxForm):
    """All of a mailbox's settings."""

    outgoing = forms.ChoiceField(
        label=_("How mail leaves"), choices=WAYS_OUT, required=False, widget=forms.RadioSelect
    )
    provider = forms.ChoiceField(
        label=_("Provider"), choices=[(key, kind.name) for key, kind in KINDS.items()], required=False
    )
    provider_key = SignInField(
        label=_("Key of the provider"),
        help_text=_("Is kept and never shown. At Mailjet: key and secret with a colon between."),
    )
    provider_url = forms.CharField(
        label=_("Address of its interface, if it is another"),
        max_length=200,
        required=False,
        help_text=_("Such as that of Mailgun in Europe: https://api.eu.mailgun.net/v3"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    aliases = forms.CharField(
        label=_("Other addresses"),
        required=False,
        max_length=2000,
        help_text=_("Addresses whose mail arrives in this mailbox too, one a line."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    imap_folder = forms.CharField(label=_("Folder"), max_length=200, required=False)
    plus_addressing = forms.BooleanField(
        label=_("Mail to name+word@… arrives too"),
        required=False,
        help_text=_("Then an answer finds its conversation even when a mail program drops everything else."),
    )
    signature = forms.CharField(
        label=_("Signature"),
        required=False,
        max_length=2000,
        help_text=_("Stands below every answer from this mailbox."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    acknowledgement = forms.CharField(
        label=_("Answer at once to a new matter"),
        required=False,
        max_length=4000,
        help_text=_("Sent by itself, once, to somebody who writes about something new. Empty sends nothing."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def clean_aliases(self) -> tuple[str, ...]:
        """One address a line, or parted by commas."""
        typed = self.cleaned_data["aliases"].replace(",", "\n").replace(";", "\n").split()
        found = [(each, normalise(each)) for each in typed]
        for each, address in found:
            if address is None or "@" not in address:
                raise forms.ValidationError(_("“%(text)s” is no e-mail address."), params={"text": each})
        return tuple(dict.fromkeys(address for _typed, address in found if address))

    def _more(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "aliases": data["aliases"],
            "folder": data["imap_folder"].strip() or "INBOX",
            "plus_addressing": data["plus_addressing"],
            "signature": data["signature"].strip(),
            "acknowledgement": data["acknowledgement"].strip(),
            "provider": self.provider_choice,
        }

    @property
    def provider_choice(self) -> ProviderChoice | None:
        """By which provider to send; None where a server does."""
        data = self.cleaned_data
        if data["outgoing"] != "provider" or self.is_kept_here:
            return None
        return ProviderChoice(
            data["provider"], data["provider_key"] or None, data["provider_url"].strip().rstrip("/")
        )


def mailbox_initial(channel: Channel) -> dict[str, Any]:
    """What the form of an existing mailbox shows. Passwords are not among it."""
    box: Mailbox = channel.mailbox
    names = ("address", "from_name", "imap_host", "imap_port", "imap_security", "imap_folder")
    more = ("smtp_host", "smtp_port", "smtp_security", "plus_addressing")
    return {
        **{name: getattr(box, name) for name in names + more},
        "outgoing": "provider" if box.outgoing == Mailbox.Outgoing.PROVIDER else "",
        "provider": box.provider,
        "provider_url": box.provider_url,
        "sign_in": box.sign_in.provider if box.sign_in else "",
        "imap_user": box.imap_user if box.imap_user != box.address else "",
        "smtp_no_sign_in": bool(box.smtp_host) and not box.smtp_user,
        "smtp_user": box.smtp_user if box.smtp_user != box.imap_user else "",
        "aliases": "\n".join(box.aliases),
        "promised_first": channel.promised_first_seconds,
        "promised_next": channel.promised_next_seconds,
        "signature": channel.signature,
        "acknowledgement": channel.acknowledgement,
    }
