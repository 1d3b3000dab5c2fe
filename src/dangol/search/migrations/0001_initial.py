from functools import partial

from django.db import migrations

from dangol.search.fields import ContentField, RefField
from dangol.search.tables import drop_index, make_index

TABLES = {
    "MessageText": "search_message",
    "ConversationText": "search_conversation",
    "CustomerText": "search_customer",
}


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        *(
            migrations.CreateModel(
                name=name,
                fields=[
                    ("ref", RefField(primary_key=True, serialize=False)),
                    ("content", ContentField()),
                ],
                options={"db_table": table, "abstract": False},
            )
            for name, table in TABLES.items()
        ),
        *(
            migrations.RunPython(partial(make_index, table=table), partial(drop_index, table=table))
            for table in TABLES.values()
        ),
    ]
