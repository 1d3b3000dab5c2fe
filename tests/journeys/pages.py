"""Every page there is, in one place: test_every_page.py visits them all and fails for a URL without a line here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OWNER: Final = "Minji"
STRANGER: Final = ""


@dataclass(frozen=True)
class Line:
    """A page. `parts` of its address and `{…}` in its `query` are names of the world (test_every_page.py).

    `who` looks at it. `foreign` are words on it that are in no language of ours, such as what a server said.
    """

    parts: tuple[str, ...] = ()
    query: str = ""
    who: str = OWNER
    foreign: frozenset[str] = frozenset()


@dataclass(frozen=True)
class NoPage:
    """A URL where nothing is to be seen, and why."""

    why: str


def words(*lines: str) -> frozenset[str]:
    """The words of the lines."""
    return frozenset(word for line in lines for word in line.split())


def seen_by(who: str, *parts: str, query: str = "", foreign: str = "") -> Line:
    """A page as somebody of the cast sees it."""
    return Line(parts, query, who, words(foreign))


ACT: Final = NoPage("an act: it leads to the page of its thing")
FILE: Final = NoPage("a file to save")
PROGRAMS: Final = NoPage("asked by programs, with a token")
PART: Final = NoPage("a part of a page")
CLOSED: Final = NoPage("closed: it answers as a page that is not there")
LEADS_ON: Final = NoPage("leads on to another page")
STEP: Final = NoPage(
    "a step of the first visit: test_every_page.py goes through them with an installation that is new"
)

NETWORKS: Final = "KakaoTalk Naver Instagram Facebook WhatsApp LINE Telegram Bluesky Mastodon Matrix XMPP"

PAGES: Final[dict[str, Line | NoPage]] = {
    # The desk
    "today": seen_by(OWNER),
    "inbox": seen_by("Hana"),
    "conversation": seen_by("Hana", "conversation_id", foreign="no such user"),
    "customers": seen_by("Hana"),
    "new_customer": seen_by("Hana"),
    "customer": seen_by("Hana", "customer_id", foreign=NETWORKS),
    "customer_profile": seen_by("Hana", "customer_id", foreign=NETWORKS),
    "segments": seen_by("Hana"),
    "segment": seen_by(OWNER, "segment_id"),
    "new_segment": seen_by(OWNER, foreign=NETWORKS),
    "segment_change": seen_by(OWNER, "segment_id", foreign=NETWORKS),
    "segments_compared": seen_by(OWNER),
    "segment_csv": FILE,
    "segment_order": ACT,
    "segment_removal": ACT,
    "segment_return": ACT,
    "segment_members": ACT,
    "segment_member_removal": ACT,
    "customer_likeness": seen_by("Hana", "customer_id"),
    "customer_merging": seen_by("Hana", "customer_id", "other_id"),
    "merge": seen_by("Hana", "merge_id"),
    "unsubscribe": seen_by(STRANGER, "signed"),
    "customer_data": seen_by(OWNER, "customer_id"),
    "customer_export": FILE,
    "customer_erasure": ACT,
    "customers_import": seen_by(OWNER, foreign="csv gz xlsx"),
    "customer_import": NoPage("as order_import is; desk/tests/test_customer_import.py opens it"),
    "customer_import_refused": FILE,
    "customer_notes": ACT,
    "customer_note_return": ACT,
    "customer_note_removal": ACT,
    "customer_introduction": ACT,
    "customer_tags": ACT,
    "customer_identities": ACT,
    "customer_identity_removal": ACT,
    "customer_identity_split": ACT,
    "customer_consents": ACT,
    "customer_difference": ACT,
    "merge_undo": ACT,
    "search": seen_by("Hana", query="?q=쿠폰"),
    "orders": seen_by("Hana"),
    "orders_import": seen_by(OWNER, foreign="orders csv gz xlsx"),
    "order_import": seen_by(OWNER, "job_id", foreign="orders csv"),
    "order_import_refused": FILE,
    "order": seen_by("Hana", "order_id", foreign="Till"),
    "answer_times": seen_by("Hana"),
    "answer_times_list": seen_by("Hana"),
    "stuck_work": seen_by(OWNER, foreign="no such user a sent reply stops the clock reading ValueError"),
    "worth_statement": seen_by(OWNER),
    "worth_tightrope": seen_by(OWNER),
    "worth_wishes": seen_by(OWNER),
    "causes_to_name": seen_by(OWNER),
    "worth_entries": seen_by(OWNER),
    "worth_entry": seen_by(OWNER, "entry_id"),
    "worth_statement_csv": FILE,
    "worth_entries_csv": FILE,
    "alarm_acknowledgement": ACT,
    "alarm_reminder": ACT,
    "rail": PART,
    "answer_times_csv": FILE,
    "stuck_mail_file": FILE,
    "stuck_mail_retry": ACT,
    "stuck_delivery_retry": ACT,
    "stuck_delivery_drop": ACT,
    "stuck_delivery_keep": ACT,
    "stuck_setback_retry": ACT,
    "reply": ACT,
    "reply_undo": ACT,
    "authorship": ACT,
    "note": ACT,
    "draft": ACT,
    "assignment": ACT,
    "closure": ACT,
    "reopening": ACT,
    "postponement": ACT,
    "giving": seen_by("Hana", "conversation_id"),
    "suggested_giving": ACT,
    "customer_giving": seen_by("Hana", "customer_id"),
    "order_giving": NoPage("as the giving of a conversation, with the order's lines"),
    "wish": NoPage("test_who_may_decides.py opens it"),
    "wish_approval": ACT,
    "wish_refusal": ACT,
    "wish_withdrawal": ACT,
    "message_html": NoPage(
        "a letter in its frame, in the words of its sender; test_hostile_mail.py opens it"
    ),
    "attachment": FILE,
    # The first visit
    "set_up": LEADS_ON,
    "set_up_code": STEP,
    "set_up_business": STEP,
    "set_up_owner": STEP,
    "set_up_mailbox": STEP,
    "set_up_ready": seen_by(OWNER),
    # Settings
    "settings": LEADS_ON,
    "business_settings": seen_by(OWNER),
    "rates_settings": seen_by(OWNER),
    "rates_import": seen_by(OWNER),
    "places_settings": seen_by(OWNER),
    "place_settings": ACT,
    "hours_settings": seen_by(OWNER),
    "goodwill_settings": seen_by(OWNER),
    "causes": ACT,
    "cause": ACT,
    "your_data": seen_by(OWNER, foreign="csv zip"),
    "everything_file": FILE,
    "backups": seen_by(OWNER, foreign="mnt disk backups"),
    "backup_now": ACT,
    "backup_file": FILE,
    "mailboxes": seen_by(OWNER),
    "new_mailbox": seen_by(OWNER),
    "mailbox": seen_by(OWNER, "channel_id"),
    "connections": seen_by(OWNER),
    "api_tokens": ACT,
    "api_token_revocation": ACT,
    "api_documentation": seen_by(
        OWNER, foreign="Authorization Bearer Idempotency Key problem json detail code Retry After key next"
    ),
    "api_openapi": FILE,
    "shops": ACT,
    "shop_disconnection": ACT,
    "shop_retry": ACT,
    "shop_hook": NoPage("asked by the shop's system, signed"),
    "api_orders": PROGRAMS,
    "api_order": PROGRAMS,
    "api_refunds": PROGRAMS,
    "api_nothing_here": PROGRAMS,
    "staff": seen_by(OWNER),
    "profile": seen_by("Hana"),
    "mailbox_servers": PART,
    "oauth_client": seen_by(OWNER, "provider", foreign="Graph AccessAsUser All Send offline access"),
    "oauth_return": LEADS_ON,
    "mailbox_sign_in": ACT,
    "mailbox_pause": ACT,
    "mailbox_resumption": ACT,
    "staff_role": ACT,
    "staff_deactivation": ACT,
    "staff_reactivation": ACT,
    "invitations": ACT,
    "invitation_renewal": ACT,
    "invitation_revocation": ACT,
    "join": seen_by(STRANGER, "token"),
    # Signing in
    "account_login": seen_by(STRANGER),
    "account_logout": seen_by("Hana"),
    "account_inactive": seen_by(STRANGER),
    "account_reset_password": seen_by(STRANGER),
    "account_reset_password_done": seen_by(STRANGER),
    "account_reset_password_from_key": seen_by(STRANGER, "uidb36", "key"),
    "account_reset_password_from_key_done": seen_by(STRANGER),
    "account_reauthenticate": seen_by("Hana"),
    "account_change_password": seen_by("Hana"),
    "mfa_index": seen_by("Dongsuk"),
    "mfa_authenticate": NoPage("amid signing in: test_every_page.py goes there by the form"),
    "mfa_reauthenticate": seen_by("Dongsuk"),
    "mfa_activate_totp": seen_by("Hana"),
    "mfa_deactivate_totp": seen_by("Dongsuk"),
    "mfa_view_recovery_codes": seen_by("Dongsuk"),
    "mfa_generate_recovery_codes": seen_by("Dongsuk"),
    "mfa_download_recovery_codes": FILE,
    "mfa_list_webauthn": seen_by("Dongsuk"),
    "mfa_add_webauthn": seen_by("Dongsuk"),
    "mfa_reauthenticate_webauthn": seen_by("Dongsuk"),
    "mfa_remove_webauthn": seen_by("Dongsuk", "pk"),
    "mfa_edit_webauthn": seen_by("Dongsuk", "pk"),
    "account_signup": CLOSED,
    "account_email": CLOSED,
    "account_email_verification_sent": CLOSED,
    "account_set_password": CLOSED,
    # Only in the demo
    "showcase_entrance": LEADS_ON,
    "showcase_message": LEADS_ON,
    "showcase_outbox": seen_by("Hana", foreign="invites you to the desk of"),
    "showcase_mail": seen_by("Hana", "delivery_id"),
    "showcase_mail_html": NoPage("a letter in its frame"),
    "showcase_mail_raw": NoPage("a mail as it is sent, to read"),
}
