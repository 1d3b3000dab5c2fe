"""Fetching mail from the mailboxes: raw first, unique, committed; only then does the cursor move.

A mailbox is fetched by one thread of one process at a time (a lease). Nothing on the server changes.
"""

import logging
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from django.db import DatabaseError, close_old_connections, connection, transaction

from dangol.channels.commands import Arrival, store_raw
from dangol.channels.email.imap import Fetched, Imap, ImapError, ImapServer
from dangol.channels.email.problems import Problem
from dangol.channels.events import MailboxFailing, MailboxWorking
from dangol.channels.models import Mailbox, Raw
from dangol.kernel import clock
from dangol.kernel.db import relax_durability
from dangol.kernel.events import emit
from dangol.kernel.leases import give_back_lease, holder_name, take_lease

log = logging.getLogger(__name__)

BATCH: Final = 25
LEASE_SECONDS: Final = 120
IDLE_SECONDS: Final = 45  # well within the lease, which is renewed after each wait
POLL_SECONDS: Final = 30
BACKOFF_SECONDS: Final = (5, 10, 30, 60, 120, 300)
HISTORY: Final = timedelta(
    days=7
)  # what a new mailbox already held for longer is filed, but waits for nobody

_watched: dict[int, threading.Thread] = {}


def watch_mailboxes() -> int:
    """One turn: every mailbox in use has its thread here, or is another process's. Returns 0: it may rest."""
    for pk in _wanted():
        thread = _watched.get(pk)
        if thread is None or not thread.is_alive():
            _watched[pk] = threading.Thread(target=_watch, args=(pk,), name=f"mailbox-{pk}", daemon=True)
            _watched[pk].start()
    return 0


def fetch_all_once() -> int:
    """Fetch what every mailbox has now and return how many were new. The first that fails raises ImapError."""
    new = 0
    for pk in _wanted():
        if take_lease(_lease(pk), holder=holder_name(), seconds=LEASE_SECONDS, at=clock.now()):
            try:
                mailbox = Mailbox.objects.select_related("channel").get(pk=pk)
                with Imap(server_of(mailbox)) as imap:
                    new += fetch_new(mailbox, imap)
            finally:
                give_back_lease(_lease(pk), holder=holder_name())
    return new


def fetch_new(mailbox: Mailbox, imap: Imap) -> int:
    """Store everything behind the mailbox's cursor and move it along; returns how many were new.

    The bytes and the cursor commit together, so that after any crash they agree. A UIDVALIDITY that changed
    voids the cursor: all is read again, and what is known by its bytes is not stored twice.
    """
    state = imap.select(mailbox.imap_folder)
    if mailbox.uid_validity != state.uid_validity:
        mailbox.uid_validity, mailbox.last_uid = state.uid_validity, 0
    new = 0
    for batch in _batches(imap.fetch_since(mailbox.last_uid, batch=BATCH)):
        new += _store(mailbox, batch)
    _note_success(mailbox)
    return new


def server_of(mailbox: Mailbox) -> ImapServer:
    """The mailbox's incoming server."""
    return ImapServer(
        host=mailbox.imap_host,
        port=mailbox.imap_port,
        security=mailbox.imap_security,  # type: ignore[arg-type]
        user=mailbox.imap_user,
        password=mailbox.imap_password or "",
    )


def _store(mailbox: Mailbox, batch: list[Fetched]) -> int:
    at = clock.now()
    old = mailbox.channel.created_at - HISTORY
    arrivals: dict[bool, list[Arrival]] = {True: [], False: []}
    for fetched in batch:
        if fetched.missing == "unreadable":
            continue
        received_at = min(fetched.internal_date or at, at)
        source = f"imap {mailbox.uid_validity}/{fetched.uid}"
        arrivals[received_at < old].append(Arrival(fetched.raw, received_at, source))
    with transaction.atomic():
        new = sum(
            store_raw(channel=mailbox.channel, arrivals=some, at=at, is_silent=silent)
            for silent, some in arrivals.items()
            if some
        )
        for fetched in batch:
            if fetched.missing == "unreadable":
                _note_unreadable(mailbox, fetched, at)
        mailbox.last_uid = max(fetched.uid for fetched in batch)
        Mailbox.objects.filter(pk=mailbox.pk).update(
            uid_validity=mailbox.uid_validity, last_uid=mailbox.last_uid, fetched_at=at
        )
    return new


