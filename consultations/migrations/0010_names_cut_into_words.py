"""Each word of a name is found, whatever stands between two: the terms of names that are stored already."""

from django.db import migrations, transaction

BATCH = 500
TERM_LENGTH = 60


def cut_names(apps, schema_editor):
    """So many requests in a transaction, so that nobody waits for it; killed, it may simply run again."""
    last = 0
    while last is not None:
        with transaction.atomic():
            last = cut_batch(apps, last)


def cut_batch(apps, last):
    """The requests after one, locked: none is erased meanwhile. Gives the last, or None when none is left."""
    from consultations.text import folded, words

    requests = apps.get_model("consultations", "ConsultationRequest").objects.select_for_update()
    stored = requests.filter(pk__gt=last, erased_at=None).order_by("pk")
    batch = list(stored.values_list("pk", "reference", "patient_name", "requester_name")[:BATCH])
    references = {pk: folded(reference) for pk, reference, *_names in batch}
    wanted = {(pk, word[:TERM_LENGTH]) for pk, _ref, *names in batch for word in words(" ".join(names))}
    known, stale = set(), []
    term_model = apps.get_model("consultations", "SearchTerm")
    terms = term_model.objects.filter(request__in=references)
    for key, pk, term in terms.values_list("pk", "request", "term"):
        known.add((pk, term))
        # Neither the reference nor a number from its end. Some names stand in later answers only.
        if term != references[pk] and not term.startswith("<") and (cut := words(term)) != [term]:
            wanted |= {(pk, word) for word in cut}
            stale.append(key)
    missing = sorted(wanted - known)
    term_model.objects.bulk_create(
        (term_model(request_id=pk, term=term) for pk, term in missing), ignore_conflicts=True
    )
    term_model.objects.filter(pk__in=stale).delete()
    return batch[-1][0] if batch else None


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("consultations", "0009_american_spelling")]

    operations = [migrations.RunPython(cut_names, migrations.RunPython.noop)]
