from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0004_many_years")]

    operations = [
        migrations.AddField("draft", "parts", models.JSONField(default=dict)),
        migrations.AddField("draft", "joined_version", models.PositiveIntegerField(default=0)),
    ]
