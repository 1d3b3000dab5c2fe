from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from dangol.goodwill.months import LEDGER
from dangol.kernel.month_sums import keep_sums


def keep(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # SQLite never locked a row of the sums, and looks itself whether anything changed.
    if schema_editor.connection.vendor == "postgresql":
        keep_sums(LEDGER, schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("goodwill", "0005_months"),
    ]

    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
