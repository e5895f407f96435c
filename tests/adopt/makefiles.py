"""Generate Makefiles of authors: every form of rule and variable, around the rules of older templates.

A Makefile is a list of pieces. `usual` are lines that startos.mk stands for, if the report names their target.
"""

import re
from dataclasses import dataclass

from hypothesis import strategies as st


@dataclass(frozen=True)
class Piece:
    """Some lines of a Makefile, the lines of them that startos.mk replaces, and the targets that stay the author's."""

    text: str
    usual: frozenset[str] = frozenset()
    own: tuple[str, ...] = ()


def _own(text: str, *targets: str) -> Piece:
    return Piece(text, own=targets)


#: Variables, some with names of startos.mk.
VARIABLES = st.sampled_from(
    [
        "ID ?= clock", 
        'PKG_ID := $(shell yq e ".id" manifest.yaml)', "PKG_ID := $(ID)", "export PKG_ID = $(ID)",
        "VERSION ?= 9.9", "VERSION += -rc1", "TAG := mine/$(VERSION)",
        "ARCH ?= arm", "SOURCES := a \\\n  b", "RUN = ./run \\\n  $(TAG)", "define TAG\n  one # two\n  two: three\nendef",
        "SHELL := /bin/bash", "export LANG := C", "unexport DISPLAY", "NAMES != echo a b", "  INDENTED := $(ID)",
        "override define MORE =\necho $(1)\nendef", "KEY_a := 1\nKEYS = $(KEY_$(A))\nA := a", "MINE := yours",
        "vpath %.svg faces:hands", "$(info x $(ID))", "-include nothing.mk",
        "ifdef FAST\nARCH := fast\nelse\n  ARCH := slow\nendif", "ifeq ($(ID),clock)\nPKG_ID := same\nendif",
    ]
).map(Piece)  # fmt: skip

# Of these, the template's variables that are computed from the id depend on the order.
_OTHER_IDS = st.sampled_from(["ID := clock", "ID := other", "ID = $(PKG_ID)", "override ID = tower"]).map(Piece)

#: What most Makefiles begin with.
GIVEN = [Piece(f'{name} := $(shell yq e ".{name.lower()}" manifest.yaml)') for name in ("ID", "VERSION")]

_NAMES = ["ID", "VERSION", "TAG", "ARCH", "PKG_ID", "RUN", "SOURCES", "KEYS", "NAMES", "INDENTED"]
_SHOW = st.lists(st.sampled_from(_NAMES), max_size=2).map(lambda names: " ".join(f"$({name})" for name in names))


@st.composite
def _rules(draw: st.DrawFn) -> Piece:
    """Return a rule for a target that startos.mk doesn't have."""
    name, show = draw(st.sampled_from(["dial", "hands", "x.s"])), draw(_SHOW)
    return draw(
        st.sampled_from(
            [
                _own(f"{name}:\n\techo {show}", name),
                _own(f"{name}: Dockerfile ; echo {show}", name),
                _own(f"{name}: # why; not\n\t@echo one; \\\n\t  echo {show}", name),
                _own(f"# On {name}.\n{name}-a {name}-b:\n\n# Between.\n\techo $@ {show}", f"{name}-a", f"{name}-b"),
                _own(f"{name}-c \\\n  {name}-d: Dockerfile\n\techo $@ {show}", f"{name}-c", f"{name}-d"),
                _own(f"{name}:: Dockerfile\n\techo {show}\n{name}::\n\techo again", name),
                _own(f"{name}:\nifdef SLOW\n\techo slow {show}\nelse\n\techo fast\nendif\n\techo end", name),
                _own(f"ifndef SLOW\n{name}:\n\techo {show}\nelse\n{name}: ; echo slow\nendif", name),
                _own(f"%.{name}: Dockerfile\n\techo $@ {show}", f"z.{name}"),
                _own(f"a.{name} b.{name}: %.{name}: Dockerfile ; echo $* {show}", f"a.{name}", f"b.{name}"),
                _own(f"{name}: WORD := {show} ; more\n{name}: export TAG = $(WORD)\n{name}:\n\techo '$(TAG)'", name),
                _own(f".PHONY: {name}\n{name}: ; @echo '{show}'", name),
                _own(f"  {name}: Dockerfile\n\t+-@echo {show}", name),
            ]
        )
    )


_PACK = "clock.s9pk: manifest.yaml docker-images/aarch64.tar docker-images/x86_64.tar"


