"""What the steps of a rehearsal share: its `Rehearsal`, with the settings, the installed version and the pace."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from startos_wrapper.files.images.image_config import signal_name
from startos_wrapper.files.source import Place
from startos_wrapper.rehearse.container import Network
from startos_wrapper.rehearse.docker import Docker
from startos_wrapper.rehearse.outcome import StepResult
from startos_wrapper.rehearse.package import Package
from startos_wrapper.rehearse.service import Service
from startos_wrapper.rehearse.user_file import UserFile
from startos_wrapper.rehearse.volume_helper import VolumeHelper
from startos_wrapper.rehearse.volumes import Volumes


@dataclass(frozen=True)
class Pace:
    """How long StartOS waits, in seconds. S/manager/mod.rs:790-803, manager_container.rs:338-369

    `first` and `between` are for rounds of health checks, `crash` before a restart. A service must stay healthy for
    `rounds` more rounds, and stay up for `settle`.
    """

    first: float = 5.0
    between: float = 15.0
    crash: float = 15.0
    rounds: int = 2
    settle: float = 2.0


@dataclass(frozen=True)
class Finding:
    """An error of `check`."""

    code: str
    place: Place
    what: str
    todo: str


class Checked(Protocol):
    """What `check` checks: a package for any StartOS."""

    @property
    def root(self) -> Path:
        """The folder with its files."""

    @property
    def is_packed(self) -> bool:
        """Whether it's a .s9pk, of which only a copy is used."""

    def seen(self, found: Place) -> Place:
        """Return a place in the folder with the file's path as the user sees it."""


def no_findings(_: Checked) -> list[Finding]:
    """Check nothing."""
    return []


@dataclass(frozen=True)
class Settings:
    """What the user chose. No steps are all steps. `config` is the content of --config, or None for the defaults."""

    steps: tuple[str, ...] = ()
    wait: float = 180.0
    keep: bool = False
    config: Any = None
    actions: tuple[str, ...] = ()
    older: Package | None = None
    pace: Pace = field(default_factory=Pace)
    check: Callable[[Checked], list[Finding]] = no_findings
    # What the user gives to actions, by their ids.
    inputs: Mapping[str, Any] = field(default_factory=dict)
    # The files of both, by the options that name them: --config, and --actions NAME=FILE.
    files: Mapping[str, UserFile] = field(default_factory=dict)

    @property
    def how_to_try(self) -> str:
        """How the user can run the command of a failure: only as long as its container, network and volumes exist."""
        return "Run the command to try it." if self.keep else "To try the command, rehearse with --keep."


@dataclass(frozen=True)
class Installed:
    """A version of the package whose images are loaded. `images` are our tags by the images' ids in the manifest."""

    package: Package
    volumes: Volumes
    images: Mapping[str, str]


@dataclass
class Rehearsal:
    """A service on its server.

    `installed` is the version that is installed, `config` the stored config, and `is_configured` whether StartOS would
    let the user start the service. `was_started`, `was_healthy` and `has_backup` say that these steps passed. `result`
    is the line of the step that runs. `progress` shows what it's doing.
    """

    settings: Settings
    docker: Docker
    processor: str
    network: Network
    helper: VolumeHelper
    # Our tag of the image that stands in for StartOS's own images.
    compat: str
    installed: Installed
    service: Service
    progress: Callable[[str], None]
    is_installed: bool = False
    is_configured: bool = False
    was_started: bool = False
    was_healthy: bool = False
    has_backup: bool = False
    config: Any = None
    result: StepResult = field(default_factory=lambda: StepResult(""))

    @property
    def package(self) -> Package:
        """The version of the package that is installed."""
        return self.installed.package

    @property
    def stop_signal(self) -> str:
        """The signal with which the service is stopped, without SIG: the image's. Raises: CannotError."""
        image = self.service.image
        said = self.docker.output("image", "inspect", "--format", "{{.Config.StopSignal}}", image) if image else ""
        return signal_name(said) if said else "TERM"

    def place(self, *keys: str) -> Place:
        """Return where a key of the manifest is."""
        return self.package.place(*keys)

    def warn(self, message: str, place: Place | None = None) -> None:
        """Report what isn't a failure."""
        self.result.warnings.append((message, place))
