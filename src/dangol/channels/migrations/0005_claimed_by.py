from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels", "0004_open_deliveries")]

    operations = [
        migrations.AddField("delivery", "claimed_by", models.CharField(max_length=80, null=True)),
        migrations.AddField("raw", "claimed_by", models.CharField(max_length=80, null=True)),
    ]
