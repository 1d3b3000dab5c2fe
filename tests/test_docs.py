"""What the documents say is so: every setting, command, event, channel, right and limit is there, and nothing else."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final, get_args

import click
import pytest
from babel.messages.pofile import read_po

from dangol.channels import fetching, guard, outbox, sign_ins
from dangol.channels.email import autoconfig, bodies, isolated, read
from dangol.channels.email.provider_kinds import KINDS
from dangol.channels.incoming import Automatic
from dangol.channels.models import LARGEST_ROW_BYTES, Channel
from dangol.cli import main as dangol
from dangol.desk.alarms import rules as alarms
from dangol.desk.alarms import silence
from dangol.inbox import arrivals, intake, threading
from dangol.inbox.commands import drafts, replies
from dangol.inbox.promise import WITHOUT_PROMISE
from dangol.kernel.events import Happened
from dangol.staff.commands.invitations import VALID_FOR
from dangol.staff.models import Role
from dangol.staff.rights import RIGHTS
from tools import reference
from tools.steps import all_steps

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCES: Final = ROOT / "src" / "dangol"
REFERENCE: Final = ROOT / "docs" / "reference"
PAGES: Final = sorted(
    path
    for folder in (".", "docs", "bench")
    for path in (ROOT / folder).glob("*.md" if folder == "." else "**/*.md")
)
START: Final = sorted((ROOT / "docs" / "start").glob("*.md"))
TRANSLATED: Final = [
    (path.with_name(path.name.replace(".ko.md", ".md")), path) for path in PAGES if ".ko." in path.name
]
BETWEEN_BACKTICKS: Final = re.compile(r"`([^`]+)`")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def rows(page: str, *, heading: str = "") -> list[list[str]]:
    """The cells of all tables of a reference page, or of those below one heading."""
    text = text_of(REFERENCE / page)
    if heading:
        text = re.split(r"^#+ ", text.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def without_fences(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def fences(text: str) -> list[str]:
    return [body for _, body in re.findall(r"^```(sh)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)]


# --- settings -------------------------------------------------------------------------------------


def variables_read_in(source: str) -> Iterator[str]:
    """Every variable of the environment that the source reads, also through a function of its own such as _flag."""
    tree = ast.parse(source)
    readers = {
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        and any(
            isinstance(key, ast.Name) and key.id in {argument.arg for argument in function.args.args}
            for key in environment_keys(function)
        )
    }
    for key in environment_keys(tree):
        if isinstance(key, ast.Constant):
            yield key.value
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in readers:
            yield from (each.value for each in call.args if isinstance(each, ast.Constant))


def environment_keys(tree: ast.AST) -> Iterator[ast.expr]:
    """What stands in os.environ[…], os.environ.get(…) and os.getenv(…); what is only set is not read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            if ast.unparse(node.value) == "os.environ":
                yield node.slice
        elif (
            isinstance(node, ast.Call)
            and node.args
            and ast.unparse(node.func) in {"os.environ.get", "os.getenv", "environ.get"}
        ):
            yield node.args[0]


def test_a_variable_is_found_however_it_is_read():
    source = """
def _flag(name): return os.environ.get(name) == "1"
a, b, c, d = os.environ["A"], os.environ.get("B", ""), os.getenv("C"), _flag("D")
os.environ["E"] = os.environ.setdefault("F", "")
"""
    assert sorted(variables_read_in(source)) == ["A", "B", "C", "D"]


def test_every_environment_variable_is_listed_and_no_other():
    files = [
        *(path for path in SOURCES.rglob("*.py") if "tests" not in path.parts),
        *(ROOT / "tools").glob("*.py"),
        *(ROOT / "tests" / "parts").glob("*.py"),
    ]
    known = {name for path in files for name in variables_read_in(text_of(path))}
    known |= set(re.findall(r"\$\{?(DANGOL_[A-Z_]+)", text_of(ROOT / "dangol")))
    listed = {BETWEEN_BACKTICKS.findall(cells[0])[0] for cells in rows("settings.md") if "`" in cells[0]}

    assert listed == {name for name in known if name.startswith(("DANGOL_", "DATABASE_"))}


