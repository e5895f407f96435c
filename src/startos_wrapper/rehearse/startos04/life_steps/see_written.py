"""See what the daemons wrote outside the volumes: StartOS starts them with a new file system each time."""

from startos_wrapper.files.images.image_config import may_be_lost
from startos_wrapper.rehearse.outcome import SkippedError
from startos_wrapper.rehearse.startos04.life import Life

_PASSING = ("/tmp/", "/run/", "/var/run/", "/var/tmp/", "/var/lock/", "/dev/", "/proc/", "/sys/")
_MOST = 5


def run(life: Life) -> None:
    """Warn of files that are lost at the next start."""
    written = life.state()["written"]
    if not written:
        raise SkippedError("no subcontainer ended, or this engine can't show what it wrote")
    for name, paths in written.items():
        lost = [each for each in paths if not each.startswith(_PASSING) and not may_be_lost(each)]
        if lost:
            more = f" and {len(lost) - _MOST} more" if len(lost) > _MOST else ""
            shown = ", ".join(lost[:_MOST])
            life.warn(f"{name}: written outside the volumes, and lost at the next start: {shown}{more}")
