"""Fetching mail from the mailboxes: raw first, unique, committed; only then does the cursor move.

A mailbox is fetched by one thread of one process at a time (a lease). Nothing on the server changes.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db import close_old_connections, connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dangol.channels.commands import Arrival, retry_raw, store_raw
from dangol.channels.email.imap import Fetched, Imap, ImapError, ImapServer
from dangol.channels.email.problems import Problem
from dangol.channels.events import MailboxFailing, MailboxWorking, MailSetAside
from dangol.channels.models import Mailbox, Raw
from dangol.channels.sign_ins import EARLY, token_source
from dangol.kernel import clock
from dangol.kernel.db import relax_durability
from dangol.kernel.errors import Refused
from dangol.kernel.events import emit
from dangol.kernel.leases import give_back_lease, take_lease
from dangol.kernel.processes import this_process
from dangol.kernel.troubles import DATABASE_AWAY

log = logging.getLogger(__name__)

BATCH: Final = 25
BATCH_BYTES: Final = 8 * 1024 * 1024
LEASE_SECONDS: Final = 120
IDLE_SECONDS: Final = 45  # well within the lease, which is renewed after each wait
POLL_SECONDS: Final = 30
LEASE_POLL_SECONDS: Final = 3  # until it is seen that the process that fetched a mailbox is gone
DATABASE_SECONDS: Final = 3
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
        if take_lease(_lease(pk), holder=this_process(), seconds=LEASE_SECONDS, at=clock.now()):
            try:
                mailbox = Mailbox.objects.select_related("channel").get(pk=pk)
                with Imap(server_of(mailbox)) as imap:
                    new += fetch_new(mailbox, imap)
            finally:
                give_back_lease(_lease(pk), holder=this_process())
    return new


class StillNotThere(Refused):
    message = _(
        "The mail server does not hand this mail out. Look at it in your mail program; try again later."
    )


class NotOursAnyMore(Exception):
    """The mailbox was connected elsewhere, or another process fetches it now: nothing more may be stored."""


def fetch_new(mailbox: Mailbox, imap: Imap, *, keeps_lease: Callable[[], bool] = lambda: True) -> int:
    """Store everything behind the mailbox's cursor and move it along; returns how many were new.

    The bytes and the cursor commit together, so that after any crash they agree. A UIDVALIDITY that changed
    voids the cursor: all is read again, and what is known by its bytes is not stored twice. Raises NotOursAnyMore.
    """
    state = imap.select(mailbox.imap_folder)
    if mailbox.uid_validity != state.uid_validity:
        mailbox.uid_validity, mailbox.last_uid = state.uid_validity, 0
    new = 0
    for batch in _batches(imap.fetch_since(mailbox.last_uid, batch=BATCH)):
        if not keeps_lease():
            raise NotOursAnyMore
        new += _store(mailbox, batch)
    _note_success(mailbox)
    return new


def retry_mail(raw: Raw) -> bool:
    """Let a mail in quarantine be taken in again; one that the server did not hand out is asked for again.

    True when it was in quarantine. Refused (StillNotThere) when the server still does not.
    """
    if raw.size == 0:
        _fetch_again(raw)
    return retry_raw(raw=raw)


def _fetch_again(raw: Raw) -> None:
    mailbox = Mailbox.objects.select_related("channel").get(pk=raw.channel_id)
    validity, _slash, uid = raw.source.removeprefix("imap ").partition("/")
    fetched = None
    try:
        with Imap(server_of(mailbox)) as imap:
            if uid.isdigit() and str(imap.select(mailbox.imap_folder).uid_validity) == validity:
                fetched = imap.fetch_one(int(uid))
    except ImapError as error:
        raise StillNotThere from error
    if fetched is None or not fetched.raw:
        raise StillNotThere
    Raw.objects.filter(pk=raw.pk).update(**Raw.fields_for(fetched.raw))


def server_of(mailbox: Mailbox) -> ImapServer:
    """The mailbox's incoming server."""
    sign_in = mailbox.sign_in
    return ImapServer(
        host=mailbox.imap_host,
        port=mailbox.imap_port,
        security=mailbox.imap_security,  # type: ignore[arg-type]
        user=mailbox.imap_user,
        password=mailbox.imap_password or "",
        token=token_source(mailbox.pk) if sign_in else None,
        # A token that runs out ends the connection at some providers: better a new one before.
        epoch=sign_in.version + (not sign_in.is_good(clock.now() + EARLY)) if sign_in else 0,
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
        same = Mailbox.objects.filter(
            pk=mailbox.pk,
            imap_host=mailbox.imap_host,
            imap_user=mailbox.imap_user,
            imap_folder=mailbox.imap_folder,
        )
        if not same.update(uid_validity=mailbox.uid_validity, last_uid=mailbox.last_uid, fetched_at=at):
            raise NotOursAnyMore  # the owner has connected it elsewhere; what was stored here is rolled back
    return new


def _note_unreadable(mailbox: Mailbox, fetched: Fetched, at: datetime) -> None:
    # The server lists it and cannot hand it out: staff sees that there is something, and where.
    source = f"imap {mailbox.uid_validity}/{fetched.uid}"
    raw, is_new = Raw.objects.get_or_create(
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
    if is_new:
        emit(MailSetAside(happened_at=at, raw_id=raw.pk, channel_id=raw.channel_id))


def _watch(pk: int) -> None:
    holder = f"{this_process()}:{threading.get_ident()}"
    failures = 0

    def began() -> None:
        nonlocal failures
        failures = 0

    try:
        while True:
            try:
                if pk not in _wanted():
                    break
                relax_durability()  # each round: the connection may be another one
                if take_lease(_lease(pk), holder=holder, seconds=LEASE_SECONDS, at=clock.now()):
                    _follow(pk, holder, began)
                else:
                    time.sleep(LEASE_POLL_SECONDS)
            except NotOursAnyMore:
                log.info("mailbox=%s connected elsewhere", pk)
            except DATABASE_AWAY as failure:
                # Nothing is wrong with the mailbox. The lease stays this thread's, as far as anybody can tell.
                log.warning("mailbox=%s database=%s", pk, type(failure).__name__)
                connection.close()
                time.sleep(DATABASE_SECONDS)
            except Exception as failure:
                failures += 1
                _note_failure(pk, failure)
                time.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS)) - 1])
            close_old_connections()
    finally:
        # The next thread of this process must not wait for this one's lease.
        with contextlib.suppress(*DATABASE_AWAY):
            connection.close()
            give_back_lease(_lease(pk), holder=holder)
        connection.close()


