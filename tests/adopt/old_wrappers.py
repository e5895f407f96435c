"""Write wrappers older than this template: for StartOS 0.3.0 with image.tar, and for 0.3.5 with two architectures."""

from pathlib import Path

from tests.update.releases import git

_MANIFEST = """\
id: clock
title: Clock
version: 1.4.2
release-notes: |
  Ticks evenly.
  Strikes at noon.
license: MIT
wrapper-repo: "https://example.com/satoshi/clock-wrapper"
upstream-repo: "https://example.com/satoshi/clock"
support-site: "https://example.com/satoshi/clock/issues"
marketing-site: "https://example.com/satoshi/clock"
build: ["make"]
description:
  short: "Shows the time"
  long: "Shows the time of the server, and strikes."
# What goes into the package
assets:
  license: LICENSE
  icon: icon.png
  instructions: instructions.md
{images}main:
  type: docker
  image: main
  entrypoint: "docker_entrypoint.sh"
  args: []
  mounts:
    main: /root
health-checks: {{}}
config: ~
properties: ~
volumes:
  main:
    type: data
interfaces:
  main:
    name: Web Interface
    description: "The clock face"
    tor-config:
      port-mapping:
        80: "8080"
    lan-config:
      443:
        ssl: true
        internal: 8080
    ui: true
    protocols:
      - tcp
      - http
dependencies: {{}}
backup:
  create:
    type: docker
    image: compat
    system: true
    entrypoint: compat
    args:
      - duplicity
      - create
      - /mnt/backup
      - /root
    mounts:
      BACKUP: /mnt/backup
      main: /root
  restore:
    type: docker
    image: compat
    system: true
    entrypoint: compat
    args:
      - duplicity
      - restore
      - /root
      - /mnt/backup
    mounts:
      BACKUP: /mnt/backup
      main: /root
"""

# The answers that `adopt` would derive from it.
ANSWERS = {
    "service_id": "clock",
    "title": "Clock",
    "version": "1.4.2",
    "short_description": "Shows the time",
    "long_description": "Shows the time of the server, and strikes.",
    "wrapper_repo": "https://example.com/satoshi/clock-wrapper",
    "upstream_repo": "https://example.com/satoshi/clock",
    "base": "alpine",
    "run": "clock serve",
    "volumes": {"main": "/root"},
    "health_check": "none",
    "arches": ["aarch64", "x86_64"],
}

_ENTRYPOINT = """\
#!/bin/sh
set -e
exec tini -- clock serve
"""

_SINGLE_MAKEFILE = """\
VERSION := $(shell yq e ".version" manifest.yaml)
ASSET_PATHS := $(shell find ./assets/*)
CLOCK_SRC := $(shell find ./clock/src)
S9PK_PATH=$(shell find . -name clock.s9pk -print)

# delete the target of a rule if it has changed and its recipe exits with a nonzero exit status
.DELETE_ON_ERROR:

all: verify

verify: clock.s9pk $(S9PK_PATH)
\tembassy-sdk verify s9pk $(S9PK_PATH)

install: clock.s9pk
\tembassy-cli package install clock.s9pk

clean:
\trm -f image.tar
\trm -f clock.s9pk

clock.s9pk: manifest.yaml image.tar instructions.md $(ASSET_PATHS)
\tembassy-sdk pack

image.tar: Dockerfile docker_entrypoint.sh strike.sh clock/target/aarch64-unknown-linux-musl/release/clock
\tDOCKER_CLI_EXPERIMENTAL=enabled docker buildx build --tag start9/clock/main:$(VERSION) --platform=linux/arm64 -o type=docker,dest=image.tar .

clock/target/aarch64-unknown-linux-musl/release/clock: $(CLOCK_SRC)
\tdocker run --rm -v "$(shell pwd)"/clock:/home/rust/src rust-musl-cross:aarch64-musl cargo build --release
"""

_SINGLE_DOCKERFILE = """\
FROM arm64v8/alpine:3.12

RUN apk add --no-cache tini
RUN wget https://github.com/mikefarah/yq/releases/download/v4.12.2/yq_linux_arm.tar.gz -O - |\\
    tar xz && mv yq_linux_arm /usr/bin/yq

ADD ./clock/target/aarch64-unknown-linux-musl/release/clock /usr/local/bin/clock
ADD ./docker_entrypoint.sh /usr/local/bin/docker_entrypoint.sh
ADD ./strike.sh /usr/local/bin/strike.sh
RUN chmod a+x /usr/local/bin/*.sh
"""

