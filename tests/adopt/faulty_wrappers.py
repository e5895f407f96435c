"""Wrappers with the properties that aligning once got wrong: builds, targets, names and manifests of their own."""

from tests.adopt.old_wrappers import DOUBLE, SINGLE

_ARM = "docker-images/aarch64.tar: Dockerfile"
_TAG = "start9/$(PKG_ID)/main:$(PKG_VERSION)"


def _double(*changes: tuple[str, str], **files: str) -> dict[str, str]:
    """Return the wrapper for two architectures with changes in its Makefile, and more files."""
    makefile = DOUBLE["Makefile"]
    for before, after in changes:
        assert before in makefile, before
        makefile = makefile.replace(before, after)
    return {**DOUBLE, "Makefile": makefile, **files}


def _more(text: str, **files: str) -> dict[str, str]:
    return {**DOUBLE, "Makefile": f"{DOUBLE['Makefile']}\n{text}", **files}


_MIGRATION = (
    "\tdocker buildx build --tag start9/$(PKG_ID)/migration:$(PKG_VERSION) -f migration.Dockerfile --platform=linux/"
)
_TOML_MANIFEST = "manifest.toml"

#: By name: the files of a wrapper.
FAULTY: dict[str, dict[str, str]] = {
    "two builds in a recipe": _double(
        *(
            (
                f"--platform=linux/{docker} -o type=docker,dest=docker-images/{arch}.tar .\n",
                f"--platform=linux/{docker} --load .\n{_MIGRATION}{docker} --load .\n"
                f"\tdocker save -o docker-images/{arch}.tar {_TAG} start9/$(PKG_ID)/migration:$(PKG_VERSION)\n",
            )
            for arch, docker in (("aarch64", "arm64"), ("x86_64", "amd64"))
        ),
        **{"migration.Dockerfile": "FROM alpine:3.20\nCOPY hands /hands\n"},
    ),
    "two builds of image.tar": {
        **SINGLE,
        "Makefile": SINGLE["Makefile"].replace(
            "-o type=docker,dest=image.tar .\n",
            "--load .\n\tdocker build -t start9/clock/migration:$(VERSION) migration\n"
            "\tdocker save -o image.tar start9/clock/main:$(VERSION) start9/clock/migration:$(VERSION)\n",
        ),
    },
    "a Dockerfile for each architecture": _double(
        ("dest=docker-images/aarch64.tar .", "dest=docker-images/aarch64.tar -f Dockerfile.arm ."),
        ("aarch64.tar: Dockerfile ", "aarch64.tar: Dockerfile.arm "),
        **{"Dockerfile.arm": "FROM arm64v8/alpine:3.20\nCOPY faces /srv/faces\n"},
    ),
    "a context in a variable": _double(
        ("PKG_ID :=", "CONTEXT := hands\nPKG_ID :="),
        ("dest=docker-images/aarch64.tar .", "dest=docker-images/aarch64.tar $(CONTEXT)"),
        ("dest=docker-images/x86_64.tar .", "dest=docker-images/x86_64.tar $(CONTEXT)"),
    ),
    "options that we don't know": _double(
        (
            "docker buildx build ",
            "docker buildx build --secret id=key,src=$(HOME)/key --build-context sky=../sky --target x ",
        ),
        ("--build-arg ARCH=x86_64", "--build-arg ARCH=x86_64 --ulimit nofile=9 --build-arg PROXY"),
    ),
    "an image by another tool": _double(("docker buildx build", "podman build")),
    "a pattern for the images": {
        **DOUBLE,
        "Makefile": "PKG_ID := clock\nall: $(PKG_ID).s9pk\n\ndocker-images/%.tar: Dockerfile\n"
        "\tdocker buildx build --build-arg ARCH=$* --network host --tag start9/clock/main:1.4.2 -o type=docker,dest=$@ .\n\n"
        "$(PKG_ID).s9pk: docker-images/aarch64.tar docker-images/x86_64.tar\n\tstart-sdk pack\n",
    },
    "images in a condition": {
        **DOUBLE,
        "Makefile": "ifndef FAST\ndocker-images/aarch64.tar: Dockerfile\n"
        "\tdocker buildx build --build-arg DEPTH=9 --tag start9/clock/main:1.4.2 -o type=docker,dest=$@ .\nendif\n",
    },
    "a step before the build": _double(
        ("aarch64.tar .\nendif", "aarch64.tar .\n\trm -rf copied\nendif"),
        ("\tdocker buildx build --tag", "\tcp -r ../sea copied\n\tdocker buildx build --tag"),
    ),
    "names of startos.mk": _double(
        (
            "PKG_VERSION := $(shell yq",
            "VERSION := 9.9.9-rc1\nTAG ?= mine\nRUN := ./run --it\nPKG_VERSION := $(shell yq",
        ),
        ("--build-arg CHIME=$(CHIME)", "--build-arg CHIME=$(CHIME) --build-arg VERSION=$(VERSION)"),
        (".DELETE_ON_ERROR:\n", "tagged:\n\techo $(TAG) $(VERSION)\n\nran:\n\t$(RUN)\n"),
    ),
    "clean without -f": {
        **SINGLE,
        "Makefile": SINGLE["Makefile"].replace(
            "\trm -f image.tar\n\trm -f clock.s9pk\n", "\trm image.tar clock.s9pk\n\trm -f *.log\n"
        ),
    },
    "a package that does more": _double(
        ("\t@start-sdk pack\n", "\t@start-sdk pack\n\tsha256sum $(PKG_ID).s9pk >SUMS\n"),
        ("\t@start-sdk verify s9pk $(PKG_ID).s9pk\n", "\t@start-sdk verify s9pk $(PKG_ID).s9pk\n\t./compare\n"),
        ("start-cli package install", "start-cli --host http://sea package install"),
    ),
    "a goal that cleans first": _double(("all: fetch verify", "all: clean verify")),
    "another first target": {**DOUBLE, "Makefile": f"deploy: all\n\t./deploy\n\n{DOUBLE['Makefile']}"},
    "targets that a workflow calls": {
        **SINGLE,
        ".github/workflows/nightly.yml": "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: make image.tar ARCH=aarch64\n",
    },
    "a manifest in TOML that is read": {
        **{name: text for name, text in DOUBLE.items() if name != "manifest.yaml"},
        "Makefile": f"{DOUBLE['Makefile'].replace('manifest.yaml', _TOML_MANIFEST)}\nnames.ts: manifest.toml\n\t./names <$< >$@\n",
        "names": "#!/bin/sh\ngrep id manifest.toml\n",
    },
    "settings of all kinds": _more(
        "export LANG := C\nunexport DISPLAY\n-include local.mk\n$(info ticking)\ndefine tick\n@echo tick\nendef\n"
        "ticks: ; $(tick)\nvpath %.svg faces\n.SILENT: ticks\n\n# Ask the keeper.\n\nKEY_x := 1\nkeys:\n\techo $(KEY_$(A))\n"
    ),
    "a workflow with our name": {
        **DOUBLE,
        ".github/workflows/build.yml": "on: push\njobs:\n  lint:\n    runs-on: x\n    steps:\n      - run: ./lint --hard\n",
        "renovate.json": '{"extends": ["local>sea"]}\n',
    },
    "a manifest with more in it": {
        **DOUBLE,
        "manifest.yaml": DOUBLE["manifest.yaml"].replace(
            "dependencies: {}\n", "dependencies: {}\nkeeper: Marina  # ask her\n"
        ),
    },
}
