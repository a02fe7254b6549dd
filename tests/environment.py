"""Loaded first (``-p tests.environment``): local mode and a data folder of the suite's own."""

import os
import sys
from pathlib import Path

OWN_DATA = Path(__file__).resolve().parent.parent / "var" / "test"

os.environ["CLINIC_MODE"] = "local"
# TEST_DATA_DIR: for two who run the suite on one checkout at the same time.
os.environ["DATA_DIR"] = os.environ.get("TEST_DATA_DIR") or str(OWN_DATA)
# Playwright runs an event loop beside the test's own code; Django asks to be told that this is meant.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
# Write .pyc files even if this machine turns them off: otherwise each test worker, server and command
# compiles every module again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
