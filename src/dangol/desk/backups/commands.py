"""What is changed about backups: the plan, by an owner, and how it goes, by the loop."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import F, Q

from dangol.desk.backups.folders import named_folder
from dangol.desk.events import BackupAsked, BackupFailed, BackupMade, BackupPlanChanged
from dangol.desk.models import Backup, BackupPlan, UnfinishedBackup
from dangol.kernel.audit import record_act
from dangol.kernel.events import emit
from dangol.staff.models import Staff
from dangol.staff.rights import demand

RIGHT: Final = "back_up"


def begin_plan(*, is_on: bool, at: datetime) -> BackupPlan:
    """The plan; made now where there is none, so that from now on a backup is expected every day."""
    plan, _is_new = BackupPlan.objects.get_or_create(
        pk=BackupPlan.ONLY, defaults={"is_on": is_on, "begun_at": at}
    )
    if plan.begun_at > at:  # by a clock that ran ahead: none would be expected until then
        plan.begun_at = at
        plan.save(update_fields=["begun_at"])
    return plan


@transaction.atomic
def change_backup_plan(*, actor: Staff | None, is_on: bool, folder: str, at: datetime) -> BackupPlan:
    """Switch backups on or off, and say where they go. Refused when they cannot go there.

    What lies in the folder of before stays there and is no longer looked after.
    """
    demand(actor, RIGHT)
    begin_plan(is_on=is_on, at=at)
    plan = BackupPlan.objects.select_for_update().get()
    folder = named_folder(folder, before=plan.folder, is_on=is_on)
    before = {"is_on": plan.is_on, "folder": plan.folder}
    after = {"is_on": is_on, "folder": folder}
    if before == after:
        return plan
    if is_on and not plan.is_on:
        plan.begun_at = at
    # What failed there says nothing of another folder: the next one is made as soon as it is due.
    plan.is_on, plan.folder = is_on, folder
    plan.failure, plan.failing_since, plan.tried_at = "", None, None
    plan.save(update_fields=["is_on", "folder", "begun_at", "failure", "failing_since", "tried_at"])
    actor_id = actor.pk if actor else None
    record_act(
        actor_id=actor_id, at=at, act="change_backup_plan", thing="backup_plan", thing_id=None,
        before=before, after=after,
    )  # fmt: skip
    emit(BackupPlanChanged(happened_at=at, actor_id=actor_id))
    return plan


@transaction.atomic
def ask_for_backup(*, actor: Staff | None, is_on: bool = True, at: datetime) -> bool:
    """Have one made now, by whoever is at work; False when one is already asked for or being made.

    One that was asked for, begun and killed may be asked for again: it is made at once then.
    """
    demand(actor, RIGHT)
    begin_plan(is_on=is_on, at=at)
    free = BackupPlan.objects.filter(Q(asked_at=None) | Q(tried_at__gte=F("asked_at")), making="")
    if not free.update(asked_at=at):
        return False
    emit(BackupAsked(happened_at=at, actor_id=actor.pk if actor else None))
    return True


@transaction.atomic
def hand_out_backup(*, actor: Staff | None, backup: Backup, at: datetime) -> None:
    """Write down who took a backup with them: whoever has it has everything."""
    demand(actor, RIGHT)
    record_act(
        actor_id=actor.pk if actor else None, at=at, act="hand_out_backup", thing="backup",
        thing_id=backup.pk, before={}, after={"bytes": backup.bytes},
    )  # fmt: skip


@transaction.atomic
def note_begun(*, folder: str, name: str, at: datetime) -> None:
    """A backup is being written under this name. It stays asked for until it is made or has failed."""
    note_unfinished(folder=folder, name=name, begun_at=at)
    BackupPlan.objects.update(making=name, tried_at=at, done=0, length=0)


def note_unfinished(*, folder: str, name: str, begun_at: datetime) -> None:
    """There may be a file by this name in the folder, or half of one, that is to be looked after."""
    UnfinishedBackup.objects.get_or_create(folder=folder, name=name, defaults={"begun_at": begun_at})


def note_progress(*, done: int, length: int) -> None:
    """So many of so many rows and files are in it."""
    BackupPlan.objects.update(done=done, length=length)


def note_broken_off(*, tried_at: datetime | None) -> None:
    """Dangol ended meanwhile: what was asked for is still to be made, by the rule for one tried at `tried_at`."""
    BackupPlan.objects.update(making="", tried_at=tried_at)


@transaction.atomic
def note_made(*, folder: str, name: str, bytes: int, made_at: datetime, at: datetime) -> Backup:
    """It is whole and on the disk."""
    row = Backup.objects.create(folder=folder, name=name, bytes=bytes, made_at=made_at)
    UnfinishedBackup.objects.filter(folder=folder, name=name).delete()
    # One of long ago that is found whole ends nothing that is asked for or has failed since.
    being_made = BackupPlan.objects.filter(making=name)
    being_made.filter(folder=folder).update(failure="", failing_since=None)
    being_made.update(making="", asked_at=None)
    emit(BackupMade(happened_at=at, backup_id=row.pk, bytes=bytes))
    return row


@transaction.atomic
def note_failed(*, folder: str, failure: str, at: datetime) -> None:
    """It could not be made into this folder, by this machine word. Where the plan names another one by now, that is
    tried as if nothing had been."""
    here = BackupPlan.objects.filter(folder=folder)
    here.filter(failing_since=None).update(failing_since=at)
    here.update(failure=failure, asked_at=None, tried_at=at)
    BackupPlan.objects.update(making="")
    emit(BackupFailed(happened_at=at))


def forget_backup(*, backup: Backup) -> None:
    """Its file was removed, or is somebody else's by now."""
    backup.delete()


def forget_unfinished(*, unfinished: UnfinishedBackup) -> None:
    """Nothing of it is left."""
    unfinished.delete()


@transaction.atomic
def begin_backups_anew(*, at: datetime) -> None:
    """In what was put back: into its own data folder, and none from before is its own.

    The desk that the backup is of may still be at work, and its folder for backups within reach: a restore that is
    tried beside it must neither write there nor clear anything away.
    """
    Backup.objects.all().delete()
    UnfinishedBackup.objects.all().delete()
    BackupPlan.objects.update(
        folder="", begun_at=at, asked_at=None, tried_at=None, failing_since=None, failure="", making="",
        done=0, length=0,
    )  # fmt: skip
