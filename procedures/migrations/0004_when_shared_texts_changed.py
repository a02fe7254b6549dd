from datetime import UTC, datetime

from django.db import migrations, models

# What is there was published with every page that is live: nothing has changed since.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Migration(migrations.Migration):
    dependencies = [("procedures", "0003_indexes_of_what_is_live")]

    operations = [
        migrations.AddField(
            model_name=name,
            name="changed_at",
            field=models.DateTimeField(auto_now=True, default=LONG_AGO, verbose_name="last changed"),
            preserve_default=False,
        )
        for name in ("disclaimer", "emergencytext")
    ]
