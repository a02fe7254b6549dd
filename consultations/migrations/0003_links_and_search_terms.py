"""Private links and search terms of the requests that are there already."""

from django.db import migrations


def copy(apps, schema_editor):
    from consultations.text import folded

    request_model = apps.get_model("consultations", "ConsultationRequest")
    link_model = apps.get_model("consultations", "PrivateLink")
    term_model = apps.get_model("consultations", "SearchTerm")
    for request in request_model.objects.iterator(chunk_size=500):
        link_model.objects.create(request=request, token_hash=request.token_hash, made_at=request.created_at)
        digits = request.phone.removeprefix("+")
        terms = {*folded(request.reference).split(), *request.names_folded.split(), digits, "<" + digits[::-1]}
        term_model.objects.bulk_create(
            term_model(request=request, term=term) for term in sorted({term[:60] for term in terms})
        )


def copy_back(apps, schema_editor):
    link_model = apps.get_model("consultations", "PrivateLink")
    for link in link_model.objects.select_related("request").order_by("-pk").iterator(chunk_size=500):
        request = link.request
        request.token_hash = link.token_hash  # the oldest link is the last to be written
        request.save(update_fields=["token_hash"])


class Migration(migrations.Migration):
    dependencies = [("consultations", "0002_the_whole_journey")]

    operations = [migrations.RunPython(copy, copy_back)]
