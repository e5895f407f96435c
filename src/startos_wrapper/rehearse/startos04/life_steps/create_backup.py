"""Create a backup twice, with the service stopped. S/transition/backup.rs"""

from startos_wrapper.rehearse.outcome import SkippedError, StepFailedError
from startos_wrapper.rehearse.startos04.life import Life

# The drive is encrypted by StartOS, which makes names longer.
LIST = "backup"


def run(life: Life) -> None:
    """Run createBackup as StartOS does, and again over the first backup, as StartOS does each time."""
    if not life.is_installed:
        raise SkippedError("the package isn't installed")
    was_running = life.is_running
    if was_running:
        life.stop()
    try:
        with life.container.backup_drive(is_readonly=False):
            life.progress("the first one")
            _create(life)
            _see_backup(life)
            life.progress("a second one over it")
            try:
                _create(life)
            except StepFailedError as error:
                error.args = (f"{error}; the first backup worked, the second over it doesn't",)
                raise
        life.has_backup = True
    finally:
        if was_running:
            life.start()


def _create(life: Life) -> None:
    life.call("backup", "createBackup", "setupBackups", "createBackup")


def _see_backup(life: Life) -> None:
    """Raises: StepFailedError if there is data, and the backup has none of it."""
    count = life.container.run("sh", "-c", "find /media/startos/backup -type f ! -name dataVersion.txt | wc -l")
    data = life.container.run("sh", "-c", "find /media/startos/volumes -type f | wc -l")
    if int(data) and not int(count):
        todo = "Name the volumes in setupBackups."
        raise life.failure("createBackup: the backup is empty", "setupBackups", todo=todo)
    life.result.message = f"{int(count)} file{'' if int(count) == 1 else 's'}"
