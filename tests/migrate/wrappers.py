"""Wrappers for StartOS 0.3.5 as authors have them, and a release of the template after this one."""

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from copier import run_copy

from startos_wrapper.cli import main
from startos_wrapper.files.documents import read_document
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import MANIFESTS
from tests.update import authors
from tests.update.authors import ANSWERS, Author
from tests.update.releases import NEWEST, git

GUIDE = "MIGRATION.md"
NEXT = "1000.0.0"
_NEXT_LINE = "// The next release says this.\n"
_MAKEFILE = """\
# Built by hand.
VERSION := $(shell yq -r .version manifest.yaml)
TS_FILES := $(shell find scripts -name '*.ts')

all: verify

verify: NAME.s9pk
\tstart-sdk verify s9pk NAME.s9pk

NAME.s9pk: manifest.yaml instructions.md icon.png LICENSE docker-images/x86_64.tar scripts/embassy.js
\tstart-sdk pack

docker-images/x86_64.tar: Dockerfile docker_entrypoint.sh
\tmkdir -p docker-images
\tdocker buildx build --platform=linux/amd64 -o type=docker,dest=$@ .

scripts/embassy.js: $(TS_FILES)
\tdeno bundle scripts/embassy.ts scripts/embassy.js
"""
_CONFIG = """\
import { compat, types as T } from "../deps.ts";

export const getConfig: T.ExpectedExports.getConfig = compat.getConfig({
  "tor-address": {
    "name": "Tor Address",
    "type": "pointer",
    "subtype": "package",
    "package-id": "NAME",
    "target": "tor-address",
    "interface": "main",
  },
  "user": {
    "name": "User",
    "description": "It's you.",
    "type": "string",
    "nullable": false,
    "default": "me",
    "pattern": "^\\\\w+$",
    "pattern-description": "Letters only.",
  },
});
"""
_SPEC = """\
greeting:
  type: string
  name: Greeting
  nullable: true
  default: "It's me"
  pattern: "^[a-z' ]+$"
  pattern-description: Small letters
peers:
  type: list
  subtype: string
  name: Peers
  range: "[0,8]"
  default: [NAME.embassy]
  spec: {masked: false}
address:
  type: pointer
  subtype: package
  name: Address
  package-id: NAME
  target: tor-address
  interface: main
"""


@dataclass
class Old:
    """A committed wrapper: what the template rendered, and what's in it."""

    folder: Path
    rendered: dict[str, str]
    before: dict[str, str]

    @classmethod
    def of(cls, folder: Path, rendered: dict[str, str]) -> "Old":
        """Commit everything in a folder."""
        git(folder, "init", "-q", "-b", "main")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "Mine")
        return cls(folder, rendered, authors.tree(folder))

    def migrate(self, *arguments: str) -> int:
        """Run the command."""
        return main(["migrate", *arguments, str(self.folder)])

    @property
    def after(self) -> dict[str, str]:
        """The files of the work tree."""
        return authors.tree(self.folder)

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest before the migration."""
        name = next(name for name in MANIFESTS if name in self.before)
        found: dict[str, Any] = read_document(Source(name, self.before[name].encode())).plain_value()
        return found

    @property
    def versions(self) -> tuple[str, str]:
        """The version as StartOS 0.4 writes it, and that of the package after the migration."""
        first, second, third, revision = (int(part) for part in f"{self.manifest['version']}.0.0".split(".")[:4])
        return f"{first}.{second}.{third}:{revision}", f"{first}.{second}.{third}:{revision + 1}"

    def lost(self) -> dict[str, Counter[str]]:
        """Return the author's lines that are neither in their file nor in MIGRATION.md."""
        after = self.after
        quoted = Counter(after[GUIDE].splitlines())
        found = {}
        for name, text in self.before.items():
            added = Counter(text.splitlines()) - Counter(self.rendered.get(name, "").splitlines())
            missing = added - Counter(after.get(name, "").splitlines()) - quoted
            if missing and name != ANSWERS:
                found[name] = missing
        return found


def rendered_by(plain: Path, history: Path, folder: Path, answers: dict[str, Any]) -> dict[str, str]:
    """Render a wrapper as if from the newest release in `history`, of which `plain` are the files."""
    run_copy(str(plain), folder, data={"service_id": "hello-world", **answers}, defaults=True, quiet=True)
    record(folder, history)
    texts = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".png"]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in texts}


def record(folder: Path, template: Path, version: str = NEWEST) -> None:
    """Record where the template is, and its release."""
    path = folder / ANSWERS
    recorded = yaml.safe_load(path.read_text(encoding="utf-8"))
    recorded |= {"_src_path": str(template), "_commit": f"v{version}"}
    path.write_text(yaml.safe_dump(recorded, sort_keys=False, allow_unicode=True), encoding="utf-8")


def edited(plain: Path, history: Path, folder: Path, author: Author) -> Old:
    """Return the wrapper of an author, who edited the manifest, the entrypoint and the Makefile."""
    rendered = rendered_by(plain, history, folder, authors.answers(author))
    for name, text in authors.edited(folder, author).items():
        (folder / name).write_text(text, encoding="utf-8")
    authors.write_new(folder, author)
    return Old.of(folder, rendered)


def adopted(history: Path, folder: Path, manifest: Path) -> Old:
    """Return a wrapper with a real manifest that was made without the template, and adopted."""
    folder.mkdir()
    shutil.copyfile(manifest, folder / manifest.name)
    name = folder.name
    files = {
        "Makefile": _MAKEFILE,
        "Dockerfile": "FROM alpine:3.20\nRUN apk add --no-cache tini\nCOPY docker_entrypoint.sh /usr/local/bin/\n",
        "docker_entrypoint.sh": f'#!/bin/sh\nset -e\nexport PEER=bitcoind.embassy:8333\nexec tini -- {name} "$@"\n',
        "scripts/procedures/getConfig.ts": _CONFIG,
        "assets/compat/config_spec.yaml": _SPEC,
        "assets/compat/config_rules.yaml": "---\n- rule: 'greeting? == x'\n  description: Not x\n",
        "instructions.md": f"# {name}\n\nOpen http://{name}.embassy.\n",
        "LICENSE": "MIT\n",
        ".gitignore": "*.s9pk\ndocker-images\n",
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text.replace("NAME", name), encoding="utf-8")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "By hand")
    assert main(["adopt", str(folder), "--template", str(history), "--vcs-ref", f"v{NEWEST}"]) == 0
    return Old.of(folder, {})


def next_release(history: Path, folder: Path) -> Path:
    """Make a repository of the template with a release that changes files of a package for StartOS 0.4."""
    git(folder.parent, "clone", "-q", str(history), str(folder))
    for name in ("main.ts.jinja", "interfaces.ts.jinja", "backups.ts.jinja"):
        path = next((folder / "template").glob(f"*startos*/{name}"))
        path.write_text(path.read_text(encoding="utf-8") + _NEXT_LINE, encoding="utf-8")
    git(folder, "commit", "-q", "-a", "-m", "Next")
    git(folder, "tag", f"v{NEXT}")
    return folder


def has_next_line(folder: Path) -> bool:
    """Return whether an update brought the next release's line."""
    return _NEXT_LINE in (folder / "startos" / "main.ts").read_text(encoding="utf-8")
