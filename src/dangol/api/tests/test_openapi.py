"""The description and the API say the same: schemathesis asks all that it allows, and much that it does not."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from dangol.api import commands
from dangol.api.documentation import description, documented
from dangol.api.endpoints import api
from dangol.api.urls import urlpatterns
from dangol.wsgi import application

load_all_checks()
schema = schemathesis.openapi.from_dict(json.loads(json.dumps(description())))


def _from_somewhere(environ, start_response):
    return application({"REMOTE_ADDR": "192.0.2.1", **environ}, start_response)  # as each server says it


schema.app = _from_somewhere
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]


@pytest.fixture(autouse=True)
def _within_the_test():
    """Requests begin and end within the transaction of the test, whose connection they would close."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def _as_many_as_it_takes(monkeypatch, settings):
    monkeypatch.setattr(commands, "REQUESTS_A_MINUTE", 1_000_000)
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "api_sign_in": "1000000/m/ip"}


@pytest.mark.only_sqlite  # what it says does not depend on the database, and asking takes long
@schema.parametrize()
@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_api_does_what_its_description_says(case, shop):
    case.call_and_validate(headers={"Authorization": f"Bearer {shop.text}"}, checks=CHECKS)


def test_the_page_for_people_names_every_operation_and_field(minji, client):
    client.force_login(minji)
    page = client.get("/api/v1/").content.decode()
    assert client.get("/api/v1/openapi.json").json()["paths"].keys() == description()["paths"].keys()
    assert len(documented()) == sum(len(methods) for methods in description()["paths"].values()) == 4
    for name in ("lines[].unit_price", "customer.email", "Idempotency-Key", "refunds[].amount"):
        assert name in page
    assert api.get_openapi_schema(path_prefix="/").get("openapi")


def test_each_address_of_the_api_is_asked_for_where_it_is_described():
    ours = {
        (str(each.pattern).removeprefix("api/v1/"), each.name)
        for each in urlpatterns
        if str(each.name) in {"api_orders", "api_order", "api_refunds"}
    }
    described = {
        (str(each.pattern).replace("uuidstr:", "uuid:"), each.name)
        for each in api.urls[0]
        if each.name != "api-root"
    }
    assert ours == described


def test_a_desk_without_programs_does_not_carry_the_libraries_of_the_api():
    code = (
        "import django, sys; django.setup(); from django.urls import get_resolver; get_resolver().reverse_dict; "
        "import dangol.loops; print(*{'ninja', 'pydantic'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == ""
