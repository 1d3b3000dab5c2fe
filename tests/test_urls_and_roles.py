"""Every address of the project, held against every role and the stranger.

A URL without a line here fails the last tests of this file, and so does a line whose view asks for another right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from dangol.staff.rights import RIGHTS
from tests.parts.cast import hire, mail, open_mailbox, receiving

ROLES: Final = ("owner", "manager", "agent")
EVERYBODY: Final = frozenset(ROLES)
LEADS: Final = frozenset({"owner", "manager"})
OWNER: Final = frozenset({"owner"})
SIGN_IN: Final = "/account/login/"
EVERY_URL: Final = "tests.urls_with_demo"


@dataclass(frozen=True)
class Line:
    """Who reaches a URL. `names` are the parts of its address, as the world below has them."""

    who: frozenset[str]
    method: str = "GET"
    names: tuple[str, ...] = ()
    data: dict[str, str] = field(default_factory=dict)
    is_open: bool = False  # strangers too
    is_closed: bool = False  # nobody: 404
    is_by_token: bool = False  # programs alone: no session opens it
    answers: frozenset[int] = frozenset()  # others than the usual, for those who may


def to(who: frozenset[str], method: str = "GET", *names: str, **data: str) -> Line:
    """A line for people who are signed in."""
    return Line(who, method, names, data)


OPEN: Final = Line(EVERYBODY, is_open=True)
CLOSED: Final = Line(frozenset(), is_closed=True)
BY_TOKEN: Final = Line(frozenset(), is_open=True, is_by_token=True)
LOOKING, DOING = "GET", "POST"
NOTHING_THERE: Final = frozenset({302, 404})  # let in, and what they ask for does not exist yet

TABLE: Final[dict[str, Line]] = {
    # The desk
    "today": to(EVERYBODY),
    "inbox": to(EVERYBODY),
    "rail": to(EVERYBODY),
    "search": to(EVERYBODY),
    "customers": to(EVERYBODY),
    "new_customer": to(EVERYBODY),
    "segments": to(EVERYBODY),
    "segment": to(EVERYBODY, LOOKING, "segment_id"),
    "new_segment": to(LEADS),
    "segments_compared": to(LEADS),
    "segment_change": to(LEADS, LOOKING, "segment_id"),
    "segment_csv": to(LEADS, LOOKING, "segment_id"),
    "segment_order": to(LEADS, DOING),
    "segment_removal": to(LEADS, DOING, "segment_id"),
    "segment_return": Line(LEADS, DOING, ("removal_id",), answers=NOTHING_THERE),
    "segment_members": to(LEADS, DOING, "segment_id"),
    "segment_member_removal": to(LEADS, DOING, "segment_id", "customer_id"),
    "customers_import": to(LEADS),
    "customer_import": Line(
        LEADS, LOOKING, ("job_id",), answers=NOTHING_THERE
    ),  # the file there is one of orders
    "customer_import_refused": Line(LEADS, LOOKING, ("job_id",), answers=NOTHING_THERE),
    "customer": to(EVERYBODY, LOOKING, "customer_id"),
    "orders": to(EVERYBODY),
    "orders_import": to(LEADS),
    "order_import": to(LEADS, LOOKING, "job_id"),
    "order_import_refused": Line(LEADS, LOOKING, ("job_id",), answers=NOTHING_THERE),
    "order": to(EVERYBODY, LOOKING, "order_id"),
    "customer_profile": to(EVERYBODY, LOOKING, "customer_id"),
    "customer_notes": to(EVERYBODY, DOING, "customer_id"),
    "customer_note_return": Line(EVERYBODY, DOING, ("customer_id",), answers=NOTHING_THERE),
    "customer_note_removal": to(EVERYBODY, DOING, "customer_id", "note_id"),
    "customer_introduction": to(EVERYBODY, DOING, "customer_id"),
    "customer_tags": to(EVERYBODY, DOING, "customer_id"),
    "customer_identities": to(EVERYBODY, DOING, "customer_id"),
    "customer_identity_removal": to(EVERYBODY, DOING, "customer_id", "identity_id"),
    "customer_identity_split": to(EVERYBODY, DOING, "customer_id", "identity_id"),
    "customer_consents": to(EVERYBODY, DOING, "customer_id"),
    "customer_likeness": to(EVERYBODY, LOOKING, "customer_id"),
    "customer_merging": to(EVERYBODY, LOOKING, "customer_id", "other_id"),
    "customer_difference": to(EVERYBODY, DOING, "customer_id", "other_id"),
    "customer_data": to(LEADS, LOOKING, "customer_id"),
    "customer_export": Line(
        LEADS, LOOKING, ("customer_id",), answers=NOTHING_THERE
    ),  # asks for the password first
    "customer_erasure": Line(OWNER, DOING, ("customer_id",), {"name": "Nobody"}, answers=frozenset({422})),
    "merge": to(EVERYBODY, LOOKING, "merge_id"),
    "merge_undo": to(EVERYBODY, DOING, "merge_id"),
    "unsubscribe": Line(EVERYBODY, names=("signed",), is_open=True),
    "answer_times": to(EVERYBODY),
    "answer_times_list": to(EVERYBODY),
    "answer_times_csv": to(EVERYBODY),
    "worth_statement": to(LEADS),
    "worth_statement_csv": to(LEADS),
    "worth_tightrope": to(LEADS),
    "worth_wishes": to(LEADS),
    "causes_to_name": to(LEADS),
    "worth_entries": to(LEADS),
    "worth_entries_csv": to(LEADS),
    "worth_entry": to(LEADS, LOOKING, "entry_id"),
    "alarm_acknowledgement": to(LEADS, DOING, "alarm_id"),
    "alarm_reminder": to(LEADS, DOING, "alarm_id"),
    "stuck_work": to(LEADS),
    "stuck_mail_file": to(LEADS, LOOKING, "raw_id"),
    "stuck_mail_retry": to(LEADS, DOING, "raw_id"),
    "stuck_delivery_retry": to(LEADS, DOING, "delivery_id"),
    "stuck_delivery_drop": to(LEADS, DOING, "delivery_id"),
    "stuck_delivery_keep": to(LEADS, DOING, "delivery_id"),
    "stuck_setback_retry": to(LEADS, DOING, "setback_id"),
    # One conversation
    "conversation": to(EVERYBODY, LOOKING, "conversation_id"),
    "reply": to(EVERYBODY, DOING, "conversation_id"),
    "reply_undo": Line(EVERYBODY, DOING, ("conversation_id",), answers=NOTHING_THERE),
    "authorship": Line(EVERYBODY, DOING, ("conversation_id",), answers=NOTHING_THERE),
    "note": to(EVERYBODY, DOING, "conversation_id"),
    "draft": to(EVERYBODY, DOING, "conversation_id"),
    "assignment": to(EVERYBODY, DOING, "conversation_id"),
    "closure": to(EVERYBODY, DOING, "conversation_id"),
    "reopening": to(EVERYBODY, DOING, "conversation_id"),
    "postponement": to(EVERYBODY, DOING, "conversation_id"),
    "giving": to(EVERYBODY, LOOKING, "conversation_id"),
    "suggested_giving": to(EVERYBODY, DOING, "conversation_id"),
    "customer_giving": to(EVERYBODY, LOOKING, "customer_id"),
    "order_giving": to(EVERYBODY, LOOKING, "order_id"),
    "wish": to(EVERYBODY, LOOKING, "wish_id"),
    "wish_approval": to(LEADS, DOING, "wish_id"),
    "wish_refusal": to(LEADS, DOING, "wish_id"),
    "wish_withdrawal": to(EVERYBODY, DOING, "wish_id"),
    "message_html": to(EVERYBODY, LOOKING, "message_id"),
    "attachment": to(EVERYBODY, LOOKING, "attachment_id"),
    # The first visit; once somebody has an account it only leads on
    "set_up": OPEN,
    "set_up_code": OPEN,
    "set_up_business": OPEN,
    "set_up_owner": OPEN,
    "set_up_mailbox": to(OWNER),
    "set_up_ready": to(OWNER),
    # Settings
    "settings": to(EVERYBODY),
    "business_settings": to(OWNER),
    "rates_settings": to(OWNER),
    "rates_import": to(OWNER),
    "places_settings": to(OWNER),
    "place_settings": to(OWNER, DOING, "place_id", name="Hongdae"),
    "hours_settings": to(OWNER),
    "goodwill_settings": to(OWNER),
    "causes": to(OWNER, DOING, name="The fryer"),
    "cause": to(OWNER, DOING, "cause_id", name="The fryer"),
    "your_data": to(OWNER),
    "everything_file": Line(OWNER, answers=NOTHING_THERE),  # asks for the password first
    "backups": to(OWNER),
    "backup_now": to(OWNER, DOING),
    "backup_file": Line(OWNER, LOOKING, ("backup_id",), answers=NOTHING_THERE),  # asks for the password first
    "connections": to(OWNER),
    "api_tokens": to(OWNER, DOING, name="Till", scopes="orders:read"),
    "api_token_revocation": to(OWNER, DOING, "token_id"),
    "api_documentation": to(OWNER),
    "api_openapi": OPEN,
    "shops": to(OWNER, DOING, kind="woocommerce"),
    "shop_disconnection": to(OWNER, DOING, "shop_id"),
    "shop_retry": to(OWNER, DOING, "shop_id"),
    "shop_hook": Line(EVERYBODY, DOING, ("hook_token",), is_open=True, answers=frozenset({401})),
    "api_orders": BY_TOKEN,
    "api_order": Line(frozenset(), names=("uid",), is_open=True, is_by_token=True),
    "api_refunds": Line(frozenset(), names=("uid",), is_open=True, is_by_token=True),
    "api_nothing_here": Line(frozenset(), names=("rest",), is_closed=True),
    "mailboxes": to(LEADS),
    "new_mailbox": to(LEADS),
    "mailbox_servers": to(LEADS),
    "mailbox": to(LEADS, LOOKING, "channel_id"),
    "mailbox_sign_in": to(LEADS, DOING, "channel_id"),
    "oauth_client": to(LEADS, LOOKING, "provider"),
    "oauth_return": Line(LEADS, LOOKING, ("provider",)),
    "mailbox_pause": to(LEADS, DOING, "channel_id"),
    "mailbox_resumption": to(LEADS, DOING, "channel_id"),
    "staff": to(LEADS),
    "staff_role": to(OWNER, DOING, "staff_id", role="manager"),
    "staff_deactivation": to(OWNER, DOING, "staff_id"),
    "staff_reactivation": to(OWNER, DOING, "staff_id"),
    "invitations": to(LEADS, DOING, email="new@moonburger.test", role="agent", language="en"),
    "invitation_renewal": to(LEADS, DOING, "invitation_id"),
    "invitation_revocation": to(LEADS, DOING, "invitation_id"),
    "profile": to(EVERYBODY),
    "join": Line(EVERYBODY, names=("token",), is_open=True),
    # Signing in
    "account_login": OPEN,
    "account_logout": OPEN,
    "account_inactive": OPEN,
    "account_reset_password": OPEN,
    "account_reset_password_done": OPEN,
    "account_reset_password_from_key": Line(EVERYBODY, names=("uidb36", "key"), is_open=True),
    "account_reset_password_from_key_done": OPEN,
    "account_reauthenticate": to(EVERYBODY),
    "account_change_password": to(EVERYBODY),
    "mfa_index": to(EVERYBODY),
    "mfa_authenticate": Line(EVERYBODY, is_open=True, answers=frozenset({302})),  # only amid signing in
    "mfa_reauthenticate": to(EVERYBODY),
    "mfa_activate_totp": to(EVERYBODY),
    "mfa_deactivate_totp": Line(EVERYBODY, answers=NOTHING_THERE),
    "mfa_view_recovery_codes": Line(EVERYBODY, answers=NOTHING_THERE),
    "mfa_generate_recovery_codes": to(EVERYBODY),
    "mfa_download_recovery_codes": Line(EVERYBODY, answers=NOTHING_THERE),
    "mfa_list_webauthn": to(EVERYBODY),
    "mfa_add_webauthn": to(EVERYBODY),
    "mfa_reauthenticate_webauthn": to(EVERYBODY),
    "mfa_remove_webauthn": to(EVERYBODY, LOOKING, "pk"),
    "mfa_edit_webauthn": to(EVERYBODY, LOOKING, "pk"),
    # The demo shop, in which nobody else works
    "showcase_entrance": Line(EVERYBODY, names=("token",), is_open=True, answers=NOTHING_THERE),
    "showcase_message": Line(EVERYBODY, LOOKING, ("message_id",), answers=NOTHING_THERE),
    "showcase_outbox": to(EVERYBODY),
    "showcase_mail": to(EVERYBODY, LOOKING, "delivery_id"),
    "showcase_mail_html": to(EVERYBODY, LOOKING, "delivery_id"),
    "showcase_mail_raw": to(EVERYBODY, LOOKING, "delivery_id"),
    # Of allauth, and not wanted: accounts come by invitation
    "account_signup": CLOSED,
    "account_email": CLOSED,
    "account_email_verification_sent": CLOSED,
    "account_set_password": CLOSED,
}


@pytest.fixture(scope="module")
def _everything() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=EVERY_URL, DANGOL_DEMO=True):
        yield


@pytest.fixture(scope="module")
def people(scene: None, _everything: None) -> dict[str, Any]:
    """One of each role."""
    return {
        "owner": hire("Minji", "owner"),
        "manager": hire("Dongsuk", "manager"),
        "agent": hire("Hana", "agent"),
    }


@pytest.fixture(scope="module")
def sessions(people: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The cookies of each who has signed in, and of a stranger."""
    cookies: dict[str, dict[str, str]] = {"stranger": {}}
    for role, person in people.items():
        client = Client()
        client.force_login(person)
        cookies[role] = {name: morsel.value for name, morsel in client.cookies.items()}
    return cookies


