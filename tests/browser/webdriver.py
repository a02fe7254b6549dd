"""Firefox and WebKit (the engine of iPhones), driven by the WebDriver commands that both understand.

Debian has no geckodriver, which Selenium needs for Firefox. Firefox itself speaks the same commands over a
socket ("Marionette"), WebKit's driver speaks them over HTTP.
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

MAX_SECONDS = 60
PROGRAMS = {"Firefox": ("firefox-esr",), "WebKit": ("WebKitWebDriver", "Xvfb")}
PACKAGES = {"Firefox": "firefox-esr", "WebKit": "webkit2gtk-driver xvfb"}

# Where each engine's driver expects a command: Firefox's name for it, and the path in WebKit's driver.
NAVIGATE, BACK = ("WebDriver:Navigate", "url"), ("WebDriver:Back", "back")
RUN_SCRIPT = ("WebDriver:ExecuteScript", "execute/sync")
CLICK, TYPE = ("WebDriver:ElementClick", "click"), ("WebDriver:ElementSendKeys", "value")


def missing(engine: str) -> bool:
    return not all(shutil.which(program) for program in PROGRAMS[engine])


class Window:
    """A browser window. ``send`` gives the driver a command, for an element where its id is given."""

    def __init__(self, send: Callable[..., Any]) -> None:
        self.send = send

    def opens(self, url: str) -> None:
        self.send(NAVIGATE, url=url)

    def goes_back(self) -> str:
        """Press Back; return the heading of the page that is shown then."""
        return self._leads_elsewhere(BACK)

    def reads(self, script: str, *arguments: object) -> Any:
        return self.send(RUN_SCRIPT, script=f"return {script}", args=arguments)

    def finds(self, script: str, *arguments: object) -> str | None:
        """Return the id of the element that an expression gives, if any."""
        found = self.reads(script, *arguments)
        return next(iter(found.values())) if found else None

    def fills_in(self, answers: dict[str, str]) -> None:
        """Give those answers that the page asks for and shows."""
        for name, answer in answers.items():
            # Of a choice, the option or the label: the label may lie above the button itself.
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
        """Send the page's form; return the heading of the page that answers."""
        button = self.finds("document.querySelector('main form button.btn:not(.btn--link)')")
        return self._leads_elsewhere(CLICK, button or "")

    def heading(self) -> str | None:
        """Return the heading of the page, or None while it is loading."""
        heading: str | None = self.reads(
            "document.readyState === 'complete' ? document.querySelector('h1')?.innerText : null"
        )
        return heading

    def _leads_elsewhere(self, command: tuple[str, str], element: str = "") -> str:
        before, end = self.heading(), time.monotonic() + MAX_SECONDS
        self.send(command, element)
        while (now := self.heading()) in (before, None):
            assert time.monotonic() < end, self.reads("document.querySelector('main').innerText")
            time.sleep(0.1)
        return str(now)


@contextmanager
def running(*command: str, **options: Any) -> Iterator[None]:
    """Run a program, and end it with every process that it has started."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True, **options)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=MAX_SECONDS)


def connected(port: int) -> socket.socket:
    """Wait for a program that is starting to listen."""
    end = time.monotonic() + MAX_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=MAX_SECONDS)
        except ConnectionRefusedError:
            assert time.monotonic() < end, "the browser did not start"
            time.sleep(0.1)


@contextmanager
def firefox(profile: Path) -> Iterator[Window]:
    port = free_port()
    (profile / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
    arguments = ("--headless", "--no-remote", "--marionette", "--profile", str(profile), "about:blank")
    with running("firefox-esr", *arguments), connected(port) as line, line.makefile("rb") as answers:

        def receive() -> Any:
            length = b"".join(iter(lambda: answers.read(1), b":"))
            return json.loads(answers.read(int(length)))

        def send(command: tuple[str, str], element: str = "", **parameters: Any) -> Any:
            if element:
                parameters["id"] = element
            message = json.dumps([0, 1, command[0], parameters]).encode()
            line.sendall(b"%d:%b" % (len(message), message))
            _kind, _number, error, result = receive()
            assert error is None, error
            return result.get("value")

        receive()  # it greets first
        send(("WebDriver:NewSession", ""))
        yield Window(send)


@contextmanager
def virtual_screen() -> Iterator[str]:
    """A screen that nobody sees, for a browser that has no mode without one."""
    reading, writing = os.pipe()
    with open(reading) as told, running("Xvfb", "-displayfd", str(writing), pass_fds=[writing]):  # noqa: PTH123
        os.close(writing)
        yield f":{told.readline().strip()}"


@contextmanager
def webkit(profile: Path) -> Iterator[Window]:
    port = free_port()
    (browser,) = Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser")
    driver = ("env", f"HOME={profile}", "WebKitWebDriver", f"--port={port}")
    with virtual_screen() as screen, running("env", f"DISPLAY={screen}", *driver):

        def ask(path: str, **parameters: Any) -> Any:
            asked = Request(f"http://127.0.0.1:{port}/session{path}", json.dumps(parameters).encode())
            with urlopen(asked, timeout=MAX_SECONDS) as answer:  # noqa: S310 - the driver
                return json.load(answer)["value"]

        def send(command: tuple[str, str], element: str = "", **parameters: Any) -> Any:
            return ask(f"/{session}/{f'element/{element}/' if element else ''}{command[1]}", **parameters)

        connected(port).close()
        options = {"webkitgtk:browserOptions": {"binary": str(browser), "args": ["--automation"]}}
        session = ask("", capabilities={"alwaysMatch": options})["sessionId"]
        yield Window(send)


ENGINES = {"Firefox": firefox, "WebKit": webkit}
