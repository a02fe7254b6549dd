"""An event for each note of a patient, for corrections by staff, and for a reminder that is taken back."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('consultations', '0007_one_request_of_the_same_answers'),
    ]

    operations = [
        migrations.AlterField(
            model_name='event',
            name='kind',
            field=models.CharField(choices=[('submitted', 'Sent by the patient'), ('status_changed', 'Status changed'), ('answers_changed', 'Answers changed by the patient'), ('phone_corrected', 'Phone number corrected by the patient'), ('reach_corrected', 'How to reach them corrected'), ('note_added', 'Note added by the patient'), ('photograph_added', 'Photograph or report added by the patient'), ('contacted', 'Contact tried'), ('assigned', 'Assigned'), ('noted', 'Seen by the staff'), ('time_offered', 'Time offered'), ('time_agreed', 'Time agreed'), ('time_refused', 'The patient asked for another time'), ('time_cancelled', 'Time cancelled'), ('reminded', 'Reminded of the appointment'), ('not_reminded', 'Not reminded after all'), ('not_told', 'A message could not be written'), ('link_made', 'New private link made'), ('copy_made', 'Copy made for the patient'), ('erased', 'Personal details erased')], max_length=30, verbose_name='what happened'),
        ),
    ]