# --- what is written from the code ----------------------------------------------------------------


@pytest.mark.parametrize("page", sorted(reference.PAGES))
def test_the_reference_is_as_the_code_would_write_it(page):
    written = text_of(REFERENCE / page)

    assert written == reference.PAGES[page](), "run .venv/bin/python tools/reference.py"


def test_no_event_is_missing():
    defined = {
        name
        for path in SOURCES.glob("*/events.py")
        for name in re.findall(r"^class (\w+)\(Happened\)", text_of(path), flags=re.MULTILINE)
    }
    listed = {cells[0].strip("`") for cells in rows("events.md") if len(cells) == 3 and "`" in cells[0]}

    assert len(defined) > 20
    assert listed == defined
    for path in SOURCES.glob("*/events.py"):  # whichever tests have run in this process before
        import_module(f"dangol.{path.parent.name}.events")
    assert defined <= set(Happened.known)


def test_no_command_and_no_option_is_missing():
    written = text_of(REFERENCE / "commands.md")

    for name, command in every_command(dangol, "dangol"):
        assert f"## {name}\n" in written
        section = written.split(f"## {name}\n")[1].split("\n## ")[0]
        for parameter in command.params:
            assert all(option in section for option in parameter.opts if option.startswith("--")), name


def every_command(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for each in command.list_commands(context):
        found = command.get_command(context, each)
        assert found is not None
        yield from every_command(found, f"{name} {each}")


# --- what is written by hand ----------------------------------------------------------------------


def test_every_right_is_listed_for_every_role():
    header, *lines = rows("rights.md")
    said = {
        BETWEEN_BACKTICKS.findall(cells[0])[0]: dict(zip(header[2:], cells[2:], strict=True))
        for cells in lines
    }

    assert header[2:] == list(Role.values)
    assert said == {
        right: {role: "yes" if role in roles else "no" for role in Role.values}
        for right, roles in RIGHTS.items()
    }


def test_every_alarm_is_explained_in_the_order_of_weight():
    listed = [BETWEEN_BACKTICKS.findall(cells[0]) for cells in rows("alarms.md") if "`" in cells[0]]

    assert [words[0] for words in listed] == list(alarms.Kind)


def test_every_kind_of_channel_has_its_section():
    sections = re.findall(r"^## `(\w+)`$", text_of(REFERENCE / "channels.md"), flags=re.MULTILINE)

    assert sections == list(Channel.Kind.values)


def test_every_known_provider_is_listed_as_it_is():
    _header, *lines = rows("channels.md")

    assert lines == [
        [each.name, ", ".join(each.domains), each.password, "yes" if each.plus_addresses else "no"]
        for each in autoconfig._PROVIDERS
    ]


def test_every_provider_that_sends_is_named():
    page = text_of(REFERENCE / "channels.md").split("### Sending by a provider")[1].split("###")[0]

    assert all(kind.name in page for kind in KINDS.values())


def test_every_word_for_machine_mail_is_explained():
    listed = [BETWEEN_BACKTICKS.findall(cells[0]) for cells in rows("mail.md", heading="What is automatic")]

    assert [words[0] for words in listed if words] == list(get_args(Automatic))


def test_every_warning_about_a_mail_is_explained():
    listed = {
        word for cells in rows("mail.md", heading="Warnings") for word in BETWEEN_BACKTICKS.findall(cells[0])
    }
    emitted = {
        word
        for path in (SOURCES / "channels" / "email").glob("*.py")
        for word in re.findall(
            r"[\"f]\"?((?:charset|from|date|header|structure|html|tnef|unreadable):[a-z-]*)", text_of(path)
        )
    }

    assert listed == {word.removesuffix(":") for word in emitted}


def test_every_key_of_mail_read_is_explained():
    page = text_of(ROOT / "docs" / "how-to" / "read-mail-files.md")
    listed = [
        key
        for line in page.splitlines()
        if line.startswith("| `")
        for key in BETWEEN_BACKTICKS.findall(line.split("|")[1])
    ]

    assert listed == list(read.describe(b"Subject: hello\n\nhello\n"))


MB: Final = 1024 * 1024


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("mail.md", f"leaves {replies.UNDO_SECONDS} seconds after the click"),
        ("mail.md", f"| {drafts.LARGEST_FILES_BYTES // MB} MB |"),
        ("mail.md", f"| {LARGEST_ROW_BYTES // 1024} kB compressed"),
        ("mail.md", f"| from {intake.LARGE_BYTES // MB} MB"),
        ("mail.md", f"| {isolated.SECONDS} seconds, {isolated.MEMORY_BYTES // (1024 * MB)} GB of memory |"),
        ("mail.md", f"| {isolated.MOST_SECONDS} seconds |"),
        ("mail.md", f"| {arrivals.LONGEST_TEXT:,} characters"),
        ("mail.md", f"| {bodies._MAX_PARTS:,} |"),
        ("mail.md", f"| {threading.MOST_NAMED}, the newest |"),
        (
            "mail.md",
            f"| {guard.SAME_KIND_PER_ADDRESS} of a kind to one address | {guard.SAME_KIND_SECONDS // 3600} hours",
        ),
        (
            "mail.md",
            f"| {guard.ANY_KIND_PER_ADDRESS} of all kinds to one address | {guard.ANY_KIND_SECONDS // 3600} hours",
        ),
        (
            "mail.md",
            f"| {guard.PER_MAILBOX} from one mailbox | {guard.PER_MAILBOX_SECONDS // 3600} hour |",
        ),
        (
            "mail.md",
            " and ".join(", ".join(map(str, outbox.RETRY_MINUTES)).rsplit(", ", 1)) + " minutes",
        ),
        ("answer-times.md", f"{WITHOUT_PROMISE // 3600} hours of opening time"),
        ("alarms.md", f"fewer than {alarms.LITTLE_INODES:,} files"),
        ("alarms.md", f"| {alarms.SET_ASIDE_A_DAY} mails of one day"),
        ("alarms.md", f"not fetched for {alarms.NOT_FETCHED.seconds // 60} minutes"),
        ("alarms.md", f"not seen for {alarms.ENDS_AFTER.seconds // 60} minutes"),
        ("alarms.md", f"the first waits {alarms.GATHER.seconds // 60} minutes"),
        ("alarms.md", f"at least {alarms.PACE[1].seconds // 60} minutes after the first"),
        ("alarms.md", f"at least {alarms.PACE[2].seconds // 3600} hours after the second"),
        ("alarms.md", f"the {silence.FEWEST_WEEKS} to {silence.MOST_WEEKS} weeks before"),
        ("alarms.md", f"ln({52 / silence.FALSE_A_YEAR:.0f} × mails a week)"),
        ("alarms.md", f"{silence.MARGIN} times that of the longest silence"),
        ("alarms.md", f"with {silence.FEWEST} mails or more"),
        ("alarms.md", f"after {silence.SHORTEST.seconds // 60} minutes or more"),
    ],
)
def test_a_limit_is_what_the_code_holds_to(page, said):
    assert said in text_of(REFERENCE / page)


def test_the_times_of_waiting_for_servers_and_people_are_those_of_the_code():
    assert fetching.HISTORY.days == 7  # "more than a week"
    assert fetching.BACKOFF_SECONDS[0] == 5  # "after 5 seconds first"
    assert fetching.BACKOFF_SECONDS[-1] == 300  # "every five minutes in the end"
    assert fetching.LEASE_SECONDS == 120  # "another goes on within two minutes"
    assert sign_ins.EARLY.seconds == 300  # "five minutes before it runs out"
    assert fetching.POLL_SECONDS == 30  # "within half a minute"
    assert VALID_FOR.days == 7  # "good for seven days"


# --- the pages as pages ---------------------------------------------------------------------------


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "README.ko.md"], ids=named)
def test_a_readme_is_at_most_80_lines(page):
    assert len(text_of(page).splitlines()) <= 80


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_fences(text_of(page))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{named(page)}: {target}"
        if anchor:
            assert anchor in anchors_of(found), f"{named(page)}: {target}"


def anchors_of(page: Path) -> set[str]:
    """The names that a page's headings have as link targets."""
    headings = re.findall(r"^#+ (.+)$", without_fences(text_of(page)), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_page_can_be_reached_from_the_index():
    index = text_of(ROOT / "docs" / "README.md")

    for page in (ROOT / "docs").rglob("*.md"):
        if page.parent != ROOT / "docs":
            assert f"({page.relative_to(ROOT / 'docs').as_posix()})" in index, named(page)


def test_every_picture_is_small_and_shown_somewhere():
    pictures = [path for path in (ROOT / "docs" / "images").iterdir() if path.is_file()]
    shown = "".join(map(text_of, PAGES))

    assert pictures
    for picture in pictures:
        assert picture.stat().st_size < 250_000, picture.name
        assert f"images/{picture.name})" in shown, picture.name


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_page_names_a_folder_of_one_machine_or_an_index(page):
    text = text_of(page)

    for pattern in (
        r"(?<![\w.])/(?:work|root|tmp|mnt|home/\w+|Users/\w+)/",
        r"pypi\.org|pythonhosted|/simple\b|--(?:extra-)?index-url|npmjs|proxy\.golang",
    ):
        assert re.search(pattern, text) is None


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_that_a_page_shows_exists(page):
    text = text_of(page)
    inline = re.findall(r"`((?:\./)?dangol [^`]+)`", without_fences(text))
    for line in [*"".join(fences(text)).splitlines(), *inline]:
        words = shlex.split(line, comments=True)
        while words and "=" in words[0]:
            words.pop(0)
        if words and words[0] in {"./dangol", "dangol"}:
            check_command(words[1:])
        elif words and words[0].startswith(("tools/", ".venv/bin/python")):
            script = next((word for word in words if word.startswith(("tools/", "bench/"))), "tools")
            assert (ROOT / script).exists(), line


def check_command(words: list[str]) -> None:
    """Refuse a line that the command line would not understand."""
    if words[:1] == ["test"]:
        steps = {step.name for step in all_steps()}
        assert all(words[place + 1] in steps for place, word in enumerate(words) if word == "--only")
        return
    command: click.Command = dangol
    while words:
        word = words.pop(0)
        options = {option: each for each in command.params for option in each.opts}
        if word.startswith("["):
            return  # a place for options, in a line of usage
        if word.startswith("-") and word != "-":
            assert word in options, word
            if not getattr(options[word], "is_flag", False):
                words.pop(0)
        elif isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word)
            assert found is not None, word
            command = found


# --- in Korean ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("english", "korean"), TRANSLATED, ids=lambda path: path.name)
def test_the_korean_page_shows_the_same_commands_and_as_many_headings(english, korean):
    first, second = text_of(english), text_of(korean)

    assert fences(second) == fences(first)
    assert re.findall(r"^#+ ", without_fences(second), re.M) == re.findall(
        r"^#+ ", without_fences(first), re.M
    )


@pytest.mark.parametrize("page", START, ids=named)
def test_what_a_tour_presses_is_called_so_on_the_pages(page):
    in_korean = ".ko." in page.name
    labels: set[str] = set()
    for path in SOURCES.glob("*/locale/ko/LC_MESSAGES/django.po"):
        with path.open("rb") as file:
            for message in read_po(file, locale="ko"):
                label = message.string if in_korean else message.id
                labels |= {label} if isinstance(label, str) else set(label)

    for pressed in re.findall(r"\*\*([^*]+)\*\*", without_fences(text_of(page))):
        for label in pressed.split(" › "):
            assert label in labels, f"{named(page)}: {label}"
