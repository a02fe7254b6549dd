"""Fixtures for every test."""

import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from clinic_site.core.untrusted import isolated
from procedures.publishing import share_images

# Deterministic examples, so that a failure can be repeated; no deadline, because machines may be busy.
hypothesis_settings.register_profile(
    "suite", max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("suite")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the translations and collect the static files once, before any worker needs them."""
    if not hasattr(session.config, "workerinput"):
        storage = {"BACKEND": "tests.static_files.FastStaticFilesStorage"}
        with override_settings(STORAGES=settings.STORAGES | {"staticfiles": storage}):
            call_command("collectstatic", interactive=False, verbosity=0)
        call_command("compilemessages", verbosity=0)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slow files first, so that the workers finish at about the same time."""
    long_files = {item.path for item in items if {"slow", "browser"} & {*item.keywords}}
    items.sort(key=lambda item: item.path not in long_files)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, worker_id: str) -> None:
    """SQLite in a file, as in production: in memory, connections behave differently."""
    database = connections["default"]
    if database.vendor == "sqlite":
        name = str(Path(settings.DATA_DIR) / f"test-{worker_id}.sqlite3")
        database.settings_dict["TEST"]["NAME"] = name
        # Straight from the models takes a tenth of the time, and gives the same tables, as a slow test
        # requires (test_migrations_create_the_tables_of_the_models). On PostgreSQL the migrations run.
        database.settings_dict["TEST"]["MIGRATE"] = False
        # Test data need not survive a power cut: with FULL, each commit would wait for the disk.
        options = database.settings_dict["OPTIONS"]
        options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Record the migrations as applied: without them, ``migrate`` would create every table again."""
    with django_db_blocker.unblock():
        recorder = MigrationRecorder(connection)
        if not recorder.applied_migrations():
            recorder.ensure_schema()
            for app, name in MigrationLoader(None).disk_migrations:
                recorder.record_applied(app, name)


@pytest.fixture(scope="session", autouse=True)
def pictures_are_drawn_once() -> Iterator[None]:
    """Draw each share image once: that is most of the time of publishing a page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(share_images, "draw", cache(share_images.draw))
        yield


@pytest.fixture(scope="session", autouse=True)
def static_files_found_on_request() -> Iterator[None]:
    """Otherwise WhiteNoise scans all static files for each test client, which loads the middleware."""
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        yield


@contextmanager
def shared_world(blocker: Any) -> Iterator[None]:
    """Keep what is stored within for several tests, and roll it back after them.

    Django's own class-level transaction, in which stored rows count as committed.
    """

    class World(TestCase):
        pass

    with blocker.unblock():
        World.setUpClass()
        try:
            yield
        finally:
            World.tearDownClass()
            World.doClassCleanups()


def query_count(work: Callable[[], object]) -> int:
    """Do something, and return how many queries it took."""
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


@contextmanager
def undone() -> Iterator[None]:
    block: Any = transaction.atomic()
    block._from_testcase = True  # as in Django's own test cases: a durable transaction may be within
    with block:
        yield
        transaction.set_rollback(True)


def load_sample_content() -> None:
    call_command("load_sample_content", verbosity=0, stdout=io.StringIO())


@pytest.fixture
def sample_site(db: None) -> None:
    """The site with its sample content, as after ``make run``."""
    load_sample_content()


@pytest.fixture(scope="module")
def sample_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The same, shared by all tests of a module."""
    with shared_world(django_db_blocker):
        load_sample_content()
        # Tests that do not ask for the database have none.
        with django_db_blocker.block():
            yield


@pytest.fixture(scope="session")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own")


@pytest.fixture(autouse=True)
def own_media(settings: Any, own_folder: Path) -> Iterator[None]:
    """Each test gets empty file folders. Emptying one folder is faster than creating new ones."""
    settings.MEDIA_ROOT = own_folder / "media"
    settings.PRIVATE_ROOT = own_folder / "private"
    settings.ERASURE_LEDGER = own_folder / "erased.log"
    yield
    for path in own_folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@pytest.fixture(scope="session", autouse=True)
def files_read_in_this_process() -> Iterator[None]:
    """Decode without a child process, which takes a third of a second and one of two slots for all workers.

    For the whole session, because fixtures that several tests share add files, too.
    """

    def run(module: str, arguments: list[str], data: bytes) -> tuple[int, io.BytesIO]:
        status, output = import_module(module).work(arguments, data, max(isolated.SLOT_MEMORY))
        return status, io.BytesIO(output)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(isolated, "run", run)
        yield


@pytest.fixture(autouse=True)
def only_slow_tests_start_processes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that starts a process and is not marked as slow: ``make test-fast`` would run it."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        pytest.fail("This test starts a process: mark it as slow.")

    if not {"slow", "browser"} & {*request.keywords}:
        monkeypatch.setattr(subprocess, "Popen", refuse)
        monkeypatch.setattr(os, "fork", refuse)


@pytest.fixture(autouse=True)
def nobody_is_too_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test fills in a form faster than any person. Those about that set the limit themselves."""
    monkeypatch.setattr("consultations.intake.request_form.MIN_FILLING_TIME", timedelta(0))


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Clear this process's cache: allauth keeps used sign-in codes there."""
    caches["default"].clear()


@pytest.fixture(autouse=True)
def own_page_cache(settings: Any, own_folder: Path) -> None:
    settings.PAGE_CACHE_DIR = own_folder / "pages"


@pytest.fixture(scope="session", autouse=True)
def pages_rendered_each_time() -> Iterator[None]:
    """Turn the page cache off, so that a change shows at once. Tests of the cache turn it on."""
    with override_settings(PAGE_CACHE_SECONDS=0):
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Use a fast password hasher: the real one takes a third of a second."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield
