from django.db import migrations, models


class Migration(migrations.Migration):
    """What is live is found without looking at every procedure, or at every version."""

    dependencies = [("procedures", "0002_reported_mistakes_and_plain_words")]

    operations = [
        migrations.AddIndex(
            model_name="procedure",
            index=models.Index(fields=["position", "page_ptr"], name="procedure_by_position"),
        ),
        migrations.AddIndex(
            model_name="publication",
            index=models.Index(fields=["live_from"], name="publication_by_time"),
        ),
    ]
