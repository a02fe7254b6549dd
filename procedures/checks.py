"""What ``manage.py check --deploy`` says of the content."""

from collections.abc import Iterable

from clinic_site.checks import sample_check
from procedures.documents import PageDocument
from procedures.models import Practitioner, Publication


def _practitioners() -> Iterable[str]:
    for practitioner in Practitioner.objects.filter(is_active=True, is_sample=True):
        yield f"the practitioner “{practitioner.name}”"


def _pages() -> Iterable[str]:
    # What was signed: the row of whoever signed it may name somebody else by now.
    for publication in Publication.objects.live().select_related("page"):
        if PageDocument.from_json(publication.document).is_sample:
            yield f"the page “{publication.page}”, which nobody has reviewed"


sample_check(_practitioners)
sample_check(_pages)
