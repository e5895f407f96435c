"""Run the docker command, and remove everything that a rehearsal made."""

from collections.abc import Sequence
from dataclasses import dataclass

LABEL = "startos-wrapper.rehearsal"


@dataclass(frozen=True)
class Done:
    """What a docker command returned. `code` is None if it took too long."""

    code: int | None
    output: bytes
    errors: bytes


@dataclass(frozen=True)
class Docker:
    """The docker command for one rehearsal, whose id is `run`."""

    run: str

    def name(self, part: str) -> str:
        """Return the name of a container, volume or network of this rehearsal."""
        return f"startos-rehearsal-{self.run}-{part}"

    @property
    def labels(self) -> list[str]:
        """Return the options that label what is created, so that it can be removed."""
        return ["--label", f"{LABEL}={self.run}"]

    def try_(self, *arguments: str, data: bytes = b"", timeout: float | None = None) -> Done:
        """Run docker, whatever its exit code. Raises: CannotError if docker isn't installed."""
        raise NotImplementedError

    def output(self, *arguments: str, data: bytes = b"", timeout: float | None = None) -> str:
        """Return what docker prints. Raises: CannotError with docker's reason if it fails."""
        raise NotImplementedError

    def command(self, *arguments: str) -> Sequence[str]:
        """Return the words of a docker command, for `subprocess.Popen`."""
        raise NotImplementedError