_DOUBLE_MAKEFILE = """\
PKG_ID := $(shell yq e ".id" manifest.yaml)
PKG_VERSION := $(shell yq e ".version" manifest.yaml)
TS_FILES := $(shell find ./ -name \\*.ts)
HANDS_SRC := $(shell find ./hands)
CHIME ?= noon
CHIME_SUM_ARM := 1111
CHIME_SUM_INTEL := 2222

.DELETE_ON_ERROR:

.PHONY: fetch

all: fetch verify

fetch:
\tgit submodule update --init

verify: $(PKG_ID).s9pk
\t@start-sdk verify s9pk $(PKG_ID).s9pk
\t@echo " Done!"

install:
ifeq (,$(wildcard ~/.embassy/config.yaml))
\t@echo; echo "You must define a host in ~/.embassy/config.yaml first"; echo
else
\tstart-cli package install $(PKG_ID).s9pk
endif

clean:
\trm -rf docker-images
\trm -f $(PKG_ID).s9pk
\trm -f scripts/*.js

arm:
\t@rm -f docker-images/x86_64.tar
\t@ARCH=aarch64 $(MAKE)

x86:
\t@rm -f docker-images/aarch64.tar
\t@ARCH=x86_64 $(MAKE)

# Bundled.
scripts/embassy.js: $(TS_FILES)
\tdeno run --allow-read --allow-write scripts/bundle.ts

hands/target/aarch64/hands: $(HANDS_SRC)
ifeq ($(ARCH),x86_64)
else
\tcargo build --target aarch64
endif

hands/target/x86_64/hands: $(HANDS_SRC)
ifeq ($(ARCH),aarch64)
else
\tcargo build --target x86_64
endif

docker-images/aarch64.tar: Dockerfile docker_entrypoint.sh hands/target/aarch64/hands $(wildcard faces/*.svg)
ifeq ($(ARCH),x86_64)
else
\tmkdir -p docker-images
\tdocker buildx build --tag start9/$(PKG_ID)/main:$(PKG_VERSION) --build-arg ARCH=aarch64 --build-arg PLATFORM=arm64 --build-arg CHIME=$(CHIME) --build-arg SUM=$(CHIME_SUM_ARM) --build-arg GONE=1 --platform=linux/arm64 -o type=docker,dest=docker-images/aarch64.tar .
endif

docker-images/x86_64.tar: Dockerfile docker_entrypoint.sh hands/target/x86_64/hands $(wildcard faces/*.svg)
ifeq ($(ARCH),aarch64)
else
\tmkdir -p docker-images
\tdocker buildx build --tag start9/$(PKG_ID)/main:$(PKG_VERSION) --build-arg ARCH=x86_64 --build-arg PLATFORM=amd64 --build-arg CHIME=$(CHIME) --build-arg SUM=$(CHIME_SUM_INTEL) --build-arg GONE=1 --platform=linux/amd64 -o type=docker,dest=docker-images/x86_64.tar .
endif

$(PKG_ID).s9pk: manifest.yaml instructions.md icon.png LICENSE scripts/embassy.js docker-images/aarch64.tar docker-images/x86_64.tar
\t@start-sdk pack
"""

_DOUBLE_DOCKERFILE = """\
FROM alpine:3.20
# arm64 or amd64
ARG PLATFORM
# aarch64 or x86_64
ARG ARCH
ARG CHIME
ARG SUM
RUN wget -O /usr/bin/chime "https://example.com/chime-${PLATFORM}" && echo "$SUM  /usr/bin/chime" | sha256sum -c
RUN apk add --no-cache tini
COPY --chmod=755 hands/target/${ARCH}/hands /usr/local/bin/
COPY faces /srv/faces
COPY --chmod=755 docker_entrypoint.sh /usr/local/bin/
"""

_BUILD = """\
name: Build Service
on:
  workflow_dispatch:
  push:
    paths-ignore: ['*.md']
    branches: ['master']
jobs:
  BuildPackage:
    runs-on: ubuntu-latest
    steps:
      - name: Prepare StartOS SDK
        uses: Start9Labs/sdk@v1
      - name: Checkout services repository
        uses: actions/checkout@v3
      - name: Build the service package
        run: |
          git submodule update --init --recursive
          start-sdk init
          make
          PACKAGE_ID=$(yq -oy ".id" manifest.*)
          printf "\\n SHA256SUM: $(sha256sum ${PACKAGE_ID}.s9pk) \\n"
"""

_RELEASE = """\
name: Release Service
on:
  push:
    tags: ['v*.*']
jobs:
  ReleasePackage:
    runs-on: ubuntu-latest
    permissions:
      contents: write
    steps:
      - uses: Start9Labs/sdk@v1
      - uses: actions/checkout@v3
      - run: |
          start-sdk init
          make
      - uses: softprops/action-gh-release@v1
      - name: Publish
        run: |
          if [[ -z "$S9USER" || -z "$S9REGISTRY" ]]; then
            echo "skipped"
          else
            start-sdk publish https://$S9USER:$S9PASS@$S9REGISTRY clock.s9pk
          fi
"""

_COMMON = {
    "docker_entrypoint.sh": _ENTRYPOINT,
    "LICENSE": "Do as you like.\n",
    "README.md": "# Clock\n\nMy clock.\n",
    "instructions.md": "# Clock\n\nLook at it.\n",
    "icon.png": "\x89PNG\r\n\x1a\n",
}
#: Only arm64, image.tar, embassy-sdk, and the arguments of restore in the wrong order.
SINGLE = {
    **_COMMON,
    "manifest.yaml": _MANIFEST.format(images="  docker-images: image.tar\n"),
    "Makefile": _SINGLE_MAKEFILE,
    "Dockerfile": _SINGLE_DOCKERFILE,
    ".gitignore": "image.tar\n*.s9pk\nclock/target\n.DS_Store\n",
    "strike.sh": "#!/bin/sh\necho dong\n",
    "clock/src/main.rs": "fn main() {}\n",
}
#: Two architectures, scripts in TypeScript, a helper compiled outside Docker, and the workflows of the old template.
DOUBLE = {
    **_COMMON,
    "manifest.yaml": _MANIFEST.format(images=""),
    "Makefile": _DOUBLE_MAKEFILE,
    "Dockerfile": _DOUBLE_DOCKERFILE,
    ".gitignore": "docker-images\nclock.s9pk\nscripts/*.js\n",
    ".dockerignore": "faces/drafts\n",
    ".github/workflows/buildService.yml": _BUILD,
    ".github/workflows/releaseService.yml": _RELEASE,
    "faces/round.svg": "<svg/>\n",
    "hands/main.rs": "fn main() {}\n",
    "scripts/bundle.ts": "// bundles\n",
    "scripts/embassy.ts": "export const getConfig = 1;\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write a wrapper's files into a git repository and commit them. Return the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1" if name == "icon.png" else "utf-8"))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "-q", "-m", "My wrapper")
    return folder
