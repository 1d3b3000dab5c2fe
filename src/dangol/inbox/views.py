"""What staff does in the inbox: each is a POST that ends on the conversation's page."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dangol.channels.incoming import IncomingAttachment
from dangol.inbox.commands import conversations, drafts, replies
from dangol.inbox.errors import AddressUnclear, DraftChanged, StaleReply
from dangol.inbox.forms import ComposerForm, read_later
from dangol.inbox.letters import letter_document, letter_policy
from dangol.inbox.models import Attachment, Conversation, Draft, Message
from dangol.inbox.reading import (
    PICTURES,
    composer_view,
    conversation_page,
    draft_of,
    newest_undoable,
    open_conversation,
)
from dangol.kernel import clock
from dangol.kernel.errors import Gone, Refused
from dangol.kernel.files import open_file
from dangol.staff.models import Staff
from dangol.staff.rights import actor, needs


@require_POST
@needs("answer")
def reply(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Send what is in the composer. Refused, it is all still there."""
    person, at, conversation = actor(request), clock.now(), open_conversation(conversation_id)
    form = ComposerForm.of(request)
    try:
        draft = _keep(request, person, conversation, form)
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
    person, conversation = actor(request), open_conversation(conversation_id)
    form = ComposerForm.of(request)
    try:
        if form.words.strip():
            _save(person, conversation, form, is_note=True)
        conversations.add_note(actor=person, conversation=conversation, text=form.words, at=clock.now())
    except Refused as refusal:
        return _refused(request, person, conversation_id, refusal, form)
    return _to_conversation(request, conversation_id)


@require_POST
@needs("answer")
def draft(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Keep, discard or change the draft. JSON is the autosave and is answered with the draft's version."""
    person, at, conversation = actor(request), clock.now(), open_conversation(conversation_id)
    form = ComposerForm.of(request)
    if request.content_type == "application/json":
        return _autosave(person, conversation, form)
    if "discard" in request.POST:
        drafts.discard_draft(actor=person, conversation=conversation, at=at)
        return _to_conversation(request, conversation_id)
    try:
        kept = _keep(request, person, conversation, form)
        if request.POST.get("detach", "").isdigit():
            drafts.detach_file(actor=person, draft=kept, attachment_id=int(request.POST["detach"]))
        if request.POST.get("read_up_to", "").isdigit():
            drafts.rebase_draft(actor=person, draft=kept, base_message_id=int(request.POST["read_up_to"]))
    except Refused as refusal:
        return _refused(request, person, conversation_id, refusal, form)
    return _to_conversation(request, conversation_id)


@require_POST
@needs("answer")
def reply_undo(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Take a reply back before it leaves; its text is in the composer again."""
    wanted = request.POST.get("message", "")
    message = (
        Message.objects.select_related("delivery")
        .filter(conversation=conversation_id, pk=int(wanted) if wanted.isdigit() else 0)
        .first()
    )
    if message is None:
        raise Gone
    replies.undo_reply(actor=actor(request), message=message, at=clock.now())
    return _to_conversation(request, conversation_id)


@require_POST
@needs("answer")
def assignment(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Make it somebody's, or nobody's."""
    wanted = request.POST.get("assignee", "")
    assignee = Staff.objects.filter(pk=int(wanted), is_active=True).first() if wanted.isdigit() else None
    if wanted and assignee is None:
        raise Gone
    conversations.assign_conversation(
        actor=actor(request),
        conversation=open_conversation(conversation_id),
        assignee=assignee,
        at=clock.now(),
    )
    return _to_conversation(request, conversation_id)


@require_POST
@needs("answer")
def closure(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """The matter is done."""
    conversation = open_conversation(conversation_id)
    conversations.close_conversation(actor=actor(request), conversation=conversation, at=clock.now())
    return _to_conversation(request, conversation_id)


@require_POST
@needs("answer")
def reopening(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """It was not done after all, or need not wait until later."""
    conversation = open_conversation(conversation_id)
    conversations.reopen_conversation(actor=actor(request), conversation=conversation, at=clock.now())
    return _to_conversation(request, conversation_id)


@require_POST
@needs("answer")
def postponement(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Off the list until a time."""
    at = clock.now()
    conversations.postpone_conversation(
        actor=actor(request),
        conversation=open_conversation(conversation_id),
        until=read_later(request, at),
        at=at,
    )
    return _to_conversation(request, conversation_id)


@require_GET
@needs("answer")
def message_html(request: HttpRequest, message_id: int) -> HttpResponse:
    """A mail as it was sent, for its frame: nothing runs, and nothing is fetched elsewhere before a click."""
    row = Message.objects.filter(pk=message_id).only("html").first()
    if row is None:
        raise Gone
    asked = request.GET.get("images") == "1"
    inline = row.attachments.exclude(content_id="").filter(content_type__in=PICTURES)
    pictures = {file.content_id: reverse("attachment", args=[file.pk]) for file in inline}
    response = HttpResponse(letter_document(row.html, pictures, with_remote_pictures=asked))
    response["Content-Security-Policy"] = letter_policy(with_remote_pictures=asked)
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_GET
@needs("answer")
def attachment(request: HttpRequest, attachment_id: int) -> FileResponse:
    """A file. Pictures that cannot run anything may be looked at; everything else is saved, never opened here."""
    row = Attachment.objects.filter(pk=attachment_id).first()
    if row is None:
        raise Gone
    try:
        file = open_file(row.sha256)
    except FileNotFoundError as gone:
        raise Gone(_("The file is missing from the data folder. Restore it from a backup.")) from gone
    is_picture = row.content_type.lower() in PICTURES
    response = FileResponse(
        file,
        as_attachment=not is_picture,
        filename=row.filename or "file",
        content_type=row.content_type.lower() if is_picture else "application/octet-stream",
    )
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response


def _keep(request: HttpRequest, person: Staff, conversation: Conversation, form: ComposerForm) -> Draft:
    """The draft with all that the form holds. The text is kept even where an address is refused."""
    kept = _save(person, conversation, form, is_note=form.is_note)
    for file in request.FILES.getlist("files"):
        drafts.attach_file(
            actor=person,
            draft=kept,
            file=IncomingAttachment(
                file.name, file.content_type or "application/octet-stream", file.read(), False, None
            ),
        )
    return kept


def _save(person: Staff, conversation: Conversation, form: ComposerForm, *, is_note: bool) -> Draft:
    at, base = clock.now(), form.value("base_message_id")
    refusal = None
    try:
        checked = {role: drafts.checked_parties(rows) for role, rows in form.parties.items()}
    except AddressUnclear as unclear:
        refusal, checked = unclear, {}
    if is_note:
        checked = {}
    kept = drafts.save_draft(
        actor=person,
        conversation=conversation,
        text=form.words,
        at=at,
        base_message_id=base,
        is_note=is_note,
        **checked,
    )
    if refusal and not is_note:
        raise refusal
    return kept


def _autosave(person: Staff, conversation: Conversation, form: ComposerForm) -> JsonResponse:
    at, version = clock.now(), form.value("version")
    known = draft_of(person, conversation)
    if known is None and not form.words.strip():
        return JsonResponse({"version": 0})
    try:
        parties = {role: drafts.checked_parties(rows) for role, rows in form.parties.items()}
    except AddressUnclear:
        parties = {}  # half an address: it is still being typed
    try:
        kept = drafts.save_draft(
            actor=person,
            conversation=conversation,
            text=form.words,
            at=at,
            base_message_id=form.value("base_message_id"),
            version=version if known else None,
            is_note=form.is_note,
            **({} if form.is_note else parties),
        )
    except DraftChanged as refusal:
        return JsonResponse({"version": known.version if known else 0, "message": str(refusal)}, status=409)
    return JsonResponse({"version": kept.version, "saved_at": kept.saved_at.isoformat()})


def _refused(
    request: HttpRequest, person: Staff, conversation_id: int, refusal: Refused, form: ComposerForm
) -> HttpResponse:
    """The conversation as it is now, with what was written and why it did not go."""
    at, conversation = clock.now(), open_conversation(conversation_id)
    kept = draft_of(person, conversation)
    if isinstance(refusal, StaleReply) and kept:
        # The page that is made now shows what was new: a second click says that it was read.
        drafts.rebase_draft(actor=person, draft=kept, base_message_id=conversation.last_message_id)
    talk = conversation_page(conversation, person=person, at=at)
    typed = {role: form.value(role) or "" for role in ("to", "cc", "bcc")} if not form.is_note else {}
    composer = replace(composer_view(conversation, person=person, at=at), text=form.words, **typed)
    context = {
        "talk": talk,
        "composer": composer,
        "undoable": newest_undoable(talk),
        "undo_seconds": replies.UNDO_SECONDS,
        "live_url": reverse("conversation", args=[conversation_id]),
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