@pytest.fixture(scope="module")
def world(people: dict[str, Any]) -> dict[str, Any]:
    """One of everything that an address can name."""
    from dangol.api.commands import make_token
    from dangol.api.shops.commands import connect_shop
    from dangol.business.models import Place
    from dangol.channels.models import Delivery, Raw
    from dangol.customers.commands.merging import merge_customers
    from dangol.customers.commands.profiles import add_customer_note
    from dangol.customers.models import Customer, Segment
    from dangol.customers.unsubscribing import token_of
    from dangol.desk.models import Alarm
    from dangol.goodwill.models import Cause, Entry, Wish
    from dangol.inbox.models import Attachment, Conversation, Message
    from dangol.kernel.models import Event, Setback
    from dangol.orders.models import FileImport, Order, Source
    from dangol.staff.commands.invitations import invite_staff

    at = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)
    receiving(open_mailbox())(mail(files={"photo.bin": b"photo"}))
    conversation = Conversation.objects.get()
    delivery = Delivery.objects.create(
        channel=conversation.channel,
        kind="reply",
        message_id="one@moonburger.test",
        envelope_from="hello@moonburger.test",
        state="failed",
        created_at=at,
        due_at=at,
        **Delivery.fields_for(b"mail"),
    )
    raw = Raw.objects.get()
    Raw.objects.filter(pk=raw.pk).update(state="quarantined")
    setback = Setback.objects.create(follower="x", event=Event.objects.first(), reason="failed", first_at=at)
    entry = Entry.objects.create(
        cost_class="goodwill", kind="gift", booked=1, own_currency="USD", currency="USD", happened_at=at, booked_at=at,
        source_kind="file", source_key="1",
    )  # fmt: skip
    source = Source.objects.create(name="Till", kind="file", created_at=at)
    order = Order.objects.create(
        source=source, key="1", number="1", currency="USD", amount=1, own_currency="USD", ordered_at=at, recorded_at=at
    )  # fmt: skip
    job = FileImport.objects.create(filename="orders.csv", size=1, sample=[["Order", "Date"]], created_at=at)
    alarm = Alarm.objects.create(kind="disk-full", health="bad", since=at, seen_at=at, raised_at=at)
    other, gone = (Customer.objects.create(name=name, created_at=at) for name in ("Other", "Gone"))
    merge = merge_customers(actor=people["agent"], kept=other, gone=gone, take=[], at=datetime.now(UTC))
    note = add_customer_note(actor=people["agent"], customer=conversation.customer, text="note", at=at)
    invited = invite_staff(
        actor=people["owner"],
        email="guest@moonburger.test",
        role="agent",
        language="en",
        link_to=lambda token: token,
        at=datetime.now(UTC),
    )
    shop = connect_shop(actor=None, kind="shopify", name="", secret="hush", at=at).shop
    wish = Wish.objects.create(
        kind="redo",
        own_currency="USD",
        wished=1140,
        proposed=1140,
        state="asked",
        key=uuid4(),
        staff=people["agent"],
        asked_at=at,
    )
    return {
        "conversation_id": conversation.pk,
        "customer_id": conversation.customer_id,
        "other_id": other.pk,
        "note_id": note.pk,
        "identity_id": conversation.customer.identities.get().pk,
        "merge_id": merge.pk,
        "signed": token_of(conversation.customer, "email", "news"),
        "message_id": Message.objects.get().pk,
        "attachment_id": Attachment.objects.get().pk,
        "raw_id": raw.pk,
        "delivery_id": delivery.pk,
        "setback_id": setback.pk,
        "alarm_id": alarm.pk,
        "entry_id": entry.pk,
        "order_id": order.pk,
        "job_id": job.pk,
        "backup_id": 1,
        "channel_id": conversation.channel_id,
        "provider": "google",
        "staff_id": hire("Tom", "agent").pk,
        "invitation_id": invited.invitation.pk,
        "token": invited.link,
        "uidb36": "1",
        "key": "abc-123",
        "pk": 1,
        "wish_id": wish.pk,
        "uid": order.uid,
        "place_id": Place.objects.create(name="Gangnam").pk,
        "shop_id": shop.pk,
        "hook_token": shop.token,
        "rest": "v2/orders",
        "token_id": make_token(
            actor=None, name="Web shop", source="", scopes=["orders:read"], at=at
        ).token.pk,
        "segment_id": Segment.objects.create(name="VIP", kind="list", created_at=at).pk,
        "removal_id": 1,
        "cause_id": Cause.objects.create(name="Packing").pk,
    }


