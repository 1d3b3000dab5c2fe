import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0005_claimed_by"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("inbox", "0005_joined_drafts"),
    ]

    operations = [
        migrations.CreateModel(
            name="KnownPerson",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.CharField(max_length=320)),
                ("sign", models.CharField(max_length=40)),
                ("kind", models.CharField(max_length=12)),
                ("said_at", models.DateTimeField()),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="channels.channel"
                    ),
                ),
                (
                    "said_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("channel", "address", "sign"), name="one_known_person_a_sign"
                    )
                ],
            },
        ),
    ]
