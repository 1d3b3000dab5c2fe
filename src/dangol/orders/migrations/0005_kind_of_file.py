from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_months")]

    operations = [
        migrations.AddField(
            model_name="fileimport",
            name="kind",
            field=models.CharField(
                choices=[("orders", "Orders"), ("customers", "Customers")], default="orders", max_length=9
            ),
        ),
    ]
