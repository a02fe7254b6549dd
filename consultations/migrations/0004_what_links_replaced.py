"""What private links and search terms have replaced."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("consultations", "0003_links_and_search_terms")]

    operations = [
        # With a default first: so that this can be taken back where rows exist.
        migrations.AlterField(
            "consultationrequest", "token_hash", models.CharField(max_length=64, editable=False, default="")
        ),
        migrations.AlterField(
            "consultationrequest", "names_folded", models.TextField(editable=False, default="")
        ),
        migrations.RemoveField(model_name="consultationrequest", name="names_folded"),
        migrations.RemoveField(model_name="consultationrequest", name="token_hash"),
    ]
