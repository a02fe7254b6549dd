"""Every page in every state is valid HTML, by the Nu validator."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from tests.site.states import State

VALIDATOR = Path(settings.BASE_DIR, "var", "tools", "package", "build", "dist", "vnu.jar")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("java"), reason="there is no Java to run the HTML validator with")
@pytest.mark.skipif(not VALIDATOR.exists(), reason="no HTML validator: scripts/install-test-tools fetches it")
def test_pages_are_valid_html(states: list[State], urdu_states: list[State], tmp_path: Path) -> None:
    states = states + urdu_states
    for number, state in enumerate(states):
        (tmp_path / f"{number}.html").write_bytes(state.content)
    # A program that ends after a second is not worth compiling to the last: that takes longer than it saves.
    java = ["java", "-XX:TieredStopAtLevel=1", "-Xss2m", "-jar", str(VALIDATOR)]
    ran = subprocess.run(
        [*java, "--format", "json", "--stdout", *map(str, tmp_path.iterdir())],
        capture_output=True,
        check=False,
        timeout=120,
    )
    found = [
        (states[int(Path(message["url"]).stem)].name, message["message"], message.get("extract"))
        for message in json.loads(ran.stdout)["messages"]
        if message["type"] == "error" or message.get("subType") == "warning"
    ]
    assert found == []
