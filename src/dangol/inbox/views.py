"""What staff does in the inbox: each is a POST that ends on the conversation's page."""

from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from dangol.channels.incoming import IncomingAttachment
from dangol.customers.errors import Erased
from dangol.inbox.commands import authorship as said
from dangol.inbox.commands import conversations, drafts, replies
from dangol.inbox.errors import AddressUnclear, DraftChanged, DraftsJoined, OtherReplySent, StaleReply
from dangol.inbox.forms import ComposerForm, read_later
from dangol.inbox.models import Conversation, Draft, Message
from dangol.inbox.reading import (
    composer_view,
    conversation_page,
    draft_of,
    newest_undoable,
    open_conversation,
)
from dangol.inbox.threading import living
from dangol.kernel import clock
from dangol.kernel.errors import Gone, Refused
from dangol.kernel.places import read_id
from dangol.staff.models import Staff
from dangol.staff.rights import actor, needs

Recipients = dict[str, list[dict[str, Any]]]


@require_POST
@needs("answer")
def reply(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Send what is in the composer. Refused, it is all still there."""
    person, at, conversation = actor(request), clock.now(), _open(conversation_id)
    form = ComposerForm.of(request)
    if form.is_note:
        return note(request, conversation_id)  # its words are for the team, whichever button was pressed
    sent = replies.reply_with_key(person, form.send_key)
    if sent and sent.text == form.words:
        return _to_conversation(request, conversation_id)  # the second click
    try:
        draft = _keep(request, person, conversation, form, conversation_id)
        replies.send_reply(actor=person, draft=draft, key=form.send_key, at=at)
        if request.POST.get("then") == "done":
            conversations.close_conversation(actor=person, conversation=conversation, at=at)
    except Refused as refusal:
        return _refused(request, person, conversation_id, refusal, form)
    return _to_conversation(request, conversation_id)


@require_POST
@needs("answer")
def note(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Leave a note for the team."""
    person, conversation = actor(request), _open(conversation_id)
    form = ComposerForm.of(request)
    if conversations.note_with_key(person, form.send_key, form.words):
        return _to_conversation(request, conversation_id)  # the second click
    try:
        if form.words.strip():
            _save(person, conversation, form, conversation_id, is_note=True)
        conversations.add_note(
            actor=person, conversation=conversation, text=form.words, at=clock.now(), key=form.send_key
        )
    except Refused as refusal:
        return _refused(request, person, conversation_id, refusal, form)
    return _to_conversation(request, conversation_id)


@require_POST
@needs("answer")
def draft(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Keep, discard or change the draft. JSON is the autosave and is answered with the draft's version."""
    person, at, conversation = actor(request), clock.now(), _open(conversation_id)
    form = ComposerForm.of(request)
    if request.content_type == "application/json":
        return _autosave(person, conversation, form, conversation_id)
    if "discard" in request.POST:
        page = (conversation_id, form.value("version"))
        drafts.discard_draft(actor=person, conversation=conversation, at=at, page=page)
        return _to_conversation(request, conversation_id)
    try:
        kept = _keep(request, person, conversation, form, conversation_id)
        if (file := read_id(request.POST.get("detach", ""))) is not None:
            drafts.detach_file(actor=person, draft=kept, attachment_id=file)
        if (base := read_id(request.POST.get("read_up_to", ""))) is not None:
            drafts.rebase_draft(actor=person, draft=kept, base_message_id=base)
    except Refused as refusal:
        return _refused(request, person, conversation_id, refusal, form)
    return _to_conversation(request, conversation_id)


@require_POST
@needs("answer")
def reply_undo(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Take a reply back before it leaves; its text is in the composer again."""
    message = _message(request, conversation_id)
    replies.undo_reply(actor=actor(request), message=message, at=clock.now())
    return _to_conversation(request, conversation_id)


@require_POST
@needs("answer")
def authorship(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """A person wrote what was taken for a machine's mail, or a machine after all."""
    message = _message(request, conversation_id)
    recognise = said.recognise_machine if request.POST.get("by") == "machine" else said.recognise_person
    recognise(actor=actor(request), message=message, at=clock.now())
    return _to_conversation(request, conversation_id)


@require_POST
@needs("answer")
def assignment(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Make it somebody's, or nobody's."""
    wanted = request.POST.get("assignee", "")
    assignee = Staff.objects.filter(pk=read_id(wanted) or 0, is_active=True).first()
    if wanted and assignee is None:
        raise Gone
    conversations.assign_conversation(
        actor=actor(request),
        conversation=_open(conversation_id),
        assignee=assignee,
        at=clock.now(),
    )
    return _to_conversation(request, conversation_id)


@require_POST
@needs("answer")
def closure(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """The matter is done."""
    conversation = _open(conversation_id)
    conversations.close_conversation(actor=actor(request), conversation=conversation, at=clock.now())
    return _to_conversation(request, conversation_id)


@require_POST
@needs("answer")
def reopening(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """It was not done after all, or need not wait until later."""
    conversation = _open(conversation_id)
    conversations.reopen_conversation(actor=actor(request), conversation=conversation, at=clock.now())
    return _to_conversation(request, conversation_id)


@require_POST
@needs("answer")
def postponement(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Off the list until a time."""
    at = clock.now()
    conversations.postpone_conversation(
        actor=actor(request),
        conversation=_open(conversation_id),
        until=read_later(request, at),
        at=at,
    )
    return _to_conversation(request, conversation_id)


def _open(conversation_id: int) -> Conversation:
    """The conversation, or the one that it became while its page was open."""
    row = open_conversation(conversation_id)
    return row if row.merged_into_id is None else open_conversation(living(row).pk)


def _message(request: HttpRequest, conversation_id: int) -> Message:
    here = Message.objects.select_related("delivery").filter(conversation=_open(conversation_id))
    message = here.filter(pk=read_id(request.POST.get("message", "")) or 0).first()
    if message is None:
        raise Gone
    return message


def _keep(
    request: HttpRequest, person: Staff, conversation: Conversation, form: ComposerForm, page_of: int
) -> Draft:
    """The draft with all that the form holds. The text is kept even where an address is refused."""
    kept = _save(person, conversation, form, page_of, is_note=form.is_note)
    for file in request.FILES.getlist("files"):
        drafts.make_room(draft=kept, size=file.size or 0)  # before it is all in memory
        drafts.attach_file(
            actor=person,
            draft=kept,
            file=IncomingAttachment(
                file.name, file.content_type or "application/octet-stream", file.read(), False, None
            ),
        )
    return kept


def _save(
    person: Staff, conversation: Conversation, form: ComposerForm, page_of: int, *, is_note: bool
) -> Draft:
    at, base = clock.now(), form.value("base_message_id")
    refusal = None
    checked: Recipients = {}
    try:
        checked = {} if is_note else _recipients(form)
    except AddressUnclear as unclear:
        refusal = unclear
    kept = drafts.save_draft(
        actor=person,
        conversation=conversation,
        text=form.words,
        at=at,
        base_message_id=base,
        page=(page_of, form.value("version")),
        is_note=is_note,
        to=checked.get("to"),
        cc=checked.get("cc"),
        bcc=checked.get("bcc"),
    )
    if kept.text != form.words.replace("\x00", ""):
        raise DraftsJoined  # nobody sends, or leaves as a note, what is not on the page
    if refusal:
        raise refusal
    return kept


def _recipients(form: ComposerForm) -> Recipients:
    return {role: drafts.checked_parties(rows) for role, rows in form.parties.items()}


def _autosave(person: Staff, conversation: Conversation, form: ComposerForm, page_of: int) -> JsonResponse:
    at, version = clock.now(), form.value("version")
    known = draft_of(person, conversation)
    if known and (known.text, known.is_note) == (form.words, form.is_note) and version != known.version:
        # A page that was closed saved this already; the next one, which did not know, is not another writer.
        return JsonResponse({"version": known.version, "saved_at": known.saved_at.isoformat()})
    if known is None and not form.words.strip():
        return JsonResponse({"version": 0})
    checked: Recipients = {}
    # Half an address is one that is still being typed.
    with suppress(AddressUnclear):
        checked = {} if form.is_note else _recipients(form)
    try:
        kept = drafts.save_draft(
            actor=person,
            conversation=conversation,
            text=form.words,
            at=at,
            base_message_id=form.value("base_message_id"),
            version=version if known else 0,
            page=(page_of, version),
            is_note=form.is_note,
            to=checked.get("to"),
            cc=checked.get("cc"),
            bcc=checked.get("bcc"),
        )
        if kept.text != form.words.replace("\x00", ""):
            raise DraftsJoined
    except (DraftChanged, DraftsJoined, Erased) as refusal:
        return JsonResponse({"version": known.version if known else 0, "message": str(refusal)}, status=409)
    return JsonResponse({"version": kept.version, "saved_at": kept.saved_at.isoformat()})


def _refused(
    request: HttpRequest, person: Staff, conversation_id: int, refusal: Refused, form: ComposerForm
) -> HttpResponse:
    """The conversation as it is now, with what was written and why it did not go."""
    at, conversation = clock.now(), _open(conversation_id)
    kept = draft_of(person, conversation)
    if isinstance(refusal, StaleReply | OtherReplySent) and kept:
        # The page that is made now shows what was new: a second click says that it was read.
        drafts.rebase_draft(actor=person, draft=kept, base_message_id=conversation.last_message_id)
    talk = conversation_page(conversation, person=person, at=at)
    composer = composer_view(conversation, person=person, at=at)
    if not isinstance(refusal, DraftsJoined):
        composer = replace(composer, text=form.words)
    if not form.is_note:
        # As they were typed, wrong ones included: they are there to be corrected.
        to, cc, bcc = (str(form.value(role) or "") for role in ("to", "cc", "bcc"))
        composer = replace(composer, to=to, cc=cc, bcc=bcc)
    context = {
        "talk": talk,
        "composer": composer,
        "undoable": newest_undoable(talk),
        "undo_seconds": replies.UNDO_SECONDS,
        "live_url": reverse("conversation", args=[conversation.pk]),
        "back_url": reverse("inbox"),
        "refusal": str(refusal),
    }
    if getattr(request, "htmx", False):
        response = render(request, "inbox/_thread.html", context, status=refusal.status)
        response["HX-Retarget"] = "#thread"
        response["HX-Reswap"] = "outerHTML show:none"
        response["HX-Push-Url"] = "false"
        return response
    return render(request, "inbox/refused.html", context, status=refusal.status)


def _to_conversation(request: HttpRequest, conversation_id: int) -> HttpResponseRedirect:
    """Back to the page, with the list that was beside it."""
    came_from = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    kept = [pair for pair in parse_qsl(urlsplit(came_from).query) if pair[0] in {"tab", "after"}]
    query = f"?{urlencode(kept)}" if kept else ""
    response = HttpResponseRedirect(reverse("conversation", args=[conversation_id]) + query)
    response.status_code = 303
    return response
