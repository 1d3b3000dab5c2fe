from functools import partial

from django.db import migrations

from dangol.search.tables import add_spans, drop_spans

TABLES = ("search_message", "search_conversation", "search_customer")


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial")]
    operations = [
        migrations.RunPython(partial(add_spans, table=table), partial(drop_spans, table=table))
        for table in TABLES
    ]
