"""Letters and files of a conversation, served so that nothing in them can act."""

from typing import cast

from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from dangol.inbox.letters import letter_document, letter_policy
from dangol.inbox.models import Attachment, Message
from dangol.inbox.spoken import PICTURES
from dangol.kernel.errors import Gone
from dangol.kernel.files import open_file
from dangol.staff.rights import needs


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
def attachment(request: HttpRequest, attachment_id: int) -> HttpResponse:
    """A file. Pictures that cannot run anything may be looked at; everything else is saved, never opened here."""
    row = Attachment.objects.filter(pk=attachment_id).exclude(message=None, draft=None).first()
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
    return cast(HttpResponse, response)  # a stream has all of a response that anybody here asks for
