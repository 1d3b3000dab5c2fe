"""The `dangol` command. Heavy imports are inside the commands, so that help is quick."""

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from dangol import __version__

DATA_HELP = "Data folder (default: ./data, or DANGOL_DATA)."


class OneSentence(click.Group):
    """Errors end in one sentence and an exit code, never in a traceback (unless DANGOL_DEBUG is set)."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and put what goes wrong into words."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            raise click.Abort from None
        except Exception as failure:
            if os.environ.get("DANGOL_DEBUG"):
                raise
            raise click.ClickException(in_words(failure)) from failure


def in_words(failure: Exception) -> str:
    """One sentence for a person at a terminal."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError

    from dangol.kernel.errors import Refused

    if isinstance(failure, Refused):
        return str(failure)
    if isinstance(failure, PermissionError):
        return (
            f"No permission for {failure.filename}. Choose another folder with --data, or change its rights."
        )
    if isinstance(failure, OSError):
        return f"{failure.strerror or failure}{f': {failure.filename}' if failure.filename else ''}."
    if isinstance(failure, DatabaseError | ImproperlyConfigured | ValueError):
        first = str(failure).strip().partition("\n")[0]
        return f"The database or a setting does not work: {first}. `dangol doctor` says more."
    return f"Something went wrong that should not ({type(failure).__name__}). DANGOL_DEBUG=1 shows where."


@click.group(cls=OneSentence, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dangol")
@click.option("--data", type=click.Path(path_type=Path), help=DATA_HELP)
def main(data: Path | None) -> None:
    """Dangol, the desk that a small business runs to win and keep regulars.

    \b
    Example: dangol demo
             dangol --data ~/dangol up
    """
    if data is not None:
        os.environ["DANGOL_DATA"] = str(data)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dangol.settings")


@main.command()
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep the shop in this folder."
)
@click.option("--language", type=click.Choice(["en", "ko"]), help="Default: that of the terminal.")
def demo(port: int, keep: Path | None, language: str | None) -> None:
    """Open a living shop with ninety days of history and customers who keep writing. Nothing leaves the machine.

    \b
    Example: dangol demo --port 8080
             dangol demo --keep ~/moon-burger --language ko
    """
    from dangol.running import run_desk
    from dangol.showcase.demo import language_of_terminal, run_demo

    run_demo(run_desk, port=port, keep=keep, language=language or language_of_terminal())


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
def up(host: str, port: int) -> None:
    """Run the whole desk: pages, mail in, mail out, in one go.

    \b
    Example: dangol up --port 8080
    """
    from dangol.running import run_desk

    run_desk(host=host, port=port)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
def web(host: str, port: int) -> None:
    """Serve the pages only; any number of these behind a load balancer.

    \b
    Example: DATABASE_URL=postgres://… dangol web --port 8001
    """
    from dangol.running import run_web

    run_web(host=host, port=port)


@main.command()
def work() -> None:
    """Take mail in, send what is due, bring back what was put off; any number of these.

    \b
    Example: DATABASE_URL=postgres://… dangol work
    """
    from dangol.running import run_work

    run_work()


@main.command()
@click.option("--once", is_flag=True, help="Fetch what is there, then stop.")
def fetch(once: bool) -> None:
    """Fetch mail from the mailboxes; each mailbox is fetched by one process at a time.

    \b
    Example: dangol fetch --once
    """
    from dangol.running import run_fetch

    run_fetch(once=once)


class MailGroup(click.Group):
    """Reading files needs neither a data folder nor Django: it is loaded alone."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """What there is."""
        return ["import", "read"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, loaded when it is asked for."""
        if cmd_name == "read":
            from dangol.channels.email.read import mail_read

            return mail_read
        return mail_import if cmd_name == "import" else None


