"""A wrapper with many errors: one run finds each of them at its line and column, and `--fix` fixes those it can.

The wrapper is below. «» in front of the place of each error contains its code.
"""

import re
from pathlib import Path

from startos_wrapper.check.engine import check, repair
from tests.check import example_wrapper
from tests.check.test_rules import FIXABLE

MARK = re.compile("«([EW][0-9]{3})»")

MANIFEST = """\
«W517»# A comment at the top.
id: «E112»hello_sky2
title: «E317»Hello Sky, the greatest of all services
version: «E113»v1.2.3
«W515»min-os-version: "0.3.5"   # kept beside a renamed key
release-notes: «E111»5
license: MIT
wrapper-repo: «E117»github.com/hello-sky
upstream-repo: https://example.com/hello-sky
description:
  short: Says hello

  long: «E111»[a, b]
«W509»assets:
  license: LICENSE
  instructions: «E203»docs/missing.md

main:
  type: docker
  image: main
  entrypoint: docker_entrypoint.sh
  args: ["-p", «E111»8080]   # kept beside a quoted number
  shm-size-mb: «E119»-1
  io-format: «E118»xml
  sigterm-timeout: «E115»1h30m
  mounts:
    main: «W524»data
    «E308»mian: /data

health-checks:
  web:
    name: Web
    «W515»critical: true
    type: docker
    image: main
    inject: true
    «W506»mounts:
      main: /data
    entrypoint: wget
volumes:
  main:
    type: data
  «W518»cert:
    type: certificate
    interface-id: «E319»web
  «E205»compat:
    type: assets
interfaces:
  «E110»main:
    name: Web
    tor-config:
      port-mapping:
        80: «E111»80
    lan-config:
      443:
        ssl: «E401»false
        internal: 8080
    ui: «E111»yes
    «E310»«E309»protocols: [https]
backup:
  create:
    type: docker
    image: compat
    system: true
    entrypoint: compat
    args: [duplicity, create, /mnt/backup, /data]
    mounts:
      BACKUP: /mnt/backup
      main: /data
  restore:
    type: docker
    image: compat
    system: true
    entrypoint: compat
    args:
      - duplicity
      - restore
      # The data, one would think.
      - «W520»/data

      - /mnt/backup
    mounts:
      BACKUP: /mnt/backup
      main: /data
dependencies:
  bitcoind:
    version: «E114»25.0.0
    requirement:
      type: «E118»optional
alerts:
  «W514»start: Wait.
  start: Wait longer.
replaces: [nextcloud, «E316»photoprism]
"""

DOCKERFILE = """\
# A comment.
FROM «W601»alpine
RUN apk «W606»add tini

«W612»ADD docker_entrypoint.sh /usr/local/bin/
"""

ENTRYPOINT = """\
#!/bin/sh
# A comment.
«W704»mkdir -p /data/www
«W702»exec httpd -f -h /data | tee /data/log
"""


def _planted(folder: Path) -> set[tuple[str, int, int, str]]:
    """Write the faulty wrapper and return where its errors are: file, line, column, code."""
    example_wrapper.write(folder, {"files": {".dockerignore": None}})
    planted = set()
    texts = {"manifest.yaml": MANIFEST, "Dockerfile": DOCKERFILE, "docker_entrypoint.sh": ENTRYPOINT}
    for file, text in texts.items():
        lines = text.splitlines()
        for number, line in enumerate(lines, 1):
            while mark := MARK.search(line):
                planted.add((file, number, mark.start() + 1, mark[1]))
                line = line[: mark.start()] + line[mark.end() :]
            lines[number - 1] = line
        (folder / file).write_text("\n".join(lines) + "\n")
    return planted


def _found(folder: Path) -> set[tuple[str, int, int, str]]:
    findings = check(folder).findings
    return {(f.place.file, f.place.line, f.place.column, f.code) for f in findings}


def test_one_run_finds_every_fault_at_its_place(tmp_path: Path) -> None:
    planted = _planted(tmp_path / "wrapper")
    assert len(planted) >= 30
    assert _found(tmp_path / "wrapper") == planted


def test_a_fix_repairs_its_share_and_keeps_comments_and_blank_lines(tmp_path: Path) -> None:
    wrapper = tmp_path / "wrapper"
    planted = _planted(wrapper)
    files = [wrapper / name for name in ("manifest.yaml", "Dockerfile", "docker_entrypoint.sh")]
    before = [_kept(path) for path in files]
    outcome = repair(wrapper)
    assert {finding.code for finding in outcome.fixed} == {"W515", "E111", "W520", "E205", "W606", "W612"}
    assert not any(finding.fixes for finding in outcome.findings)
    mended = {(f.place.file, f.place.line, f.place.column, f.code) for f in outcome.fixed}
    # Fixing the renamed key also fixes the finding that it was missing.
    assert _found(wrapper) == planted - mended - {("manifest.yaml", 1, 1, "W517")}
    assert [_kept(path) for path in files] == before
    after = [path.read_text() for path in files]
    assert repair(wrapper).fixed == []
    assert [path.read_text() for path in files] == after
    assert {finding.code for finding in outcome.fixed} <= set(FIXABLE)


def _kept(path: Path) -> list[str]:
    """Return what a fix must not change: comments and blank lines, with their line numbers."""
    lines = enumerate(path.read_text().splitlines())
    return [
        f"{number}: {line[line.find('#') :] if '#' in line else ''}"
        for number, line in lines
        if "#" in line or not line
    ]
