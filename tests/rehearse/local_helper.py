"""The program of the helper container, run in this process and on a temporary folder."""

from pathlib import Path
from typing import Any

from startos_wrapper.rehearse.docker import Docker
from startos_wrapper.rehearse.inside import serving
from startos_wrapper.rehearse.volume_helper import VolumeHelper, VolumeHelperError


class LocalHelper(VolumeHelper):
    """VolumeHelper without a container. `checksums.VOLUMES` must be a folder of the test."""

    def __init__(self) -> None:
        super().__init__(Docker("00000000"), "", "")

    def ask(self, action: str, timeout: float | None = None, **arguments: Any) -> Any:
        del timeout
        answer = serving.answer({"id": 1, "action": action, "arguments": arguments})
        if "error" in answer:
            raise VolumeHelperError(answer["error"])
        return answer["result"]


def volumes(folder: Path, *names: str) -> None:
    """Create volumes."""
    for name in names:
        (folder / name).mkdir(parents=True)
