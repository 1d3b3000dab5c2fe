import django.db.models.deletion
from django.db import migrations, models

from dangol.goodwill.unchanging import keep_unchanged, let_change


class Migration(migrations.Migration):
    dependencies = [
        ("goodwill", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="wish",
            name="refund",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="orders.refund"
            ),
        ),
        migrations.RemoveConstraint(model_name="entry", name="booked_or_estimated"),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(('booked__isnull', False), ('estimated__isnull', True), ('estimated_high__isnull', True), ('estimated_low__isnull', True)), models.Q(models.Q(('booked__isnull', True), ('estimated__isnull', False), ('estimated_high__isnull', False), ('estimated_low__isnull', False)), ('estimated_high__gte', models.F('estimated')), ('estimated_low__lte', models.F('estimated')), ('reverses__isnull', True)), models.Q(models.Q(('booked__isnull', True), ('estimated__isnull', False), ('estimated_high__isnull', False), ('estimated_low__isnull', False)), ('estimated_high__lte', models.F('estimated')), ('estimated_low__gte', models.F('estimated')), ('reverses__isnull', False)), _connector='OR'),
                name="booked_or_estimated",
            ),
        ),
        migrations.RunPython(keep_unchanged, let_change),
    ]
