from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from dangol.goodwill.months import LEDGER
from dangol.goodwill.unchanging import keep_unchanged
from dangol.kernel.month_sums import drop_sums, keep_sums


def keep(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    keep_unchanged(apps, schema_editor)
    keep_sums(LEDGER, schema_editor)


def drop(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    drop_sums(LEDGER, schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("goodwill", "0004_asks_for_cause"),
    ]

    operations = [migrations.RunPython(keep, drop)]
