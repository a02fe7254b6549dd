"""``python -m tests.benchmarks.queue_data 1000000``: a million requests in DATA_DIR, some hundreds open.

The number of open requests is the same at any size, because staff can only work on so few.
"""

import os
import random
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_site.settings")

import django

django.setup()

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from clinic_site.accounts.roles import COORDINATOR
from consultations.models import ConsultationRequest, SearchTerm
from consultations.models.search_terms import terms_of
from consultations.references import ALPHABET
from consultations.workflow import CLOSED, Status
from tests.factories import a_request, staff

OPEN = {Status.NEW: 120, Status.CONTACTING: 120, Status.PROPOSED: 80, Status.CONFIRMED: 80}
SET_ASIDE = 100
FIRST = ("Ayesha", "Bilal", "Fatima", "Hassan", "Zainab", "Usman", "Maryam", "Ali", "Sana", "Imran")
LAST = ("Khan", "Ahmed", "Malik", "Butt", "Raza", "Chaudhry", "Siddiqui", "Qureshi", "Mirza", "Shah")
# One request has this name, at any size; of the other there is a page full even in the small table.
RARE, FREQUENT = "Ramisha Feroze", "Muhammad Khan"


def main(count: int) -> None:
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    staff(COORDINATOR)
    model = a_request()
    SearchTerm.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode=OFF")
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.execute("PRAGMA cache_size=-400000")
        # An index is made faster of what is there than row by row.
        cursor.execute(
            "SELECT name, sql FROM sqlite_master"
            " WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN (%s, %s)",
            [ConsultationRequest._meta.db_table, SearchTerm._meta.db_table],
        )
        indexes = cursor.fetchall()
        with transaction.atomic():
            for name, _sql in indexes:
                cursor.execute(f'DROP INDEX "{name}"')
            _fill(cursor, model, count)
            for _name, sql in indexes:
                cursor.execute(sql)
        cursor.execute("PRAGMA journal_mode=WAL")


def _fill(cursor: Any, model: ConsultationRequest, count: int) -> None:
    fields = [field.column for field in ConsultationRequest._meta.concrete_fields]
    changed = ("id", "reference", "key_hash", "status", "patient_name", "phone", "onset", "created_at")
    kept = ", ".join(f'"{column}"' for column in fields if column not in changed)
    table = ConsultationRequest._meta.db_table
    copy = (
        f'INSERT INTO "{table}" ({", ".join(changed)}, {kept})'  # noqa: S608 - the columns of our own table
        f' SELECT {", ".join(["%s"] * len(changed))}, {kept} FROM "{table}" WHERE id = {model.pk}'
    )
    terms = f'INSERT INTO "{SearchTerm._meta.db_table}" (request_id, term) VALUES (%s, %s)'  # noqa: S608
    cursor.executemany(copy, _rows(model.pk, count))
    cursor.executemany(terms, _terms(model, count))
    cursor.execute(
        f'UPDATE "{table}" SET promised_by = datetime(created_at, %s), status_changed_at = created_at',  # noqa: S608
        ["+1 day"],
    )


def _rows(first: int, count: int) -> Iterator[tuple[Any, ...]]:
    now, chance = timezone.now(), random.Random(1)
    statuses = [status for status, number in OPEN.items() for _ in range(number)]
    statuses += [Status.QUARANTINED] * SET_ASIDE
    closed = sorted(CLOSED)
    for number in range(1, count):
        newest_first = count - number - 1
        status = statuses[newest_first] if newest_first < len(statuses) else closed[number % len(closed)]
        name, phone = _person(number)
        sent_at = now - timedelta(minutes=10 * newest_first)
        yield (
            first + number,
            _reference(number),
            f"{number:064}",
            status.value,
            name,
            phone,
            chance.randint(1, 7),
            sent_at.strftime("%Y-%m-%d %H:%M:%S.%f"),
        )


def _terms(model: ConsultationRequest, count: int) -> Iterator[tuple[int, str]]:
    for number in range(1, count):
        name, phone = _person(number)
        model.patient_name, model.phone = name, phone
        for term in sorted(terms_of(_reference(number), model)):
            yield model.pk + number, term


def _person(number: int) -> tuple[str, str]:
    if number == 500:
        return RARE, "+923330000500"
    name = FREQUENT if number % 12 == 5 else f"{FIRST[number % 10]} {LAST[number // 10 % 10]}"
    return name, f"+92300{number * 7_368_787 % 10_000_000:07}"


def _reference(number: int) -> str:
    letters = ""
    for _ in range(8):
        number, digit = divmod(number, len(ALPHABET))
        letters = ALPHABET[digit] + letters
    return f"MS-{letters[:4]}-{letters[4:]}"


if __name__ == "__main__":
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        main(int(sys.argv[1]))
    else:
        raise SystemExit("The rows are written as SQLite takes them.")