def _note_unreadable(mailbox: Mailbox, fetched: Fetched, at: datetime) -> None:
    # The server lists it and cannot hand it out: staff sees that there is something, and where.
    source = f"imap {mailbox.uid_validity}/{fetched.uid}"
    Raw.objects.get_or_create(
        channel=mailbox.channel,
        key=f"unreadable {source}"[:64],
        defaults={
            "source": source,
            "received_at": fetched.internal_date or at,
            "stored_at": at,
            "state": Raw.State.QUARANTINED,
            "reason": "fetching: the server did not hand it out",
            **Raw.fields_for(b""),
        },
    )


def _watch(pk: int) -> None:
    holder = f"{holder_name()}:{threading.get_ident()}"
    failures = 0
    relax_durability()
    while pk in _wanted():
        try:
            if not take_lease(_lease(pk), holder=holder, seconds=LEASE_SECONDS, at=clock.now()):
                time.sleep(POLL_SECONDS)
                continue
            failures = _follow(pk, holder, failures)
        except ImapError as error:
            failures += 1
            _note_failure(pk, error)
            time.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS)) - 1])
        except DatabaseError as error:
            failures += 1
            log.warning("mailbox=%s database failed=%s", pk, type(error).__name__)
            connection.close()
            time.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS)) - 1])
            relax_durability()
        close_old_connections()
    give_back_lease(_lease(pk), holder=holder)
    connection.close()


def _follow(pk: int, holder: str, failures: int) -> int:
    mailbox = Mailbox.objects.select_related("channel").get(pk=pk)
    settings = server_of(mailbox)
    with Imap(settings) as imap:
        while True:
            fetch_new(mailbox, imap)
            failures = 0
            imap.wait(IDLE_SECONDS, poll_every=POLL_SECONDS)
            if not take_lease(_lease(pk), holder=holder, seconds=LEASE_SECONDS, at=clock.now()):
                return failures
            fresh = Mailbox.objects.select_related("channel").filter(pk=pk, channel__is_active=True).first()
            if fresh is None or server_of(fresh) != settings or fresh.imap_folder != mailbox.imap_folder:
                return failures
            mailbox = fresh


def _note_success(mailbox: Mailbox) -> None:
    at = clock.now()
    with transaction.atomic():
        Mailbox.objects.filter(pk=mailbox.pk).update(fetched_at=at, failing_since=None, failure="")
        if mailbox.failure:
            emit(MailboxWorking(happened_at=at, channel_id=mailbox.pk))
    mailbox.failure = ""


def _note_failure(pk: int, error: ImapError) -> None:
    if error.problem is Problem.FOLDER_RENUMBERED:
        return  # the next round reads it anew
    at = clock.now()
    log.warning("mailbox=%s failed=%s", pk, error.problem)
    with transaction.atomic():
        began = Mailbox.objects.filter(pk=pk, failing_since=None).update(failing_since=at)
        Mailbox.objects.filter(pk=pk).update(failure=str(error.problem)[:40])
        if began:
            emit(MailboxFailing(happened_at=at, channel_id=pk))


def _wanted() -> list[int]:
    rows = Mailbox.objects.filter(channel__is_active=True).exclude(imap_host="")
    return list(rows.values_list("pk", flat=True))


def _lease(pk: int) -> str:
    return f"mailbox:{pk}"


def _batches(fetched: Iterator[Fetched]) -> Iterator[list[Fetched]]:
    # Small, so that a mailbox with large mail does not hold it all in memory before the first commit.
    while batch := list(islice(fetched, BATCH)):
        yield batch
