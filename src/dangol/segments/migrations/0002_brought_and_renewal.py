from datetime import date

from django.db import migrations, models


def walk_again(apps, schema_editor):
    """Who was brought by whom is not counted yet: the walk along everybody begins once more."""
    walks = apps.get_model("segments", "Walk").objects
    walks.update(reached=0)
    walks.filter(day__isnull=False).update(day=date(1970, 1, 1))


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0003_identity_source"),
        ("segments", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Renewal",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(
                        default=1, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("reached", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="one_renewal")
                ],
            },
        ),
        migrations.AddField(
            model_name="figures",
            name="brought_by",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="figures",
            name="brought_count",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name="figures",
            index=models.Index(
                condition=models.Q(("brought_by__isnull", False)),
                fields=["brought_by"],
                name="figures_brought_by",
            ),
        ),
        migrations.RunPython(walk_again, migrations.RunPython.noop),
    ]
