"""A real chromium, and the whole site served to it with its static files."""

import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import axe_playwright_python
import playwright
import pytest
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.wsgi import get_wsgi_application
from django.db import connection, connections
from django.test import Client, override_settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from clinic_site.accounts.models import User
from tests.accounts.account_helpers import PASSWORD
from tests.conftest import load_sample_content

# The shell is Chromium without the windows: it opens a page in a tenth of the time.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHONE, DESKTOP = {"width": 320, "height": 640}, {"width": 1280, "height": 900}
USUAL_PHONE = {"width": 360, "height": 740}
# Each page is looked at on both: the staff side has dark colors, the public one has not.
LOOKS = ((PHONE, "dark"), (DESKTOP, "light"))

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
# Not what follows the rules: that list is long. Nor the style sheets once more, for a rule that is off.
FIND_VIOLATIONS = """async () => {
    const {violations} = await axe.run(document, {resultTypes: ["violations"], preload: false});
    return violations.flatMap(({id, nodes}) => nodes.map(({html}) => `${id}: ${html.slice(0, 160)}`));
}"""

# Be patient with a busy machine.
expect.set_options(timeout=30_000)


def missing() -> str:
    """Return what this machine lacks for browser tests; "" if nothing."""
    if CHROMIUM is None:
        return "there is no chromium: apt-get install chromium"
    driver = Path(playwright.__file__).parent / "driver" / "node"
    if subprocess.run([driver, "--version"], capture_output=True, check=False).returncode:
        return "Playwright cannot run here: apt-get install libatomic1"
    return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    lacking = missing()
    for item in items:
        if "/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))
            if lacking:
                item.add_marker(pytest.mark.skip(reason=lacking))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    # While Playwright's event loop runs, Django keeps this thread's connections in another place. One that
    # is open before, or after, stays so out of sight, and is shared with every process forked then.
    connections.close_all()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
        connections.close_all()


class ThreadedServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def process_request_thread(self, *arguments: Any) -> None:
        try:
            super().process_request_thread(*arguments)
        finally:
            connections.close_all()


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """The site writes its own log."""


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The whole site on loopback, with its static files served by WhiteNoise as in production."""
    with override_settings(WHITENOISE_AUTOREFRESH=False):
        application = get_wsgi_application()
    with make_server("127.0.0.1", 0, application, ThreadedServer, QuietHandler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}"  # passkeys need a host name
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def sample_database(django_db_setup: None, chromium: Browser, django_db_blocker: Any) -> sqlite3.Connection:
    """A copy in memory of the database with the sample content, which is quicker to restore than to load."""
    copy = sqlite3.connect(":memory:")
    with django_db_blocker.unblock():
        load_sample_content()
        connection.connection.backup(copy)
    return copy


@pytest.fixture
def site(transactional_db: None, sample_database: sqlite3.Connection, server_url: str, settings: Any) -> str:
    """The address of the site with its sample content, served as it is in production."""
    settings.SITE_URL = server_url
    settings.CSRF_TRUSTED_ORIGINS = [server_url]
    connection.ensure_connection()
    sample_database.backup(connection.connection)
    # The rows of the copy have other ids than those that this process has remembered.
    ContentType.objects.clear_cache()
    return server_url


def press(page: Page, button: str | re.Pattern[str]) -> None:
    """Press a button and wait for the whole page that answers.

    After a click alone, a test may still see the page before, or the half of the answer that is there.
    """
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


class Visitor:
    """A person with a browser window. Console errors and warnings fail the test at its end."""

    def __init__(self, browser: Browser, site: str, **options: Any) -> None:
        self.site = site
        self.has_scripts = options.get("java_script_enabled", True)
        self.context: BrowserContext = browser.new_context(
            **({"viewport": {"width": 390, "height": 800}, "base_url": site} | options)
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.complaints: list[str] = []
        self.page.on("console", self._hears)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hears(self, message: ConsoleMessage) -> None:
        # A page that is meant to answer 4xx is reported here too; its own test asserts the status.
        # And where a line is cut, the browser's own page asks for our icon, and is refused it.
        of_no_page_of_ours = ("Failed to load resource", "from origin 'null'")
        if message.type in ("error", "warning") and not any(w in message.text for w in of_no_page_of_ours):
            self.complaints.append(message.text)

    def opens(self, path: str, status: int = 200) -> Page:
        response = self.page.goto(self.site + path)
        assert response is None or response.status == status, (path, response.status)
        return self.page

    def presses(self, button: str | re.Pattern[str]) -> None:
        press(self.page, button)

    def is_signed_in(self, user: User) -> None:
        """Without the sign-in page, for tests that are about something else."""
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        self.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.site}])

    def signs_in(self, user: User) -> None:
        """Fill in the sign-in page, which is open."""
        self.page.fill("#id_login", user.email)
        self.page.fill("#id_password", PASSWORD)
        self.presses("Sign in")

    def signs_out(self) -> None:
        self.page.get_by_text("Your account").locator("..").click()
        self.presses("Log out")

    def assert_accessible(self) -> None:
        """Require that the page fits the window, and that axe, which is a script, finds nothing."""
        assert not self.scrolls_sideways(), self.page.url
        if self.has_scripts:
            assert self.violations() == []

    def assert_accessible_everywhere(self) -> None:
        """Require the same on a phone with dark colors and on a desktop with light ones."""
        own = self.page.viewport_size
        for size, scheme in LOOKS:
            self.page.set_viewport_size(size)
            self.page.emulate_media(color_scheme=scheme)
            if self.has_scripts:  # colors change slowly
                self.page.evaluate("Promise.allSettled(document.getAnimations().map(one => one.finished))")
            self.assert_accessible()
        self.page.set_viewport_size(own)

    def violations(self) -> list[str]:
        """Return the accessibility problems that axe finds on the current page."""
        heard_before = len(self.complaints)
        found = self._axe()
        # Axe puts styles of its own into the page, which our policy forbids: no fault of the page.
        del self.complaints[heard_before:]
        return [f"{self.page.url} {violation}" for violation in found]

    def _axe(self) -> list[str]:
        """What axe finds. A click may still be on its way to the next page: then that one counts."""
        for tries_left in (2, 1, 0):
            self.page.wait_for_load_state()
            try:
                if not self.page.evaluate("'axe' in window"):
                    self.page.evaluate(AXE)
                found: list[str] = self.page.evaluate(FIND_VIOLATIONS)
                return found
            except PlaywrightError as error:
                if "Execution context was destroyed" not in str(error) or not tries_left:
                    raise
        return []

    def scrolls_sideways(self) -> bool:
        return bool(
            self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        )


@pytest.fixture
def visit(chromium: Browser, site: str) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors: ``visit(java_script_enabled=False)``; with a user, one who is signed in."""
    visitors: list[Visitor] = []

    def make(user: User | None = None, **options: Any) -> Visitor:
        visitor = Visitor(chromium, site, **({"viewport": DESKTOP} if user else {}) | options)
        visitors.append(visitor)
        if user:
            visitor.is_signed_in(user)
        return visitor

    yield make
    for visitor in visitors:
        visitor.context.close()
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []
