"""What ``manage.py check --deploy`` says of the content."""

from collections.abc import Iterable

from clinic_site.checks import sample_check
from procedures.models import Practitioner, Publication


def _practitioners() -> Iterable[str]:
    for practitioner in Practitioner.objects.filter(is_active=True, is_sample=True):
        yield f"the practitioner “{practitioner.name}”"


def _pages() -> Iterable[str]:
    live = Publication.objects.live().select_related("page", "reviewer")
    for publication in live:
        if publication.reviewer is None or publication.reviewer.is_sample:
            yield f"the page “{publication.page}”, which nobody has reviewed"


sample_check(_practitioners)
sample_check(_pages)
