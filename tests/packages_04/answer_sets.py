"""The sets of answers in sets/: each is rendered, compiled, linted, bundled, and its package compared with expected.py."""

from pathlib import Path
from typing import Any

import yaml

from tests.support.depth import sample

_FOLDER = Path(__file__).with_name("sets")
#: Every set by its name, in the order of the files.
SETS: dict[str, dict[str, Any]] = {
    name: answers
    for path in sorted(_FOLDER.glob("*.yaml"))
    for name, answers in yaml.safe_load(path.read_text()).items()
}
#: The names of the sets to test: all in CI.
NAMES = sample(list(SETS), 6)