@pytest.mark.django_db
@pytest.mark.parametrize("name", TABLE)
def test_it_opens_to_those_who_may_and_to_nobody_else(
    name: str, world: dict[str, Any], sessions: dict[str, dict[str, str]]
) -> None:
    line = TABLE[name]
    called = {"uid": "order_id", "hook_token": "token"}
    parts = {called.get(part, part): world[part] for part in line.names}
    url = reverse(name, urlconf=EVERY_URL, kwargs=parts)
    for visitor in (*ROLES, "stranger"):
        for method in dict.fromkeys((line.method, "GET", "POST")):
            client = Client(raise_request_exception=True)
            client.cookies.load(sessions[visitor])
            response = _ask(client, method, url, line.data)
            said = f"{visitor} {method} {url}: {response.status_code} {response.get('Location', '')}"
            check_answer(line, visitor, method, response, said)


def _ask(client: Client, method: str, url: str, data: dict[str, str]) -> HttpResponse:
    # What it changes is taken back, so that the next one meets the same world.
    with transaction.atomic():
        response: Any = client.get(url) if method == "GET" else client.post(url, data)
        transaction.set_rollback(True)
    return response


def check_answer(line: Line, visitor: str, method: str, response: HttpResponse, said: str) -> None:
    leads_to_sign_in = response.status_code == 302 and response["Location"].startswith(SIGN_IN)
    if line.is_by_token:
        assert response.status_code in {401, 405}, said
    elif line.is_closed:
        assert response.status_code == 404, said
    elif visitor == "stranger" and not line.is_open:
        assert leads_to_sign_in, said
    elif visitor != "stranger" and visitor not in line.who:
        assert response.status_code == 403 or (method != line.method and response.status_code == 405), said
    elif method == line.method and line.answers:
        assert response.status_code in line.answers, said
    elif method == line.method:
        # 409 and 422 come from the thing itself: whoever gets them was let in.
        assert response.status_code in {200, 204, 302, 303, 409, 422}, said
        assert line.is_open or not leads_to_sign_in, said
    else:
        assert response.status_code not in {401, 403, 500}, said


