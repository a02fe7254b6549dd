"""The questions, the rules for their answers, and what each error says."""

from consultations.forms.emergency import EmergencyQuestion
from consultations.forms.photographs import PhotographsForm
from consultations.forms.request import RequestForm

__all__ = ["EmergencyQuestion", "PhotographsForm", "RequestForm"]