@main.group(cls=MailGroup)
def mail() -> None:
    """Read mail files, or import them.

    \b
    Example: dangol mail read letter.eml
             dangol mail import ~/Maildir --mailbox hello@moonburger.kr
    """


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--mailbox", help="Address of the mailbox it belongs to (not needed when there is one only).")
def mail_import(paths: tuple[Path, ...], mailbox: str | None) -> None:
    """Import .eml files, mbox files, Maildirs or folders of .eml, as history: nobody is answered or notified.

    The same again changes nothing. The arguments may be mixed.

    \b
    Example: dangol mail import ~/Maildir archive.mbox --mailbox hello@moonburger.kr
    """
    from dangol.running import prepare

    prepare()
    from dangol.channels.email.files import count_messages, messages_in
    from dangol.inbox.mail_import import import_mail, importing_channel
    from dangol.kernel.db import relax_durability

    relax_durability()
    total = sum(count_messages(path) for path in paths)
    channel = importing_channel(mailbox)
    with click.progressbar(length=total, label="Importing", file=sys.stderr) as bar:
        done = import_mail(
            channel=channel,
            messages=(message for path in paths for message in messages_in(path)),
            on_progress=bar.update,
        )
    click.echo(
        f"{done.read} read, {done.new} new, {done.known} known already, "
        f"{done.set_aside} set aside, {done.conversations} conversations new"
    )


@main.group()
def worth() -> None:
    """Say what service cost.

    \b
    Example: dangol worth statement --month 2026-10
    """


@worth.command()
@click.option("--month", default="", help="Like 2026-10 (default: the present one).")
@click.option("--from", "first", default="", help="First day, like 2026-10-01, in place of a month.")
@click.option("--to", "last", default="", help="Last day.")
@click.option("--place", help="Name of one place.")
@click.option("--segment", help="Name of one segment of customers.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def statement(
    month: str, first: str, last: str, place: str | None, segment: str | None, as_json: bool
) -> None:
    """What poor service cost and what was given in a period, against the one before. Changes nothing.

    \b
    Example: dangol worth statement --month 2026-10
             dangol worth statement --from 2026-01-01 --to 2026-06-30 --place Hongdae --json
    """
    from dangol.running import set_up_without_changes

    set_up_without_changes()
    from dangol.worth.command import print_statement

    print_statement(
        month=month, first=first, last=last, place=place or "", segment=segment or "", as_json=as_json
    )


@main.group()
def orders() -> None:
    """Bring orders in.

    \b
    Example: dangol orders import orders.csv --currency GBP --timezone Europe/London
    """


