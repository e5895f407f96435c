"""Write a small, realistic wrapper of 2024 for the tests of adopt, which modify it."""

import copy
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.update.releases import git

MANIFEST: dict[str, Any] = {
    "id": "tides",
    "title": "Tides",
    "version": "1.4.2.1",
    "release-notes": "Finer tables.",
    "license": "MIT",
    "wrapper-repo": "https://github.com/marina/tides-startos",
    "upstream-repo": "https://github.com/marina/tides",
    "build": ["make"],
    "description": {"short": "Tide tables", "long": "Tide tables for every harbour."},
    "assets": {"license": "LICENSE", "icon": "icon.png", "instructions": "instructions.md"},
    "main": {
        "type": "docker", "image": "main", "entrypoint": "docker_entrypoint.sh", "args": [],
        "mounts": {"main": "/data"},
    },
    "health-checks": {"web": {"name": "Web", "success-message": "The tables are there", "type": "script"}},
    "config": {"get": {"type": "script"}, "set": {"type": "script"}},
    "properties": {"type": "script"},
    "volumes": {"main": {"type": "data"}},
    "interfaces": {
        "main": {
            "name": "Tables", "description": "The tide tables.", "ui": True, "protocols": ["tcp", "http"],
            "tor-config": {"port-mapping": {80: "8080"}},
            "lan-config": {443: {"ssl": True, "internal": 8080}},
        }
    },
    "dependencies": {},
    "backup": {
        step: {
            "type": "docker", "image": "compat", "system": True, "entrypoint": "compat",
            "args": ["duplicity", step, "/mnt/backup", "/data"],
            "mounts": {"BACKUP": "/mnt/backup", "main": "/data"},
        }
        for step in ("create", "restore")
    },
    "migrations": {
        direction: {"*": {"type": "script", "args": [direction]}} for direction in ("from", "to")
    },
}  # fmt: skip
DOCKERFILE = """\
FROM example.com/marina/tides:1.4.2
ARG ARCH
RUN apk add --no-cache tini curl \\
    yq
COPY docker_entrypoint.sh /usr/local/bin/docker_entrypoint.sh
"""
ENTRYPOINT = """\
#!/bin/sh
set -ea
export TIDES_HARBOUR="Port Blue"
export HOST_IP=$(ip -4 route list match 0/0)
mkdir -p /data/tables
if [ -n "$DEBUG" ]; then
  export LEVEL=debug
fi
exec tini -g -- tides --port 8080
"""
MAKEFILE = """\
PKG_ID := tides
all: verify
docker-images/aarch64.tar: Dockerfile docker_entrypoint.sh
\tdocker buildx build --tag start9/$(PKG_ID)/main:1.4.2.1 --build-arg ARCH=aarch64 --platform=linux/arm64 -o type=docker,dest=docker-images/aarch64.tar .
docker-images/x86_64.tar: Dockerfile docker_entrypoint.sh
\tdocker buildx build --tag start9/$(PKG_ID)/main:1.4.2.1 --build-arg ARCH=x86_64 --platform=linux/amd64 -o type=docker,dest=docker-images/x86_64.tar .
"""
FILES = {
    "Dockerfile": DOCKERFILE,
    "docker_entrypoint.sh": ENTRYPOINT,
    "Makefile": MAKEFILE,
    "LICENSE": "MIT License\n\nCopyright (c) 2024 Marina Blue\n",
    "icon.png": "icon",
    "instructions.md": "# Tides\n",
    "README.md": "# Tides\n\nA wrapper.\n",
    "scripts/embassy.ts": "export {};\n",
    ".gitignore": "*.s9pk\ndocker-images\n",
}


def manifest(**changes: Any) -> dict[str, Any]:
    """Return the manifest with keys replaced (`_` stands for `-`). A value of None removes the key."""
    found = copy.deepcopy(MANIFEST)
    for name, value in changes.items():
        key = name.replace("_", "-")
        if value is None:
            del found[key]
        else:
            found[key] = value
    return found


def write(folder: Path, given: dict[str, Any] | str | None = None, **files: str | None) -> Path:
    """Write and commit the wrapper, with another manifest and with files replaced or, if None, left out."""
    text = given if isinstance(given, str) else yaml.safe_dump(given or MANIFEST, sort_keys=False, allow_unicode=True)
    for name, content in {"manifest.yaml": text, **FILES, **files}.items():
        if content is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit everything in a folder, after creating a repository if needed."""
    if not in_repository(folder):
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Mine")


def in_repository(folder: Path) -> bool:
    """Return whether a folder is in a git repository."""
    command = ["git", "rev-parse", "--git-dir"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def tree(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, without `.git`."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }
