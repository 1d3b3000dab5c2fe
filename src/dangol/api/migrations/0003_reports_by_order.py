from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Value
from django.db.models.functions import Replace

TOLD = "deleted "


def name_orders(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Which order was deleted stood in the reason of its report."""
    reports = apps.get_model("api", "Report").objects.filter(topic="order.deleted", reason__startswith=TOLD)
    reports.update(order_key=Replace("reason", Value(TOLD)), reason="")


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0002_shops"),
    ]

    operations = [
        migrations.AddField(
            model_name="report",
            name="order_key",
            field=models.CharField(blank=True, default="", max_length=120),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(fields=["shop", "order_key", "received_at"], name="report_of_order"),
        ),
        migrations.RunPython(name_orders, migrations.RunPython.noop),
    ]
