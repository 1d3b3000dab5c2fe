from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0001_initial'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='wait',
            index=models.Index(fields=['started_at', 'id'], name='wait_began'),
        ),
    ]
