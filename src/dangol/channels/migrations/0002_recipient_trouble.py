from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('channels', '0001_initial'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='deliveryrecipient',
            index=models.Index(condition=models.Q(('state__in', ['refused', 'bounced'])), fields=['changed_at'], name='recipient_trouble'),
        ),
    ]
