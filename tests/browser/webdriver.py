"""Firefox and WebKit (the engine of iPhones), controlled with WebDriver commands.

Debian has no geckodriver, which Selenium needs for Firefox. Firefox itself accepts the same commands over a
socket ("Marionette"); WebKit's driver accepts them over HTTP.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.ports import free_port

TIMEOUT_SECONDS = 60
PROGRAMS = {"Firefox": ("firefox-esr",), "WebKit": ("WebKitWebDriver", "Xvfb")}
PACKAGES = {"Firefox": "firefox-esr", "WebKit": "webkit2gtk-driver xvfb"}

# Each command's name in Firefox and its path in WebKit's driver.
NAVIGATE, BACK = ("WebDriver:Navigate", "url"), ("WebDriver:Back", "back")
RUN_SCRIPT = ("WebDriver:ExecuteScript", "execute/sync")
CLICK, TYPE = ("WebDriver:ElementClick", "click"), ("WebDriver:ElementSendKeys", "value")


def is_installed(engine: str) -> bool:
    return all(shutil.which(program) for program in PROGRAMS[engine])


class Window:
    """A browser window. ``send`` passes the driver a command and, for commands on an element, its id."""

    def __init__(self, send: Callable[..., Any]) -> None:
        self.send = send

    def opens(self, url: str) -> None:
        self.send(NAVIGATE, url=url)

    def goes_back(self) -> str:
        """Press Back; return the heading of the page it leads to."""
        return self._changes_page(BACK)

    def reads(self, script: str, *arguments: object) -> Any:
        return self.send(RUN_SCRIPT, script=f"return {script}", args=arguments)

    def finds(self, script: str, *arguments: object) -> str | None:
        """Return the id of the element that a JavaScript expression evaluates to, or None."""
        found = self.reads(script, *arguments)
        return next(iter(found.values())) if found else None

    def fills_in(self, answers: dict[str, str]) -> None:
        """Fill in the visible fields among these."""
        for name, answer in answers.items():
            # For a radio button or checkbox, click its label, which may cover the input.
            choice = self.finds(
                "[...document.getElementsByName(arguments[0])].filter(field => field.checkVisibility())"
                ".flatMap(field => field.options ? [...field.options] : field)"
                ".filter(field => ['radio', 'checkbox', undefined].includes(field.type))"
                ".filter(field => field.value === arguments[1]).map(field => field.labels?.[0] ?? field)[0]",
                name,
                answer,
            )
            text = self.finds(
                "[...document.getElementsByName(arguments[0])].find(field => field.checkVisibility()"
                " && !field.options && !['radio', 'checkbox'].includes(field.type))",
                name,
            )
            if choice:
                self.send(CLICK, choice)
            elif text:
                self.send(TYPE, text, text=answer)

    def presses_main_button(self) -> str:
        """Submit the page's form; return the heading of the next page."""
        button = self.finds("document.querySelector('main form button.btn:not(.btn--link)')")
        return self._changes_page(CLICK, button or "")

    def heading(self) -> str | None:
        """Return the heading of the page, or None while it is loading."""
        heading: str | None = self.reads(
            "document.readyState === 'complete' ? document.querySelector('h1')?.innerText : null"
        )
        return heading

    def _changes_page(self, command: tuple[str, str], element: str = "") -> str:
        before, deadline = self.heading(), time.monotonic() + TIMEOUT_SECONDS
        self.send(command, element)
        while (now := self.heading()) in (before, None):
            assert time.monotonic() < deadline, self.reads("document.querySelector('main').innerText")
            time.sleep(0.1)
        return str(now)


@contextmanager
def running(*command: str, **options: Any) -> Iterator[None]:
    """Run a program, then stop it and every process it started."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, **options
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=TIMEOUT_SECONDS)


def connect(port: int) -> socket.socket:
    """Connect to a program that is starting; wait until it listens."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "the browser did not start"
            time.sleep(0.1)


@contextmanager
def firefox(profile: Path) -> Iterator[Window]:
    port = free_port()
    (profile / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
    arguments = ("--headless", "--no-remote", "--marionette", "--profile", str(profile), "about:blank")
    with running("firefox-esr", *arguments), connect(port) as line, line.makefile("rb") as replies:

        def receive() -> Any:
            length = b"".join(iter(lambda: replies.read(1), b":"))
            return json.loads(replies.read(int(length)))

        def send(command: tuple[str, str], element: str = "", **parameters: Any) -> Any:
            if element:
                parameters["id"] = element
            message = json.dumps([0, 1, command[0], parameters]).encode()
            line.sendall(b"%d:%b" % (len(message), message))
            _kind, _number, error, result = receive()
            assert error is None, error
            return result.get("value")

        receive()  # Firefox's greeting
        send(("WebDriver:NewSession", ""))
        yield Window(send)


@contextmanager
def virtual_display() -> Iterator[str]:
    """An X display in memory, for WebKit, which has no headless mode. Yields its name."""
    read_end, write_end = os.pipe()
    with os.fdopen(read_end) as display, running("Xvfb", "-displayfd", str(write_end), pass_fds=[write_end]):
        os.close(write_end)
        yield f":{display.readline().strip()}"


@contextmanager
def webkit(profile: Path) -> Iterator[Window]:
    port = free_port()
    (browser,) = Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser")
    driver = ("env", f"HOME={profile}", "WebKitWebDriver", f"--port={port}")
    with virtual_display() as display, running("env", f"DISPLAY={display}", *driver):

        def post(path: str, **parameters: Any) -> Any:
            request = Request(f"http://127.0.0.1:{port}/session{path}", json.dumps(parameters).encode())
            with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - the driver
                return json.load(response)["value"]

        def send(command: tuple[str, str], element: str = "", **parameters: Any) -> Any:
            return post(f"/{session}/{f'element/{element}/' if element else ''}{command[1]}", **parameters)

        connect(port).close()
        options = {"webkitgtk:browserOptions": {"binary": str(browser), "args": ["--automation"]}}
        session = post("", capabilities={"alwaysMatch": options})["sessionId"]
        yield Window(send)


ENGINES = {"Firefox": firefox, "WebKit": webkit}
