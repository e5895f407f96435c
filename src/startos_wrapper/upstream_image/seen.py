"""What we know about an image, and where we know it from."""

from dataclasses import dataclass
from typing import Any

from startos_wrapper.files.images.file_tree import FileTree
from startos_wrapper.files.images.image_config import ImageConfig, processor_of
from startos_wrapper.files.procedure_scripts import SMALL_INITS

_SHELL = "/bin/sh"
# s6-overlay's files. https://github.com/just-containers/s6-overlay/blob/v3.2.0.2/MOVING-TO-V3.md
_S6 = ("/package/admin/s6-overlay", "/etc/s6-overlay", "/etc/s6", "/etc/services.d", "/etc/cont-init.d")


@dataclass(frozen=True)
class Seen:
    """An image: its name, its config, all platforms that we know it exists for, and a name that always means it.

    `tree` is None if we haven't read its files, and `unread` says why. `notes` are about how we chose it.
    """

    name: str
    source: str
    config: ImageConfig
    platforms: tuple[str, ...]
    # Whether the image exists for these platforms only.
    is_complete: bool
    pinned: str | None
    tree: FileTree | None = None
    unread: str = ""
    notes: tuple[str, ...] = ()

    @property
    def command(self) -> tuple[str, ...]:
        """What a container runs."""
        return (*self.config.entrypoint, *self.config.cmd)

    @property
    def shell(self) -> str | None:
        """The file behind /bin/sh, or None if there's no such program."""
        return self._program(_SHELL)

    @property
    def init(self) -> str | None:
        """The init that the image starts: `s6-overlay`, or the name of a small one such as tini, or None."""
        if not self.command:
            return None
        name = self.command[0].rpartition("/")[2]
        if self.command[0] == "/init":
            by_variable = any(entry.startswith("S6_") for entry in self.config.environment)
            by_file = self.tree is not None and any(self.tree.find(path) for path in _S6)
            return "s6-overlay" if by_variable or by_file else "/init"
        return name if name in SMALL_INITS else None

    def _program(self, path: str) -> str | None:
        found = self.tree.find(path) if self.tree else None
        return found[0] if found and found[1].is_file and found[1].is_executable else None

    def as_json(self) -> dict[str, Any]:
        """Return what we know, for `--format json`."""
        config = self.config
        return {
            "name": self.name,
            "source": self.source,
            "platforms": list(self.platforms),
            "processors": list(dict.fromkeys(filter(None, map(processor_of, self.platforms)))),
            "entrypoint": list(config.entrypoint),
            "cmd": list(config.cmd),
            "user": config.user,
            "workdir": config.workdir,
            "environment": list(config.environment),
            "volumes": list(config.volumes),
            "exposed": list(config.exposed),
            "stop_signal": config.stop_signal,
            "files": None if self.tree is None else {"shell": self.shell},
            "files_unread": self.unread,
            "init": self.init,
        }
