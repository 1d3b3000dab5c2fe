from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from dangol.kernel.month_sums import keep_sums
from dangol.orders.months import SALES


def keep(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # SQLite never locked a row of the sums, and looks itself whether anything changed.
    if schema_editor.connection.vendor == "postgresql":
        keep_sums(SALES, schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0005_kind_of_file"),
    ]

    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
