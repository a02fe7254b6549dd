"""One request at most has the hash of its answers and browser; and the erased are found by their reference."""

from django.db import migrations, models


def leave_it_to_the_newest(apps, schema_editor):
    request_model = apps.get_model("consultations", "ConsultationRequest")
    newer = request_model.objects.filter(twin_hash=models.OuterRef("twin_hash"), pk__gt=models.OuterRef("pk"))
    request_model.objects.exclude(twin_hash="").filter(models.Exists(newer)).update(twin_hash="")


def find_the_erased(apps, schema_editor):
    from consultations.text import folded

    request_model = apps.get_model("consultations", "ConsultationRequest")
    term_model = apps.get_model("consultations", "SearchTerm")
    erased = request_model.objects.exclude(erased_at=None).iterator(chunk_size=500)
    term_model.objects.bulk_create(
        (term_model(request=request, term=folded(request.reference)) for request in erased),
        batch_size=500,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("consultations", "0006_append_only_managers")]

    operations = [
        migrations.RunPython(leave_it_to_the_newest, migrations.RunPython.noop),
        migrations.RunPython(find_the_erased, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="consultationrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("twin_hash", ""), _negated=True),
                fields=("twin_hash",),
                name="one_request_of_the_same_answers",
                violation_error_message="These answers have been sent already.",
            ),
        ),
    ]
