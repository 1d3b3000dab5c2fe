from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0006_net_sums"),
    ]

    operations = [
        migrations.CreateModel(
            name="Conversion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("currency", models.CharField(max_length=3, unique=True)),
                ("asked_at", models.DateTimeField()),
                (
                    "stage",
                    models.CharField(
                        choices=[("orders", "Orders"), ("refunds", "Refunds"), ("ledger", "Ledger")],
                        default="orders",
                        max_length=7,
                    ),
                ),
                ("after", models.BigIntegerField(default=0)),
                ("refunds_from", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("own_amount", None)), fields=["currency", "id"], name="order_without_rate"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("subscription_from__isnull", False)),
                fields=["-ordered_at", "-id"],
                name="order_subscribed",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("subscription_from__isnull", False)),
                fields=["customer", "-subscription_from", "-id"],
                name="order_subscription_of",
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                condition=models.Q(("own_amount", None)), fields=["currency", "id"], name="refund_without_rate"
            ),
        ),
    ]
