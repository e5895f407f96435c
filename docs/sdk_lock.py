"""Write the template's package-lock.json again: what npm locks for the dependencies in hooks/data/sdk.yaml. Needs npm.

npm runs in an empty folder and with no configuration but its own, and the lock names no registry, so `npm ci` asks the
one that each user has configured. A lock that's written next to node_modules may lack entries, which the next
`npm install` would then add.
"""

import json
import subprocess
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "template" / "{% if not legacy %}package-lock.json{% endif %}.jinja"
NAME = "SERVICE-startos"


def package() -> dict[str, object]:
    """Return the package.json to lock: its name is a stand-in, and only the dependencies matter."""
    sdk = yaml.safe_load((ROOT / "hooks" / "data" / "sdk.yaml").read_text())
    return {
        "name": NAME,
        "dependencies": {"@start9labs/start-sdk": sdk["start-sdk"]},
        "devDependencies": sdk["development"],
    }


def template(lock: str) -> str:
    """Return the lock as a template whose name is the service's."""
    assert "{{" not in lock and "{%" not in lock and "{#" not in lock
    return lock.replace(f'"{NAME}"', '"{{ service_id }}-startos"')


def main() -> None:
    """Write the file."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "package.json").write_text(json.dumps(package()))
        command = ["npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"]
        neutral = [
            f"--userconfig={folder}/none",
            f"--globalconfig={folder}/none-either",
            "--omit-lockfile-registry-resolved",
        ]
        subprocess.run([*command, *neutral], cwd=folder, check=True)
        LOCK.write_text(template(Path(folder, "package-lock.json").read_text()))
    print(LOCK.relative_to(ROOT))


if __name__ == "__main__":
    main()