@orders.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--currency", help="Of the amounts, where the file does not say (default: the business's own).")
@click.option("--timezone", help="Of the times, where the file does not say (default: the business's own).")
@click.option("--source", default="", help="Where the orders are from; numbers are unique within it.")
@click.option(
    "--column", "columns", multiple=True, metavar="FIELD=NAME", help="What a column is; any number of these."
)
@click.option(
    "--cancelled-by", default="C", show_default=True, help='What a cancellation begins with; "" for none.'
)
@click.option(
    "--month-first/--day-first",
    default=None,
    help="What 3/4/2026 is: the fourth of March, or the third of April (default: what other dates show).",
)
@click.option("--all-or-nothing", is_flag=True, help="Write nothing when a row is refused.")
@click.option("--refused", type=click.Path(path_type=Path, dir_okay=False), help="Write refused rows there.")
@click.option("--dry-run", is_flag=True, help="Only look: nothing is written.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object at the end instead of sentences.")
def orders_import(
    file: Path,
    currency: str | None,
    timezone: str | None,
    source: str,
    columns: tuple[str, ...],
    cancelled_by: str,
    month_first: bool | None,
    all_or_nothing: bool,
    refused: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import a file of orders (CSV, also .gz, or .xlsx), as history: nobody is answered or notified.

    Which column is what is seen from the header. The same again changes nothing.

    \b
    Example: dangol orders import orders.csv --currency GBP --timezone Europe/London
             dangol orders import orders.csv --column number=Ref --column ordered_at=When --dry-run
    """
    from dangol.running import prepare

    prepare(quiet=as_json)
    from dangol.goodwill.commands.refunds import book_all_refunds
    from dangol.kernel import clock
    from dangol.orders.command_line import import_file

    import_file(
        file,
        currency=currency,
        timezone=timezone,
        source=source,
        columns=columns,
        cancelled_by=cancelled_by,
        month_first=month_first,
        all_or_nothing=all_or_nothing,
        refused=refused,
        dry_run=dry_run,
        as_json=as_json,
    )
    if not dry_run:
        for _written in book_all_refunds(at=clock.now()):
            pass


@main.group()
def customers() -> None:
    """Bring customers in, and hand a customer's data over.

    \b
    Example: dangol customers import customers.xlsx --dry-run
    """


@customers.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--column", "columns", multiple=True, metavar="FIELD=NAME", help="What a column is; any number of these."
)
@click.option(
    "--wording", default="", help="The words that people agreed to, where the file does not say them."
)
@click.option("--timezone", help="Of the times, where the file does not say (default: the business's own).")
@click.option(
    "--overwrite", is_flag=True, help="What the file says replaces what is known; a blank never does."
)
@click.option("--all-or-nothing", is_flag=True, help="Write nothing when a row is refused.")
@click.option("--refused", type=click.Path(path_type=Path, dir_okay=False), help="Write refused rows there.")
@click.option("--dry-run", is_flag=True, help="Only look: nothing is written.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object at the end instead of sentences.")
def customers_import(
    file: Path,
    columns: tuple[str, ...],
    wording: str,
    timezone: str | None,
    overwrite: bool,
    all_or_nothing: bool,
    refused: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import a file of customers (CSV, also .gz, or .xlsx): nobody is notified. The same again changes nothing.

    Which column is what is seen from the header. Who has an address that is known already is that customer.

    \b
    Example: dangol customers import customers.xlsx --dry-run
             dangol customers import people.csv --column email=Contact --refused refused.csv
    """
    from dangol.running import prepare

    prepare(quiet=as_json)
    from dangol.customers.command_line import import_file

    import_file(
        file,
        columns=columns,
        wording=wording,
        timezone=timezone,
        overwrites=overwrite,
        all_or_nothing=all_or_nothing,
        refused=refused,
        dry_run=dry_run,
        as_json=as_json,
    )


@customers.command("export-person")
@click.argument("who")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export_person(who: str, file: Path) -> None:
    """Write all that is kept about one customer into a new FILE: pages to read, mails, attachments and data.

    WHO is an e-mail address of theirs, or the number in the address of their page.

    \b
    Example: dangol customers export-person sora@example.com sora.zip
             dangol customers export-person 17 customer.zip
    """
    from dangol.running import prepare

    prepare()
    from dangol.privacy.command_line import write_person_file

    write_person_file(who, file)


@main.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
def backup(file: Path) -> None:
    """Write the whole installation into one new FILE while it runs: database, files and key; - is the standard output.

    Whoever has the file can read your customers' mail and the passwords of your mailboxes.

    \b
    Example: dangol backup ~/backups/$(date +%F).tar.gz
             dangol backup - | ssh other-machine 'cat > dangol.tar.gz'
    """
    from dangol.running import set_up_without_changes

    set_up_without_changes()
    from dangol.transfer.command_line import write_backup

    write_backup(file)


@main.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--files",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of files for a backup that holds none (default: the files beside its folder `backups`).",
)
def restore(file: Path, files: Path | None) -> None:
    """Put the backup FILE back into an empty data folder and, with DATABASE_URL, an empty database.

    What was on its way when the backup was made is not sent again by itself: Stuck work in Settings lists it.
    Never let the old installation and the restored one run at the same time.

    \b
    Example: dangol --data ~/restored restore monday.tar.gz
             DATABASE_URL=postgres://… dangol --data ~/restored restore monday.tar.gz
    """
    from dangol.running import data_folder
    from dangol.transfer.command_line import put_backup_back

    target = data_folder()

    def begin_anew(at: datetime) -> None:
        from dangol.desk.backups.commands import begin_backups_anew
        from dangol.desk.backups.erased_list import read_lists
        from dangol.privacy.again import erase_again

        begin_backups_anew(at=at)
        for said in erase_again(read_lists([target / "backups", file.resolve().parent]), at=at).said():
            click.echo(said, err=True)

    put_backup_back(file, files, target=target, begin_anew=begin_anew)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def doctor(as_json: bool) -> None:
    """Look at database, disk, clock, mailboxes, outgoing mail and stuck work, and say what to do.

    Exit code 1 when something needs to be done.

    \b
    Example: dangol doctor
    """
    from dangol.running import set_up_without_changes

    set_up_without_changes()
    from dangol.desk.doctor import examine, print_findings

    sys.exit(print_findings(examine(), as_json=as_json))
