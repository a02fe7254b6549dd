"""Other requests from the same number. A family shares one: they are shown, and never merged."""

from dataclasses import dataclass

from consultations.models import ConsultationRequest, SearchTerm
from consultations.models.search_terms import number_terms

MOST = 10


@dataclass(frozen=True)
class FromSameNumber:
    """One of them, with no more of the person than helps to tell them apart."""

    request: ConsultationRequest

    @property
    def first_name(self) -> str:
        words = self.request.patient_name.split()
        return words[0] if words else ""


def from_same_number(consultation: ConsultationRequest) -> list[FromSameNumber]:
    """The newest ones, one more than are shown. One query; none of an erased request.

    By the terms of the search: a number is the same for calls and for WhatsApp, and there is an index.
    """
    terms = SearchTerm.objects.filter(term__in=number_terms(consultation.phone, consultation.whatsapp))
    others = ConsultationRequest.objects.filter(pk__in=terms.values("request"), erased_at=None)
    newest = others.exclude(pk=consultation.pk).order_by("-created_at", "-pk")
    return [FromSameNumber(request) for request in newest[: MOST + 1]]
