"""Who was erased is known beside the backups: one of before does not bring them back."""

import pytest

from dangol.customers.commands.merging import merge_customers
from dangol.customers.models import Customer
from dangol.desk.backups.erased_list import NAME, read_lists
from dangol.desk.backups.folders import named_folder
from dangol.desk.models import BackupPlan
from dangol.kernel import clock
from dangol.privacy.again import erase_again
from dangol.privacy.commands import erase_customer
from dangol.privacy.events import CustomerErased
from dangol.privacy.models import Erasure
from dangol.reactions import REACTIONS
from dangol.transfer.shelf import shelf
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data(settings, tmp_path, monkeypatch):
    """A data folder of its own, and another disk for backups beside it."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    settings.DANGOL_DATA = tmp_path / "data"
    settings.DANGOL_DATA.mkdir()
    disk = tmp_path / "disk"
    disk.mkdir()
    BackupPlan.objects.create(folder=named_folder(str(disk), before="", is_on=True), begun_at=NOON)
    return disk


def test_an_erased_person_stands_in_the_list_of_each_folder_and_is_erased_again_in_an_older_backup(
    data, hana
):
    sora, twin, james = (
        Customer.objects.create(name=name, created_at=NOON) for name in ("Sora", "S", "James")
    )
    merge_customers(actor=hana, kept=sora, gone=twin, take=[], at=NOON)
    erase_customer(actor=None, customer=sora, name="Sora", at=NOON)
    (follows,) = [each for each in REACTIONS if each.name == "who was erased is written beside the backups"]
    for _time in range(2):
        follows.do(CustomerErased(happened_at=NOON, customer_id=sora.pk, erasure_id=Erasure.objects.get().pk))
    for folder in (shelf(), data):
        assert read_lists([folder]) == {sora.uid, twin.uid}
        assert "Sora" not in (folder / NAME).read_text()

    # As they are in a backup from before they were made one, which is put back elsewhere.
    Erasure.objects.all().delete()
    Customer.objects.update(erased_at=None, merged_into=None)
    Customer.objects.filter(pk=sora.pk).update(name="Sora")
    again = erase_again(read_lists([data, data / "nowhere"]), at=NOON)
    assert (again.people, again.left) == (2, 0)
    assert set(Customer.objects.exclude(erased_at=None)) == {sora, twin}
    assert Customer.objects.get(pk=james.pk).name == "James"
    assert Erasure.objects.count() == 2, "what follows is done by the worker"


def test_who_was_one_with_somebody_else_in_the_backup_is_left_to_people(data, hana):
    sora, james = (Customer.objects.create(name=name, created_at=NOON) for name in ("Sora", "James"))
    merge_customers(actor=hana, kept=james, gone=sora, take=[], at=NOON)
    (data / NAME).write_text(f"{sora.uid}\nnonsense\n")
    again = erase_again(read_lists([data]), at=NOON)
    assert (again.people, again.left) == (0, 1)
    assert not Customer.objects.exclude(erased_at=None).exists()
