"""How a request is found by name or number among a million others."""

from django.db import connection, models
from django.db.models import Exists, OuterRef, Q

from consultations import phone_numbers
from consultations.models.answers import PatientAnswers
from consultations.text_folding import fold_text, words

# Stands before a number written from its end, so that no search for a beginning finds it.
FROM_THE_END = "<"
TERM_LENGTH = 60
# Of a name that a hundred thousand people have, more than anybody reads.
ENOUGH = 100


class SearchTermQuerySet(models.QuerySet["SearchTerm"]):
    def beginning_with(self, start: str) -> "SearchTermQuerySet":
        """By the index, on either database: each uses it for another way of asking."""
        start = start[:TERM_LENGTH]
        if connection.vendor == "postgresql":
            return self.filter(term__startswith=start)  # the index for patterns, which Django makes there
        # SQLite compares text byte by byte; for LIKE it would read every row.
        return self.filter(term__gte=start, term__lt=start + chr(0x10FFFF))

    def of_requests_that_have(self, beginning: str) -> "SearchTermQuerySet":
        """Those whose request has a term that begins so."""
        others = SearchTerm.objects.beginning_with(beginning).filter(request=OuterRef("request"))
        return self.filter(Exists(others))


class SearchTerm(models.Model):
    """The reference, one word of a name, or a phone number in digits from its beginning or its end."""

    request = models.ForeignKey("consultations.ConsultationRequest", models.CASCADE, related_name="terms")
    term = models.CharField(max_length=TERM_LENGTH, db_index=True)

    objects = SearchTermQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["request", "term"], name="one_term_of_a_request")]

    def __str__(self) -> str:
        return self.term


def terms_of(reference: str, answers: PatientAnswers) -> set[str]:
    """What a request with these answers is to be found by."""
    names = words(f"{answers.patient_name} {answers.requester_name}")
    digits = number_terms(answers.phone, answers.whatsapp)
    ends = [FROM_THE_END + number[::-1] for number in digits]
    return {term[:TERM_LENGTH] for term in (fold_text(reference), *names, *digits, *ends)}


def number_terms(*numbers: str) -> list[str]:
    """What whole numbers in E.164 are to be found by; nothing for "", which is none."""
    return [number.removeprefix("+") for number in numbers if number]


def number_to_find(text: str) -> list[str]:
    """The beginnings of terms that a phone number, or four digits of its start or end, may have."""
    digits = phone_numbers.digits_to_find(text).removeprefix("+")
    return [digits, f"92{digits}", FROM_THE_END + digits[::-1]] if digits else []


def with_all(beginnings: list[str]) -> Q:
    """Requests that have, for each of these, a term that begins with it.

    Of very many, the newest ``ENOUGH`` that have the longest of them as a whole term, and ``ENOUGH`` others:
    a search takes no longer for the commonest name than for a rare one.
    """
    longest, *others = sorted(dict.fromkeys(beginnings), key=len, reverse=True)
    whole = SearchTerm.objects.filter(term=longest[:TERM_LENGTH]).order_by("-pk")
    begun = SearchTerm.objects.beginning_with(longest).order_by("-term", "-pk")
    for other in others:
        whole, begun = whole.of_requests_that_have(other), begun.of_requests_that_have(other)
    return Q(pk__in=whole.values("request")[:ENOUGH]) | Q(pk__in=begun.values("request")[:ENOUGH])
