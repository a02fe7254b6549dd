"""Messages that a later one has replaced, and who of the staff sent a message again or told it another way."""

import django.db.models.deletion
import django.db.models.manager
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clinic_site', '0007_append_only_managers'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MessageStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('resent', 'Sent again'), ('settled', 'Told another way')], max_length=10, verbose_name='what happened')),
                ('message_id', models.CharField(db_index=True, max_length=200)),
                ('message_kind', models.CharField(max_length=40, verbose_name='message')),
                ('about', models.CharField(blank=True, db_index=True, default='', max_length=40, verbose_name='about')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
            ],
            options={
                'verbose_name': 'step with a message',
                'verbose_name_plural': 'steps with messages',
                'ordering': ['at', 'pk'],
                'default_permissions': (),
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('unchanging', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name='outgoingmessage',
            name='is_superseded',
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name='outgoingmessage',
            name='settled_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='dealt with at'),
        ),
        migrations.AddConstraint(
            model_name='outgoingmessage',
            constraint=models.CheckConstraint(condition=models.Q(('is_superseded', False), ('settled_at__isnull', False), _connector='OR'), name='message_superseded_is_settled'),
        ),
        migrations.AddField(
            model_name='messagestep',
            name='actor',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
    ]
