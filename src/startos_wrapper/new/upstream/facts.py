"""What a source says, fact by fact, before anything is proposed.

The readers of source trees, Dockerfiles, app stores and images return facts:

- `source_tree.read_tree(folder) -> Tree`
- `dockerfile_facts.read_dockerfile(path, target="", *, shown="", arguments=None) -> list[Fact]`, may raise RefusedError
- `app_stores.read_app_store(folder, compose) -> AppStore | None`
- `image_facts.read_image(reference, network) -> ImageFacts`, and `read_image_tar(path)`, may raise CommandError

Names of facts, and their values. A name of an answer has a value in that answer's form, which may still be refused:

- service: `service_id`, `title`, `short_description`, `long_description`, `version` (numbers only), `license` (an SPDX
  identifier), `upstream_repo`, `marketing_site`, `support_site`, `donation_url`: text
- program: `base`, `upstream_ref`, `upstream_image`, `run`: text; `arches`: a list of StartOS's names. `run_compiled` is
  `run` for an image that has the compiled program in PATH and nothing else of the Dockerfile, if that differs.
  `start_script`: what package metadata calls the program: text. `program`: (base, command) of the package's own first
  command; `commands`: (base, names) that the image has; `build_stop`: (base, why, what to do)
- container, one fact each: `volume`: a path; `volume_guess`: a path that a variable names; `port`: a `PortFact`;
  `environment`: (name, value), the value None if it's unknown, and possibly a secret; `label`: (name, value)
- container, the last one counts: `entrypoint`, `cmd`: a tuple of words; `user`, `workdir`, `stop_signal`: text;
  `health`: a command in shell syntax, empty for none
- an image, as `startos-wrapper image` answers: `volumes`: paths by id; `ui_port`: a number
- Dockerfile: `stage`: its name, or ""; `base_image`: text, or None if it's unknown; `distro_packages`: (program that
  installs them, names); `build_command`: text; `copied_file`: (path there, path here) of a file beside a compiled
  program
- app store: `main`: the name of a service; `ui_port`: a number; `ui_path`: the path of its
  page; `dependency`: the id of a package of StartOS;
  `other_dependency`: an app of the store; `secret`: the name of a variable that the store fills in; `value`: (name,
  value) of a variable of the store itself
- `icon`: a path
"""

from dataclasses import dataclass, field
from typing import Any

from startos_wrapper.new.upstream.proposal import Leftover


@dataclass(frozen=True)
class Fact:
    """Something that a source says: its name, its value, and its place as `file:line`.

    `note` says where the value comes from if the place doesn't show it. A value that we know is missing is None, and
    then `note` says why. `also` are further places.
    """

    name: str
    value: Any
    place: str
    note: str = ""
    also: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[str, ...]:
        """Return all places."""
        return (*self.also, self.place)


@dataclass(frozen=True)
class PortFact:
    """A port that the container listens on, and its protocol: tcp or udp."""

    number: int
    protocol: str = "tcp"


@dataclass(frozen=True)
class OtherFile:
    """A file that wasn't chosen, and why."""

    path: str
    why: str


@dataclass
class Tree:
    """What a folder has. Paths are relative to it. None: the folder has no such file."""

    compose: str | None = None
    compose_why: str = ""
    other_compose: list[OtherFile] = field(default_factory=list)
    # Files that only seem to be compose files by their names.
    not_compose: list[OtherFile] = field(default_factory=list)
    dockerfile: str | None = None
    other_dockerfiles: list[OtherFile] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    # Files that we couldn't read, and why.
    unread: list[OtherFile] = field(default_factory=list)


@dataclass
class AppStore:
    """What an app store's own files and keys say outright.

    `used` are the key paths of the compose file that were read for this, e.g. ("x-casaos",). `platform` are services
    that only belong to the store, and why. `variables` are variables of the container that only the store fills in,
    and why.
    """

    kind: str
    facts: list[Fact] = field(default_factory=list)
    used: list[tuple[str | int, ...]] = field(default_factory=list)
    platform: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    # What gives no answer, each with the name of its list.
    left: list[tuple[str, Leftover]] = field(default_factory=list)
    unread: list[OtherFile] = field(default_factory=list)


@dataclass
class ImageFacts:
    """What an image says. `problem` is why it couldn't be read, in one line, or empty."""

    reference: str
    facts: list[Fact] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problem: str = ""