def _patterns(
    patterns: list[URLPattern | URLResolver] | None = None, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for each in get_resolver(EVERY_URL).url_patterns if patterns is None else patterns:
        if isinstance(each, URLResolver):
            yield from _patterns(each.url_patterns, prefix + str(each.pattern))
        else:
            yield prefix + str(each.pattern), each


def test_every_url_has_a_line_and_every_line_a_url() -> None:
    found = [each.name or f"the nameless {path}" for path, each in _patterns()]
    assert sorted(found) == sorted(set(found)), "two URLs with one name"
    assert set(found) - set(TABLE) == set(), "URLs without a line in the table above"
    assert set(TABLE) - set(found) == set(), "lines without a URL"


@pytest.mark.parametrize(("path", "pattern"), list(_patterns()), ids=lambda each: getattr(each, "name", ""))
def test_the_right_of_the_view_is_that_of_the_line(path: str, pattern: URLPattern) -> None:
    right = getattr(pattern.callback, "right", None)
    line = TABLE.get(pattern.name or "")
    if right and line:
        assert {str(role) for role in RIGHTS[right]} == line.who, f"{path} asks for the right {right}"
        assert not line.is_open
        assert getattr(pattern.callback, "login_required", True), f"{path} is open to strangers"


def test_every_view_of_ours_names_its_right() -> None:
    ours = {
        each.name
        for _path, each in _patterns()
        if each.callback.__module__.startswith("dangol.") and not getattr(each.callback, "right", None)
    }
    without = {name for name, line in TABLE.items() if line.is_open or line.is_closed}
    assert ours <= without, "views of ours that anybody signed in reaches, whatever their role"
