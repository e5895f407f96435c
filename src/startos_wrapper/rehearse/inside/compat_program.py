"""The command `compat` of StartOS's image of that name, as strict as the original. system-images/compat/src/main.rs"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

# The names of each command's arguments. A name in brackets is optional. main.rs:44-173
COMMANDS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("config", "get"): ("mountpoint", "spec"),
    ("config", "set"): ("package_id", "mountpoint", "assets", "[dependencies]"),
    ("dependency", "check"): ("dependent_package_id", "dependency_package_id", "mountpoint", "assets"),
    ("dependency", "auto-configure"): ("dependent_package_id", "dependency_package_id", "mountpoint", "assets"),
    ("duplicity", "create"): ("mountpoint", "datapath"),
    ("duplicity", "restore"): ("mountpoint", "datapath"),
    ("properties",): ("mountpoint", "[fallbackMessage]"),
}
# core/startos/src/disk/main.rs:17
PASSPHRASE = "password"
_NOT_READY = "Could not find properties. The service might still be starting"
# Rust's exit code for a panic, with which the original ends on a missing or broken file.
_PANIC = 101


class CompatError(Exception):
    """The command fails with this message and exit code 1."""


def main(words: list[str]) -> None:
    """Run the command."""
    command, values = parsed(words)
    try:
        _run(command, values)
    except CompatError as error:
        _exit(1, str(error))
    except Exception as error:
        _exit(_PANIC, f"thread 'main' panicked at '{error}'")


def _exit(code: int, message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(code)


def parsed(words: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the command and its arguments. Like clap 2, exit with code 1 for one too few or too many."""
    known = {command[:depth] for command in COMMANDS for depth in range(len(command) + 1)}
    command: tuple[str, ...] = ()
    for word in words:
        if command in COMMANDS or (*command, word) not in known:
            break
        command = (*command, word)
    values = words[len(command) :]
    if command not in COMMANDS and not values:
        _exit(_PANIC, "thread 'main' panicked at 'Unknown subcommand: '")
    names = COMMANDS.get(command, ())
    required = [name for name in names if not name.startswith("[")]
    usage = f"\n\nUSAGE:\n    {' '.join(['compat', *command])}{''.join(f' <{name}>' for name in required)}"
    unexpected = [value for value in values if len(value) > 1 and value.startswith("-")] or values[len(names) :]
    if unexpected:
        _exit(
            1, f"error: Found argument '{unexpected[0]}' which wasn't expected, or isn't valid in this context{usage}"
        )
    if missing := required[len(values) :]:
        listed = "".join(f"\n    <{name}>" for name in missing)
        _exit(1, f"error: The following required arguments were not provided:{listed}{usage}")
    return command, values


def _run(command: tuple[str, ...], values: list[str]) -> None:
    if command[0] == "duplicity":
        _duplicity(command[1], *values)
    elif command[0] == "properties":
        _properties(*values)
    else:
        # The tests of backups run this on machines without PyYAML.
        from startos_wrapper.rehearse.inside import config_files

        try:
            config_files.ACTIONS[command](*values)
        except config_files.ConfigError as error:
            raise CompatError(str(error)) from None


def _properties(mountpoint: str, fallback: str = _NOT_READY) -> None:
    """Print `start9/stats.yaml` as JSON. main.rs:304-331"""
    stats = Path(mountpoint, "start9/stats.yaml")
    value: Any = {
        "version": 2,
        "data": {
            "Not Ready": {
                "type": "string",
                "value": fallback,
                "qr": False,
                "copyable": False,
                "masked": False,
                "description": "Fallback Message When Properties could not be found",
            }
        },
    }
    if stats.exists():
        from startos_wrapper.rehearse.inside import config_files

        value = config_files.load(stats.read_text())
    print(json.dumps(value))


def _duplicity(step: str, mountpoint: str, datapath: str) -> None:
    """Run duplicity as backup.rs does."""
    try:
        backup, data = (Path(path).resolve(strict=True) for path in (mountpoint, datapath))
    except OSError as error:
        raise CompatError(f"Could not {step} backup: {error.strerror} (os error {error.errno})") from None
    if step == "create":
        words = [*_chosen(data), str(data), f"file://{backup}", "--allow-source-mismatch"]
    else:
        words = ["--allow-source-mismatch", "--force", f"file://{backup}", str(data)]
    # Unlike in the original: a write that fails is tried five times, with pauses of 30 s.
    words.append("--num-retries=1")
    environment = {**os.environ, "PASSPHRASE": PASSPHRASE}
    # duplicity must not find what's meant for this program.
    for name in [name for name in environment if name.startswith("PYTHON")]:
        del environment[name]
    done = subprocess.run(["duplicity", *words], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if done.returncode:
        errors = done.stderr.decode("utf-8", "replace")
        raise CompatError(f"Could not {step} backup: duplicity error: {errors}")
    print("~")


def _chosen(data: Path) -> list[str]:
    """Return the options for the lines of `.backupignore`. backup.rs:13-41"""
    ignore = data / ".backupignore"
    options = []
    for line in ignore.read_text().splitlines() if ignore.is_file() else ():
        if text := line.strip():
            # An absolute path replaces the folder.
            path = data / text.lstrip("!")
            options += [f"--{'include' if text.startswith('!') else 'exclude'}={path}", "--allow-source-mismatch"]
    return options


if __name__ == "__main__":
    main(sys.argv[1:])
