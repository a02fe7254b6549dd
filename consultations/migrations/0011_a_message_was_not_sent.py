"""One label: the stored value stays."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("consultations", "0010_names_cut_into_words"),
    ]

    operations = [
        migrations.AlterField(
            model_name="event",
            name="kind",
            field=models.CharField(
                choices=[
                    ("submitted", "Sent by the patient"),
                    ("status_changed", "Status changed"),
                    ("answers_changed", "Answers changed by the patient"),
                    ("phone_corrected", "Phone number corrected by the patient"),
                    ("reach_corrected", "How to reach them corrected"),
                    ("note_added", "Note added by the patient"),
                    ("photograph_added", "Photograph or report added by the patient"),
                    ("contacted", "Contact tried"),
                    ("assigned", "Assigned"),
                    ("noted", "Seen by the staff"),
                    ("time_offered", "Time offered"),
                    ("time_agreed", "Time agreed"),
                    ("time_refused", "The patient asked for another time"),
                    ("time_cancelled", "Time canceled"),
                    ("reminded", "Reminded of the appointment"),
                    ("not_reminded", "Not reminded after all"),
                    ("not_told", "A message was not sent"),
                    ("link_made", "New private link made"),
                    ("copy_made", "Copy made for the patient"),
                    ("erased", "Personal details erased"),
                ],
                max_length=30,
                verbose_name="what happened",
            ),
        ),
    ]
