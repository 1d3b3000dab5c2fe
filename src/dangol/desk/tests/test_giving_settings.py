import pytest
from django.urls import reverse

from dangol.desk.tests.reading import see
from dangol.goodwill.models import Cause, GivingLimit, GivingPolicy
from dangol.kernel.models import AuditEntry

pytestmark = pytest.mark.django_db
TYPED = {
    "owner_act": "", "owner_month": "", "manager_act": "50,000", "manager_month": "", "agent_act": "10000",
    "agent_month": "20000", "budget": "500000", "hourly_rate": "18000", "reply_minutes": "6",
    "most_reply_minutes": "30",
}  # fmt: skip


@pytest.fixture
def owner(client, moon_burger, minji):
    client.force_login(minji)
    return client


def test_the_owner_sets_limits_the_budget_and_the_price_of_an_hour(owner):
    assert "agents" not in see(owner, "goodwill_settings")
    assert owner.post(reverse("goodwill_settings"), TYPED).status_code == 303
    limits = dict(GivingLimit.objects.values_list("role", "an_act"))
    assert limits == {"owner": None, "manager": 50_000, "agent": 10_000}
    policy = GivingPolicy.objects.get()
    assert (policy.budget_a_month, policy.hourly_rate, policy.most_reply_minutes) == (500_000, 18_000, 30)
    assert AuditEntry.objects.get(act="change_giving").after["agent_an_act"] == 10_000
    assert 'value="10000"' in owner.get(reverse("goodwill_settings")).content.decode()


@pytest.mark.parametrize("amount", ["-1", "much"])
def test_a_wrong_amount_changes_nothing_and_stays_in_its_field(owner, amount):
    response = owner.post(reverse("goodwill_settings"), TYPED | {"budget": amount})
    assert response.status_code == 422
    assert f'value="{amount}"' in response.content.decode()
    assert not GivingPolicy.objects.exists()


def test_a_new_cause_has_words_and_a_remedy_from_its_beginning(owner):
    page = owner.get(reverse("goodwill_settings")).content.decode()
    form = page.partition(f'action="{reverse("causes")}"')[2].partition("</form>")[0]
    assert all(f'name="{name}"' in form for name in ("name", "parent", "words", "remedy"))
    owner.post(reverse("causes"), {"name": "The fryer", "words": "oil\nfries", "remedy": "redo"})
    made = Cause.objects.get(name="The fryer")
    assert (made.parent, made.words, made.remedy) == (None, "oil\nfries", "redo")
    assert AuditEntry.objects.get(act="add_cause").after["remedy"] == "redo"
    owner.post(reverse("causes"), {"name": "The oven", "remedy": "gift"})
    assert Cause.objects.get(name="The oven").remedy == "", "no order says what a gift is worth"


def test_causes_are_added_renamed_moved_retired_and_brought_back(owner):
    see(owner, "goodwill_settings")
    top = Cause.objects.filter(parent=None).order_by("position").first()
    owner.post(reverse("causes"), {"name": "The fryer", "parent": str(top.pk)})
    made = Cause.objects.get(name="The fryer")
    url = reverse("cause", args=[made.pk])
    owner.post(url, {"name": "The old fryer", "parent": "", "words": "oil\nfries", "remedy": "redo"})
    made.refresh_from_db()
    assert (made.name, made.parent, made.words) == ("The old fryer", None, "oil\nfries")
    assert made.remedy == "redo"
    assert AuditEntry.objects.get(act="change_cause").after["remedy"] == "redo"
    owner.post(url, {"do": "retire"})
    assert "The old fryer Use again" in see(owner, "goodwill_settings")
    owner.post(url, {"do": "back"})
    made.refresh_from_db()
    assert made.retired_at is None
