from django.db import migrations, models


class Migration(migrations.Migration):
    """A table for the stamp of what is live. Its row and the triggers are made after each migration."""

    dependencies = [("clinic_site", "0002_limits_and_information_practices")]

    operations = [
        migrations.CreateModel(
            name="LiveStamp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.CharField(default="", editable=False, max_length=32)),
            ],
            options={"verbose_name": "stamp of what is live", "default_permissions": ()},
        ),
    ]
