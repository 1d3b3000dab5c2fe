"""The loop that does what a journey asks for."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from types import FunctionType
from typing import Any, Final, TextIO

import django
from django.conf import settings

ROOMS: Final = ("opening", "post", "talking", "trouble", "world")


def find_acts() -> dict[str, Callable[..., Any]]:
    """What can be asked for, by name: all that the rooms have of their own."""
    found: dict[str, Callable[..., Any]] = {}
    for room in ROOMS:
        module = import_module(f"tests.journeys.backroom.{room}")
        for name, each in vars(module).items():
            if isinstance(each, FunctionType) and each.__module__ == module.__name__:
                assert name not in found, f"two rooms have a {name}"
                found[name] = each
    return found


def serve(asked_by: TextIO, answered_to: TextIO) -> None:
    """Do what is asked until nobody asks any more."""
    acts = find_acts()
    for line in asked_by:
        asked = json.loads(line)
        try:
            said = {"answer": acts[asked["do"]](**asked["given"])}
        except Exception:
            said = {"error": traceback.format_exc()}
        print(json.dumps(said), file=answered_to, flush=True)


if __name__ == "__main__":
    assert settings.DANGOL_DATA.is_dir()
    django.setup()
    serve(sys.stdin, sys.stdout)
