"""Lighthouse, as a phone sees a page: run from the command line, one page at a time.

scripts/install-test-tools fetches it by npm where there is one.
"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIGHTHOUSE = ROOT / "var" / "tools" / "node_modules" / ".bin" / "lighthouse"
CHROMIUM = shutil.which("chromium")
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-background-networking"
CATEGORIES = "accessibility,best-practices,seo"
# It now and then finds nothing painted in the first moments of a browser that has just started.
MAX_ATTEMPTS = 3


def missing() -> str:
    """Return what this machine lacks for Lighthouse; "" if nothing."""
    if not (CHROMIUM and shutil.which("node") and LIGHTHOUSE.exists()):
        return "no Lighthouse: scripts/install-test-tools fetches it where npm and chromium are"
    return ""


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=missing() or "it is there"),
]


def faults(url: str) -> dict[str, list[str]]:
    """The categories in which a page has less than all points, each with the audits that cost it some.

    Performance is left out because it depends on time. Skips the test if Lighthouse itself keeps failing.
    """
    found = _report(url)
    return {
        name: [
            audit["id"]
            for audit in category["auditRefs"]
            if audit["weight"] and found["audits"][audit["id"]]["score"] not in (None, 1)
        ]
        for name, category in found["categories"].items()
        if category["score"] != 1
    }


def _report(url: str) -> dict[str, Any]:
    why = ""
    for _ in range(MAX_ATTEMPTS):
        # Into a file: it may end before all of a long report has gone through a pipe.
        with tempfile.NamedTemporaryFile(suffix=".json") as report:
            told = _run(url, report.name)
            try:
                found: dict[str, Any] = json.load(report)
            except ValueError:
                why = told or "no report"
                continue
        if "runtimeError" not in found:
            return found
        why = str(found["runtimeError"])
    pytest.skip(f"Lighthouse could not look at {url}: {why}")


def _run(url: str, path: str) -> str:
    """Lighthouse's own words, if it had any."""
    command = [str(LIGHTHOUSE), url, "--quiet", "--output=json", f"--output-path={path}"]
    command += [f"--chrome-flags={FLAGS}", f"--only-categories={CATEGORIES}"]
    environment = os.environ | {"CHROME_PATH": str(CHROMIUM)}
    try:
        ran = subprocess.run(command, capture_output=True, env=environment, check=False, timeout=120)
    except subprocess.TimeoutExpired:
        return "it did not end"
    return ran.stderr.decode(errors="replace")


def test_lighthouse_finds_no_fault_but_that_samples_and_the_form_are_not_indexed(site: str) -> None:
    for path in ("/", "/procedures/replantation/"):
        assert faults(site + path) == {"seo": ["is-crawlable"]}
    assert faults(f"{site}/consultation/") == {"seo": ["is-crawlable"]}
