from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsultationsConfig(AppConfig):
    name = "consultations"
    verbose_name = _("Consultations")

    def ready(self) -> None:
        from clinic_site.mail.signals import reader_informed, sending_starts
        from consultations.appointments.offers import release_expired_choices
        from consultations.lifecycle.booking import record_reader_informed
        from consultations.messaging.notify import queue_digests

        reader_informed.connect(record_reader_informed)
        sending_starts.connect(release_expired_choices)
        sending_starts.connect(queue_digests)
