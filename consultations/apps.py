from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsultationsConfig(AppConfig):
    name = "consultations"
    verbose_name = _("Consultations")

    def ready(self) -> None:
        from clinic_site.mail.signals import message_bounced, reader_informed, sending_starts
        from consultations.appointments.offers import release_expired_choices
        from consultations.lifecycle.booking import record_reader_informed, record_reader_not_informed
        from consultations.messaging.notify import announce_new_requests, queue_digests

        message_bounced.connect(record_reader_not_informed)
        reader_informed.connect(record_reader_informed)
        sending_starts.connect(release_expired_choices)
        sending_starts.connect(announce_new_requests)
        sending_starts.connect(queue_digests)
