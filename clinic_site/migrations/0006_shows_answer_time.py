"""The owner agrees, or does not, that patients are told how soon requests are usually answered."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clinic_site', '0005_access_events'),
    ]

    operations = [
        migrations.AddField(
            model_name='clinicprofile',
            name='shows_answer_time',
            field=models.BooleanField(default=False, help_text='Before they send a request, patients read within how many open hours half of the requests of the last 30 days had a first call or message. Nothing is told while fewer than 20 had one.', verbose_name='tell patients how soon we usually answer'),
        ),
    ]
