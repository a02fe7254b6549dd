"""Search terms: an indexed table by which a request is found by reference, name or phone number."""

from itertools import pairwise

from django.db import connection, models
from django.db.models import Case, Exists, OuterRef, Q, When

from clinic_site.core.text import KASHIDA, fold_text, words
from consultations import phone_numbers
from consultations.models.answers import PatientAnswers

# Marks the last digits of a phone number.
END_MARK = "~"
END_DIGITS = 4
MAX_TERM_LENGTH = 60
# Results for one way of reading a search: the commonest name takes no longer than a rare one.
MAX_RESULTS = 100


class SearchTermQuerySet(models.QuerySet["SearchTerm"]):
    def beginning_with(self, *starts: str) -> "SearchTermQuerySet":
        """Terms that begin with any of these, found by the index on either database."""
        found = Q(pk__in=[])
        for start in (start[:MAX_TERM_LENGTH] for start in starts):
            if connection.vendor == "postgresql":
                found |= Q(term__startswith=start)  # the pattern index that Django makes there
            else:  # SQLite compares byte by byte; for LIKE it would read every row
                found |= Q(term__gte=start, term__lt=start + chr(0x10FFFF))
        return self.filter(found)


class SearchTerm(models.Model):
    """A reference, a word of a name, two neighboring words joined, a phone number, or its last digits."""

    # The constraint has the index that finds the terms of a request.
    request = models.ForeignKey(
        "consultations.ConsultationRequest", models.CASCADE, related_name="terms", db_index=False
    )
    term = models.CharField(max_length=MAX_TERM_LENGTH, db_index=True)

    objects = SearchTermQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["request", "term"], name="one_term_of_a_request")]

    def __str__(self) -> str:
        return self.term


def terms_of(reference: str, answers: PatientAnswers) -> set[str]:
    """Return the terms of a request with these answers."""
    numbers = number_terms(answers.phone)
    terms = {fold_text(reference), *numbers, *(END_MARK + number[-END_DIGITS:] for number in numbers)}
    for name in (answers.patient_name, answers.requester_name):
        # A kashida stretches a word, or is typed in place of a hyphen.
        for parts in (words(name), words(name.replace(KASHIDA, " "))):
            terms |= {*parts, *map("".join, pairwise(parts))}
    return {term[:MAX_TERM_LENGTH] for term in terms}


def number_terms(*numbers: str) -> list[str]:
    """Return the terms of numbers in E.164; none for ""."""
    return [number.removeprefix("+") for number in numbers if number]


def with_number(text: str) -> Q:
    """Requests whose phone number begins or ends with the digits of ``text``, at least four."""
    digits = phone_numbers.digits_to_find(text).removeprefix("+")
    if not digits:
        return Q(pk__in=[])
    ends = SearchTerm.objects.filter(term=END_MARK + digits[-END_DIGITS:])
    return _some(SearchTerm.objects.beginning_with(digits, f"92{digits}"), "-term", "-pk") | (
        Q(pk__in=ends.values("request")) & Q(phone__endswith=digits)
    )


def with_words(parts: list[str], *, may_be_joined: bool) -> Q:
    """Requests that have, for each of these, a term that begins with it.

    ``may_be_joined``: or with it and a neighbor joined, so that "Abdul Rehman" finds "Abdulrehman".
    """
    parts = list(dict.fromkeys(parts))
    starts = {part: [part] for part in parts}
    if may_be_joined:
        for one, other in pairwise(parts):
            starts[one].append(one + other)
            starts[other].append(one + other)
    longest, *others = sorted(parts, key=len, reverse=True)
    whole = SearchTerm.objects.filter(term=longest[:MAX_TERM_LENGTH])
    begun = SearchTerm.objects.beginning_with(*starts[longest])
    for other in others:
        same_request = SearchTerm.objects.beginning_with(*starts[other]).filter(request=OuterRef("request"))
        whole, begun = whole.filter(Exists(same_request)), begun.filter(Exists(same_request))
    return _some(whole, "-pk") | _some(begun, "-term", "-pk")


def search_rank(text: str) -> Case:
    """0 if the longest word is a word of the name, 1 if one begins with it, otherwise 2."""
    longest = max(words(text), key=len, default=fold_text(text))
    terms = SearchTerm.objects.filter(request=OuterRef("pk"))
    begun = SearchTerm.objects.beginning_with(longest).filter(request=OuterRef("pk"))
    return Case(
        When(Exists(terms.filter(term=longest[:MAX_TERM_LENGTH])), then=0),
        When(Exists(begun), then=1),
        default=2,
        output_field=models.IntegerField(),
    )


def _some(terms: SearchTermQuerySet, *order: str) -> Q:
    """At most ``MAX_RESULTS`` requests of these terms, in an order that the index gives."""
    return Q(pk__in=terms.order_by(*order).values("request")[:MAX_RESULTS])
