import pytest
from django.urls import reverse


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Target": "found"}])
def test_the_browser_keeps_a_page_and_its_parts_apart(client, hana, headers):
    client.force_login(hana)
    vary = client.get(reverse("search"), headers=headers)["Vary"]
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in vary.split(",")}
