"""The record of who came in, who did not, and whose roles changed. Written once, never changed."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clinic_site', '0004_outbox_and_promise'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AccessEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('signed_in', 'Signed in'), ('sign_in_failed', 'Sign-in failed'), ('signed_out', 'Signed out'), ('two_step_set_up', 'Two-step sign-in set up'), ('two_step_removed', 'Two-step sign-in removed'), ('two_step_reset', 'Two-step sign-in reset by a manager'), ('recovery_code_used', 'Recovery code used'), ('recovery_codes_renewed', 'New recovery codes made'), ('roles_changed', 'Roles changed'), ('invited', 'Invited'), ('link_sent', 'Link to choose a password sent'), ('password_chosen', 'Password chosen'), ('email_changed', 'Email address changed'), ('activated', 'Account activated'), ('deactivated', 'Account deactivated')], max_length=30, verbose_name='what happened')),
                ('at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='at')),
                ('detail', models.JSONField(blank=True, default=dict, verbose_name='detail')),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('subject', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='whose account')),
            ],
            options={
                'verbose_name': 'sign-in and role event',
                'verbose_name_plural': 'sign-ins and changes of roles',
                'default_permissions': ('view',),
            },
        ),
    ]