def _follow(pk: int, holder: str, began: Callable[[], None]) -> None:
    def keeps_lease() -> bool:
        return take_lease(_lease(pk), holder=holder, seconds=LEASE_SECONDS, at=clock.now())

    mailbox = Mailbox.objects.select_related("channel").get(pk=pk)
    settings = server_of(mailbox)
    with Imap(settings) as imap:
        while True:
            fetch_new(mailbox, imap, keeps_lease=keeps_lease)
            began()
            imap.wait(IDLE_SECONDS, poll_every=POLL_SECONDS)
            fresh = Mailbox.objects.select_related("channel").filter(pk=pk, channel__is_active=True).first()
            if fresh is None or server_of(fresh) != settings or fresh.imap_folder != mailbox.imap_folder:
                return
            if not keeps_lease():
                return
            mailbox = fresh


def _note_success(mailbox: Mailbox) -> None:
    at = clock.now()
    with transaction.atomic():
        Mailbox.objects.filter(pk=mailbox.pk).update(fetched_at=at, failing_since=None, failure="")
        if mailbox.failure:
            emit(MailboxWorking(happened_at=at, channel_id=mailbox.pk))
    mailbox.failure = ""


def _note_failure(pk: int, failure: Exception) -> None:
    if isinstance(failure, ImapError):
        if failure.problem is Problem.FOLDER_RENUMBERED:
            return  # the next round reads it anew
        word = str(failure.problem)
        log.warning("mailbox=%s failed=%s", pk, word)
    else:
        # Whatever it was, mail does not come: people have to see it, and not look for it at the mail server.
        word = str(Problem.NOT_STORED) if isinstance(failure, OSError) else type(failure).__name__
        log.exception("mailbox=%s failed=%s", pk, word)
        connection.close()
    at = clock.now()
    with contextlib.suppress(*DATABASE_AWAY), transaction.atomic():
        began = Mailbox.objects.filter(pk=pk, failing_since=None).update(failing_since=at)
        Mailbox.objects.filter(pk=pk).update(failure=word[:40])
        if began:
            emit(MailboxFailing(happened_at=at, channel_id=pk))


def _wanted() -> list[int]:
    rows = Mailbox.objects.filter(channel__is_active=True).exclude(imap_host="")
    # Where nobody has signed in yet there is nothing to try.
    rows = rows.filter(Q(oauth=None) | ~Q(oauth__locked_refresh_token=""))
    return list(rows.values_list("pk", flat=True))


def _lease(pk: int) -> str:
    return f"mailbox:{pk}"


def _batches(fetched: Iterator[Fetched]) -> Iterator[list[Fetched]]:
    # Small, so that a mailbox with large mail does not hold it all in memory before the first commit.
    batch: list[Fetched] = []
    size = 0
    for each in fetched:
        batch.append(each)
        size += len(each.raw)
        if len(batch) >= BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
