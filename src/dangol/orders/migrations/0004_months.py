from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from dangol.kernel.month_sums import drop_sums, keep_sums
from dangol.orders.months import SALES


def keep(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    keep_sums(SALES, schema_editor)


def drop(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    drop_sums(SALES, schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0003_file_import"),
    ]

    operations = [migrations.RunPython(keep, drop)]