def _image(arch: str, docker: str, more: str = "", command: str = "\n\t") -> Piece:
    build = (
        f"docker buildx build --tag start9/clock/main:1.4.2 --platform=linux/{docker} -o type=docker,dest=$@ {more}."
    )
    text = f"docker-images/{arch}.tar: Dockerfile{command}{build}"
    usual = re.findall(r"--[a-z-]+ [\w.]+", more) or text.split("\n")
    return Piece(text, frozenset(usual))


def _usual(text: str) -> Piece:
    return Piece(text, frozenset(text.split("\n")))


def _known(text: str, *usual: str) -> Piece:
    return Piece(text, frozenset(usual))


#: Rules for targets that startos.mk has.
KNOWN = st.sampled_from(
    [
        _usual("all: verify"), _known("all: dial verify hands"), _known("all:: hands", "all:: hands"),
        _usual("verify: clock.s9pk\n\tstart-sdk verify s9pk clock.s9pk"),
        _usual("verify: clock.s9pk ; @start-sdk verify s9pk clock.s9pk"),
        _known("verify: clock.s9pk ; ./compare clock.s9pk"), _known("verify: dial clock.s9pk\n\tstart-sdk verify s9pk clock.s9pk"),
        _known("# To the tower.\ninstall: clock.s9pk ; scp $< tower:"), _known("install: dial"),
        _known("install: clock.s9pk # there\n\tstart-cli package install clock.s9pk", "\tstart-cli package install clock.s9pk"),
        _usual("clean:\n\trm -f image.tar clock.s9pk\n\trm -rf docker-images"),
        _known("clean: ; rm -rf rust"), _known("clean:: ; rm -rf oil\nclean::\n\trm -f clock.s9pk\n\trm -rf dust", "clean::", "\trm -f clock.s9pk"),
        _usual("arm: ; ARCH=aarch64 $(MAKE) -s"), _known("x86:\n\t@ARCH=x86_64 $(MAKE)\n\t./wind", "x86:", "\t@ARCH=x86_64 $(MAKE)"),
        _usual(f"{_PACK}\n\tstart-sdk pack"), _known(f"{_PACK} ; start-sdk pack && sha256sum $@ >SUM"),
        _known(f"{_PACK} faces/round.svg\n\tstart-sdk pack", f"{_PACK} faces/round.svg", "\tstart-sdk pack"),
        _image("aarch64", "arm64"), _image("x86_64", "amd64"), _image("aarch64", "arm64", command=" ; "),
        _image("aarch64", "arm64", more="--build-arg DEPTH=$(ARCH) --network host "),
        _image("x86_64", "amd64", more="--file other.Dockerfile ", command=" ; "),
        _usual("image.tar: Dockerfile\n\tdocker buildx build --platform=linux/amd64 --output=type=docker,dest=docker-images/x86_64.tar ."),
        _known("image.tar: Dockerfile\n\tdocker buildx build -o=dest=hands.tar,type=docker ."),
        _known("docker-images/aarch64.tar: strike.sh", "docker-images/aarch64.tar: strike.sh"),
        _known("docker-images/aarch64.tar: DEPTH := 3"), _known("verify install: WORD = $(ID)"),
        _usual("image.tar: docker-images/aarch64.tar\n\tcp $< $@"), _known("image.tar: docker-images/aarch64.tar ; ln -s $< $@"),
        _usual(".PHONY: all verify clean"), _known(".PHONY: all dial nobody"), _usual(".DELETE_ON_ERROR:"),
        _known("ifdef LATE\nclean: ; echo late\nendif"), _known("help: ; @echo mine"), _known("verify install: ; ./both $(VERSION)"),
    ]
)  # fmt: skip

COMMENTS = st.sampled_from(["# Alone.", "  # Indented, and \\\n  clean: continued", "#"]).map(Piece)


def makefiles(*, known: bool) -> st.SearchStrategy[list[Piece]]:
    """Return Makefiles, with or without rules for targets that startos.mk has."""
    piece = VARIABLES | VARIABLES | _rules() | COMMENTS
    pieces = st.lists(piece | KNOWN | KNOWN | _OTHER_IDS if known else piece, min_size=1, max_size=9)
    return pieces.filter(_is_sound)


def _is_sound(pieces: list[Piece]) -> bool:
    """Return whether make accepts it: one recipe per target, and one kind of colon."""
    own = [name for piece in pieces for name in piece.own]
    texts = [piece.text for piece in pieces]
    return len(own) == len(set(own)) and len(texts) == len(set(texts))
