from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsultationsConfig(AppConfig):
    name = "consultations"
    verbose_name = _("Consultations")

    def ready(self) -> None:
        from clinic_site.mail.signals import reader_informed
        from consultations.lifecycle.booking import record_reader_informed

        reader_informed.connect(record_reader_informed)
