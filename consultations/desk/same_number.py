"""Other requests from the same phone. A family shares one: they are shown, and never merged."""

from dataclasses import dataclass

from consultations.models import ConsultationRequest

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
    """The newest ones, one more than are shown. One query; none of an erased request."""
    others = ConsultationRequest.objects.filter(phone=consultation.phone, erased_at=None)
    newest = others.exclude(pk=consultation.pk).order_by("-created_at", "-pk")
    return [FromSameNumber(request) for request in newest[: MOST + 1]]
