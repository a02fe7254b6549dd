"""``python -m tests.benchmarks.data 400``: the sample site in DATA_DIR with 400 published procedures."""

import io
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_site.settings")

import django

django.setup()

import msgspec
from django.core.management import call_command
from django.db import transaction

from procedures.publishing.documents import PageDocument
from procedures.models import Procedure, Publication


def main(count: int) -> None:
    call_command("migrate", verbosity=0)
    call_command("load_sample_content", stdout=io.StringIO())
    call_command("collectstatic", interactive=False, verbosity=0)
    model = Publication.objects.get(slug="nerve-repair", language="en")
    with transaction.atomic():
        for number in range(Procedure.objects.count() + 1, count + 1):
            _copy(model, number)


def _copy(model: Publication, number: int) -> None:
    """As long as a real one: reading it must not be easier."""
    slug, title = f"procedure-{number}", f"Procedure {number}"
    document = msgspec.structs.replace(PageDocument.from_json(model.document), slug=slug, title=title)
    page = Procedure.objects.create(
        slug=slug,
        title=title,
        menu_label=title,
        plain_name=title,
        position=number,
        summary="-",
        description="-",
    )
    copied = ("language", "number", "reviewed_on", "review_due_on", "published_at", "live_from")
    Publication.objects.create(
        page=page,
        slug=slug,
        document=document.to_json(),
        card=document.card.to_json(),
        **{name: getattr(model, name) for name in copied},
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
