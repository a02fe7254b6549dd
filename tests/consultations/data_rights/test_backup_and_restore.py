"""Erased requests stay erased after an older backup is restored."""

import shutil
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from clinic_site.accounts.roles import MANAGER
from clinic_site.operations import readiness
from clinic_site.operations.backup import DATABASE
from consultations.data_rights import erasure
from consultations.models import ConsultationRequest, Event
from tests.consultations.data_rights.erasure_helpers import personal_details_left, request_with_traces
from tests.factories import a_request, staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def back_up(folder: Path) -> Path:
    said = StringIO()
    call_command("backup", folder, stdout=said)
    (made,) = folder.iterdir()
    assert str(made) in said.getvalue()
    return made


def restore(backup: Path, settings: Any) -> None:
    """As in docs/deployment.md: the database, then the files, but not the erasure log."""
    if connection.vendor == "sqlite":
        name = Path(str(connection.settings_dict["NAME"]))
        connections.close_all()
        for old in (name, Path(f"{name}-wal"), Path(f"{name}-shm")):
            old.unlink(missing_ok=True)
        shutil.copy(backup / DATABASE["sqlite"], name)
    else:
        database = dict(connection.settings_dict)
        connections.close_all()
        subprocess.run(
            [
                *("pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction"),
                *("--host", database["HOST"], "--port", str(database["PORT"])),
                *("--username", database["USER"], "--dbname", database["NAME"]),
                str(backup / DATABASE["postgresql"]),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
    shutil.copytree(backup / "private", settings.PRIVATE_ROOT, dirs_exist_ok=True)


@pytest.fixture(autouse=True)
def has_the_programs() -> None:
    if connection.vendor == "postgresql" and not (shutil.which("pg_dump") and shutil.which("pg_restore")):
        pytest.skip("there is no pg_dump: apt-get install postgresql-client")


def test_restored_backup_stays_erased(tmp_path: Path, settings: Any) -> None:
    manager = staff(MANAGER)
    her, another = request_with_traces(manager), a_request(patient_name="Bushra Bibi")
    early = back_up(tmp_path / "early")

    erasure.erase(her, actor=manager, reason="asked_in_person")
    after = a_request(patient_name="Came Later")
    assert personal_details_left() == []
    late = back_up(tmp_path / "late")

    restore(early, settings)
    assert ConsultationRequest.objects.get(pk=her.pk).patient_name == "Mahrukhsar Qazalbash"
    assert any(settings.PRIVATE_ROOT.rglob("*.jpg"))
    assert not ConsultationRequest.objects.filter(reference=after.reference).exists()
    assert "erasures" in readiness.failed_checks(settings.READINESS_CHECKS)

    call_command("replay_erasures", stdout=StringIO())
    assert personal_details_left() == []
    assert "erasures" not in readiness.failed_checks(settings.READINESS_CHECKS)
    back = ConsultationRequest.objects.get(pk=her.pk)
    assert (back.reference, back.status) == (her.reference, "withdrawn")
    assert Event.objects.get(kind="erased").detail == {"why": "restored"}
    another.refresh_from_db()
    assert another.patient_name == "Bushra Bibi"

    # If the clinic's own log is lost, the copy in a later backup is enough.
    settings.ERASURE_LEDGER.unlink()
    restore(early, settings)
    assert personal_details_left()
    call_command("replay_erasures", late / "erased.log", stdout=StringIO())
    assert personal_details_left() == []
    assert her.reference in settings.ERASURE_LEDGER.read_text()


def test_backup_without_files_is_restored(tmp_path: Path, settings: Any) -> None:
    files = [settings.MEDIA_ROOT, settings.PRIVATE_ROOT, settings.ERASURE_LEDGER]
    assert not any(Path(path).exists() for path in files)
    backup = back_up(tmp_path / "backups")
    names = {DATABASE[connection.vendor], *(Path(path).name for path in files)}
    assert {path.name for path in backup.iterdir()} == names

    restore(backup, settings)
    said = StringIO()
    call_command("replay_erasures", backup / "erased.log", stdout=said)
    assert said.getvalue() == "Entries read: 0. Requests erased again: 0.\n"


def test_backup_is_private_and_atomic(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    request_with_traces(staff(MANAGER))
    backup = back_up(tmp_path / "backups")
    assert all(path.stat().st_mode & 0o077 == 0 for path in (backup, *backup.iterdir()))
    attachments = {path.name for path in settings.PRIVATE_ROOT.rglob("*.jpg")}
    assert {path.name for path in backup.rglob("*.jpg")} == attachments != set()

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("clinic_site.operations.backup._copy_file", full)
    with pytest.raises(CommandError, match="No backup was made"):
        call_command("backup", tmp_path / "second")
    assert [path.name for path in (tmp_path / "second").iterdir() if not path.name.startswith(".")] == []
