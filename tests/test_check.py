"""The check of the translations, of the templates and of the whole finds what it is there to find."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tools.parts import PARTS
from tools.running import Result, read_report
from tools.steps import all_steps

CATALOGUE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Language: ko\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
"""
GOOD = 'msgid "Hello %(name)s"\nmsgstr "안녕하세요 %(name)s님"\n'
SOURCE = 'from django.utils.translation import gettext as _\n\nGREETING = _("Hello %(name)s")\n'

needs_gettext = pytest.mark.skipif(not shutil.which("xgettext"), reason="needs gettext")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with one app that greets."""
    app = tmp_path / "dangol" / "hall"
    app.mkdir(parents=True)
    (app / "words.py").write_text(SOURCE)
    return tmp_path / "dangol"


def translate(package: Path, entries: str, app: str = "hall") -> None:
    catalogue = package / app / "locale/ko/LC_MESSAGES/django.po"
    catalogue.parent.mkdir(parents=True, exist_ok=True)
    catalogue.write_text(CATALOGUE + "\n" + entries)


def faults_of_translations(package: Path) -> str:
    from tools.translations import faults

    return "\n".join(faults(package))


@needs_gettext
def test_a_complete_catalogue_passes(package: Path) -> None:
    translate(package, GOOD)
    assert faults_of_translations(package) == ""


@needs_gettext
def test_a_string_within_an_f_string_is_found_since_it_is_not_collected(package: Path) -> None:
    translate(package, GOOD)
    (package / "hall" / "page.py").write_text("def line():\n    return f\"<b>{escape(_('Good bye'))}</b>\"\n")
    assert "_('Good bye') is within an f-string" in faults_of_translations(package)


@needs_gettext
def test_an_app_without_a_catalogue_is_found(package: Path) -> None:
    assert "'Hello %(name)s' is not there" in faults_of_translations(package)


@needs_gettext
@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ('msgid "Hello %(name)s"\nmsgstr ""\n', "is not translated"),
        ("#, fuzzy\n" + GOOD, "is marked fuzzy"),
        ('msgid "Hello %(name)s"\nmsgstr "안녕하세요 %(nmae)s님"\n', "different placeholders"),
        ('msgid "Good bye"\nmsgstr "안녕히 가세요"\n', "is not there"),
    ],
)
def test_a_string_that_korean_readers_would_miss_is_found(
    package: Path, entries: str, complaint: str
) -> None:
    translate(package, entries)
    assert complaint in faults_of_translations(package)


@needs_gettext
def test_a_string_in_a_template_is_found(package: Path) -> None:
    translate(package, GOOD)
    template = package / "hall/templates/hall/door.html"
    template.parent.mkdir(parents=True)
    template.write_text("{% load i18n %}{% translate 'Come in' %}")
    assert "'Come in' is not there" in faults_of_translations(package)


@needs_gettext
def test_two_apps_that_say_the_same_differently_are_found(package: Path) -> None:
    translate(package, GOOD)
    (package / "yard").mkdir()
    translate(package, GOOD.replace("안녕하세요", "어서 오세요"), app="yard")
    assert "say the same" in faults_of_translations(package)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("{% if %}", "Unexpected end of expression"),
        ("{% load nothing_of_ours %}", "nothing_of_ours"),
        ('<p style="color: red">', "a style attribute"),
        ("<script>alert(1)</script>", "an inline script"),
        ('<button onclick="x()">', "an inline handler"),
    ],
)
def test_a_template_that_the_browser_or_django_would_refuse_is_found(
    tmp_path: Path, source: str, complaint: str
) -> None:
    from tools.templates import faults

    folder = tmp_path / "dangol/hall/templates/hall"
    folder.mkdir(parents=True)
    (folder / "door.html").write_text(source)
    assert complaint in "\n".join(faults(tmp_path))


def test_an_ordinary_template_passes(tmp_path: Path) -> None:
    from tools.templates import faults

    folder = tmp_path / "dangol/hall/templates/hall"
    folder.mkdir(parents=True)
    (folder / "door.html").write_text(
        '<script type="module" src="x.js"></script><p class="on">{# style= #}</p>'
    )
    assert list(faults(tmp_path)) == []


def test_tests_are_counted_from_the_report_and_an_error_counts_as_failed(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite>"
        '<testcase classname="a" name="good"/>'
        '<testcase classname="a" name="bad"><failure message="x"/></testcase>'
        '<testcase classname="a" name="broken"><error message="x"/></testcase>'
        '<testcase classname="a" name="left"><skipped message="needs chromium"/></testcase>'
        "</testsuite></testsuites>"
    )
    result = Result(all_steps()[0])

    read_report(report, result)

    assert result.counts == Counter(passed=1, failed=2, skipped=1)
    assert result.skipped == ["a::left: needs chromium"]


def test_each_step_that_needs_a_part_names_one_that_can_be_added() -> None:
    assert {step.needs for step in all_steps()} - {None} <= {part.name for part in PARTS}
