"""Sample content that is still live, for ``manage.py check --deploy``."""

from collections.abc import Iterable

from django.utils.translation import get_language_info

from procedures.models import Practitioner, Publication
from procedures.publishing.documents import PageDocument


def sample_practitioners() -> Iterable[str]:
    for practitioner in Practitioner.objects.active().filter(is_sample=True):
        yield f"the practitioner “{practitioner.name}”"


def sample_pages() -> Iterable[str]:
    # The frozen review counts: the reviewer's row may have changed since.
    for publication in Publication.objects.live().select_related("page"):
        if PageDocument.from_json(publication.document).is_sample:
            language = get_language_info(publication.language)["name"]
            yield f"the page “{publication.page}” in {language}, which has no review"
