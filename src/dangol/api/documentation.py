"""The API explained for people, from the same description that programs read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

PREFIX: Final = "/api/v1/"
METHODS: Final = ("get", "post")
_PROBLEM: Final = "application/problem+json"


@dataclass(frozen=True)
class Value:
    """A field or a parameter: its name, kind, whether it is needed, and what it is."""

    name: str
    kind: str
    is_needed: bool
    about: str


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked for."""

    id: str
    method: str
    path: str
    title: str
    parameters: tuple[Value, ...]
    body: tuple[Value, ...]
    answer: tuple[Value, ...]


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """The description for programs (OpenAPI 3.1)."""
    return JsonResponse(description())


@cache
def description() -> dict[str, Any]:
    """The OpenAPI document; refusals are problem+json, and each says which header comes with it."""
    from dangol.api.endpoints import api

    found: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=PREFIX))
    for methods in found["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and "content" in answer:
                    answer["content"] = {_PROBLEM: answer["content"].pop("application/json")}
            operation["responses"] = {str(code): each for code, each in operation["responses"].items()}
    return found


def documented() -> list[Operation]:
    """The operations in the language of who asks."""
    schemas = description()["components"]["schemas"]
    found = []
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            found.append(_operation(path, method, operation, schemas))
    return found


def _operation(path: str, method: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Operation:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    good = next(each for code, each in operation["responses"].items() if int(code) < 300)
    answer = good["content"]["application/json"]["schema"]
    parameters = [
        Value(
            each["name"],
            f"{each['in']}, {_kind(each['schema'])}",
            each.get("required", False),
            _said(each.get("description") or each["schema"].get("description")),
        )
        for each in operation.get("parameters", ())
    ]
    return Operation(
        operation["operationId"],
        method.upper(),
        path.replace(PREFIX, "/"),
        _said(operation.get("summary")),
        tuple(parameters),
        tuple(_fields(body, schemas)),
        tuple(_fields(answer, schemas)),
    )


def _fields(schema: Mapping[str, Any], schemas: Mapping[str, Any], before: str = "") -> Iterable[Value]:
    named = schemas.get(str(schema.get("$ref", "")).rpartition("/")[2], schema)
    needed = named.get("required", ())
    for name, field in named.get("properties", {}).items():
        inner = field.get("items", field)
        inner = next((each for each in inner.get("allOf", ()) if "$ref" in each), inner)
        is_list = "items" in field
        yield Value(
            f"{before}{name}{'[]' if is_list else ''}",
            _kind(field),
            name in needed,
            _said(field.get("description")),
        )
        if "$ref" in inner:
            yield from _fields(inner, schemas, f"{before}{name}{'[]' if is_list else ''}.")


def _kind(field: Mapping[str, Any]) -> str:
    choices = [each for each in field.get("anyOf", ()) if each.get("type") != "null"]
    if choices:
        return _kind(choices[0])
    kind = field.get("format") or field.get("type") or "object"
    if pattern := field.get("pattern"):
        return f"{kind} {pattern}" if "u0000" not in pattern else str(kind)
    return str(kind)


def _said(text: str | None) -> str:
    return gettext(text) if text else ""
