"""A cause says how it is made good as a rule. The examples that nobody renamed get what a new installation begins with."""

from django.db import migrations, models

REMEDIES = {
    "Order or menu misunderstood": "redo",
    "Something was missing": "redo",
    "Late": "shipping",
    "Cold or poor quality": "redo",
    "Broken or damaged": "redo",
    "주문이나 메뉴를 잘못 앎": "redo",
    "빠진 것이 있음": "redo",
    "늦음": "shipping",
    "식었거나 품질이 나쁨": "redo",
    "깨졌거나 망가짐": "redo",
}
KINDS = (
    ("redo", "made again"),
    ("refund", "refund"),
    ("free_item", "free item"),
    ("discount", "discount"),
    ("sample", "sample"),
    ("gift", "gift"),
    ("points", "points"),
    ("shipping", "shipping"),
    ("staff_time", "staff time"),
    ("lost_customer", "lost customer"),
    ("departure", "departure of staff"),
    ("training", "training"),
    ("other", "other"),
)


def suggest(apps, schema_editor):
    causes = apps.get_model("goodwill", "Cause").objects.using(schema_editor.connection.alias)
    for name, remedy in REMEDIES.items():
        causes.filter(name=name).update(remedy=remedy)


class Migration(migrations.Migration):
    dependencies = [("goodwill", "0006_net_sums")]

    operations = [
        migrations.AddField(
            model_name="cause",
            name="remedy",
            field=models.CharField(blank=True, choices=KINDS, default="", max_length=16),
            preserve_default=False,
        ),
        migrations.RunPython(suggest, migrations.RunPython.noop),
    ]
