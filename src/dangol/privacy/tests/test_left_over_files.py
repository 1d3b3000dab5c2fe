"""Files that nothing has any more are removed from the disk."""

import pytest
from django.core.files.storage import default_storage

from dangol.channels.incoming import IncomingAttachment
from dangol.inbox.commands.drafts import attach_file, detach_file, discard_draft, save_draft
from dangol.inbox.models import Attachment
from dangol.privacy import erasing
from dangol.privacy.erasing import erase_further, remove_unused
from tests.parts.cast import NOON, SORA, mail
from tests.parts.plans import tables_read_whole


def path_of(file: Attachment) -> str:
    return f"{file.sha256[:2]}/{file.sha256[2:4]}/{file.sha256}"


def test_files_that_are_taken_off_a_draft_or_go_with_it_are_cleared_away(hana, receive, monkeypatch):
    talk = receive(mail(SORA, message_id="1@x", files={"menu.pdf": b"menu"})).conversation
    draft = save_draft(actor=hana, conversation=talk, text="Sorry.", at=NOON)
    for name, content in (("a.txt", b"a"), ("menu.pdf", b"menu"), ("b.txt", b"b")):
        attach_file(
            actor=hana, draft=draft, file=IncomingAttachment(name, "text/plain", content, False, None)
        )
    taken_off, again, goes_along = draft.attachments.order_by("id")
    detach_file(actor=hana, draft=draft, attachment_id=taken_off.pk)
    assert set(draft.attachments.all()) == {again, goes_along}
    monkeypatch.setattr(erasing, "UNTOUCHED", 600)
    assert erase_further() == 0, "somebody may just be keeping the same bytes"
    monkeypatch.setattr(erasing, "UNTOUCHED", 0)
    assert erase_further() == 1
    assert not default_storage.exists(path_of(taken_off))

    discard_draft(actor=hana, conversation=talk, at=NOON)
    assert not Attachment.objects.exclude(message=None).exclude(filename="menu.pdf").exists()
    assert erase_further() == 2
    assert not default_storage.exists(path_of(goes_along))
    assert default_storage.exists(path_of(again)), "the customer's mail has it"
    assert list(Attachment.objects.values_list("filename", "message__conversation")) == [
        ("menu.pdf", talk.pk)
    ]


@pytest.mark.only_sqlite
@pytest.mark.django_db
def test_who_has_a_file_is_found_without_reading_all_mail():
    assert not tables_read_whole(lambda: remove_unused(["a" * 64, "b" * 64]))
