from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('privacy', '0002_retention'),
    ]

    operations = [
        migrations.AddField(
            model_name='retentionpolicy',
            name='reached',
            field=models.JSONField(default=dict),
        ),
    ]
