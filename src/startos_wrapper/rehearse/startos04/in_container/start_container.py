"""Stand in for StartOS's program start-container, which the SDK calls to run commands in a subcontainer.

`subcontainer launch` gives a root file system a first process, and `subcontainer exec` runs a command next to it.
`bind-mount` mounts a volume. S/effects/subcontainer/sync.rs, S/effects/bind_mount.rs

This runs in the container, with Python's standard library only.
"""

import argparse
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_NEWNS, _NEWCGROUP, _NEWIPC, _NEWPID = 0x00020000, 0x02000000, 0x08000000, 0x20000000
_NAMESPACES = {"pid": _NEWPID, "cgroup": _NEWCGROUP, "ipc": _NEWIPC}
_BIND, _MOVE, _RECURSIVE, _SLAVE = 4096, 8192, 16384, 1 << 19
_DROP_CAPABILITY, _SET_DUMPABLE = 24, 4
# With them, a service could leave the container: StartOS has user namespaces for that.
_TAKEN = (19, 21)
_FORWARDED = (
    "ABRT", "ALRM", "CONT", "HUP", "INT", "IO", "PIPE", "PROF", "QUIT", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG",
    "USR1", "USR2", "VTALRM",
)  # fmt: skip
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass
class Account:
    """A user of the root file system."""

    user: int | None = None
    group: int | None = None
    groups: list[int] = field(default_factory=list)
    home: str | None = None


def account(root: Path, wanted: str) -> Account:
    """Return the user that `USER` or `USER:GROUP` names, each a name or a number.

    Raises: OSError if the image has no /etc/passwd or /etc/group, as on StartOS.
    """
    user, colon, group = wanted.partition(":")
    found = Account(int(user) if user.isdecimal() else None, int(group) if group.isdecimal() else None)
    name = "root"
    for line in (root / "etc/passwd").read_text(errors="replace").splitlines():
        fields = line.split(":")
        if len(fields) < 6 or user not in (fields[0], fields[2]):
            continue
        name, found.user, found.home = fields[0], int(fields[2]), fields[5]
        if not colon:
            found.group = int(fields[3])
        break
    for line in (root / "etc/group").read_text(errors="replace").splitlines():
        fields = line.split(":")
        if len(fields) < 4 or not fields[2].isdecimal():
            continue
        if group == fields[0]:
            found.group = int(fields[2])
        if name in fields[3].split(","):
            found.groups.append(int(fields[2]))
    return found


def _checked(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str | None, target: str, kind: str | None, flags: int) -> None:
    words = [None if each is None else os.fsencode(each) for each in (source, target, kind)]
    _checked(_LIBC.mount(words[0], words[1], words[2], flags, None), f"mount {target}")


def _umount(target: str) -> None:
    _checked(_LIBC.umount2(os.fsencode(target), 2), f"umount {target}")


def _enter_root(root: Path) -> None:
    """Make the folder the root of this process, with its own mounts."""
    _checked(_LIBC.unshare(_NEWNS), "unshare")
    _mount(None, "/", None, _RECURSIVE | _SLAVE)
    _mount(str(root), str(root), None, _BIND | _RECURSIVE)
    os.chdir(root)
    _mount(".", "/", None, _MOVE)
    os.chroot(".")
    os.chdir("/")


def _run(given: argparse.Namespace) -> None:
    """Become the command. Raises: OSError."""
    root = Path(given.root)
    env = dict(os.environ)
    lines = Path(given.env_file).read_text().splitlines() if given.env_file else []
    has_home = False
    for line in [*lines, *given.env]:
        name, equals, value = line.partition("=")
        if equals:
            env[name] = value
            has_home = has_home or name == "HOME"
    who = account(root, given.user or "root")
    if who.home is not None and not has_home:
        env["HOME"] = who.home
    _enter_root(root)
    for descriptor in range(3) if who.user else ():
        try:
            os.chown(f"/proc/self/fd/{descriptor}", who.user or 0, -1 if who.group is None else who.group)
        except OSError:
            continue
    for capability in _TAKEN:
        _LIBC.prctl(_DROP_CAPABILITY, capability, 0, 0, 0)
    if who.groups:
        os.setgroups(who.groups)
    if who.group is not None:
        os.setgid(who.group)
    if who.user is not None:
        os.setuid(who.user)
    os.chdir(given.workdir or "/")
    # It may be the leader of its session.
    with suppress(PermissionError):
        os.setsid()
    _LIBC.prctl(_SET_DUMPABLE, 1, 0, 0, 0)
    for name in ("PIPE", "XFSZ"):
        signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.execvpe(given.command[0], given.command, env)


def _wait(child: int) -> int:
    """Pass signals on to the child until it ends, and return the exit code."""
    for name in _FORWARDED:
        signal.signal(getattr(signal, f"SIG{name}"), lambda number, _: _send(child, number))
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        # As on StartOS, only SIGTERM is a success.
        return 0 if os.WTERMSIG(status) == signal.SIGTERM else 1
    return os.WEXITSTATUS(status)


def _send(child: int, number: int) -> None:
    # It may have just ended.
    with suppress(ProcessLookupError):
        os.kill(child, number)


def _forked(given: argparse.Namespace, is_first: bool) -> int:
    # A signal that comes too early must not be lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, [getattr(signal, f"SIG{name}") for name in _FORWARDED])
    child = os.fork()
    if child:
        return _wait(child)
    try:
        if is_first:
            _mount("proc", f"{given.root}/proc", "proc", 0)
        if not given.command:
            signal.sigwait([signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
            os._exit(0)
        _run(given)
    except OSError as error:
        print(f"start-container: {error}", file=sys.stderr, flush=True)
    os._exit(1)


def launch(given: argparse.Namespace) -> int:
    """Start the first process of a subcontainer, which waits for SIGTERM if it has no command."""
    kill_first(Path(given.root))
    _checked(_LIBC.unshare(_NEWPID | _NEWCGROUP | _NEWIPC), "unshare")
    Path(given.root, "proc").mkdir(exist_ok=True)
    code = _forked(given, is_first=True)
    with suppress(OSError):
        _umount(f"{given.root}/proc")
    return code


def execute(given: argparse.Namespace) -> int:
    """Run a command in a subcontainer that has a first process."""
    for name, flag in _NAMESPACES.items():
        with Path(given.root, "proc/1/ns", name).open() as file:
            _checked(_LIBC.setns(file.fileno(), flag), f"setns {name}")
    return _forked(given, is_first=False)


def kill_first(root: Path) -> None:
    """Kill the first process of a subcontainer, and so all others. S/effects/subcontainer/sync.rs:kill_init"""
    try:
        namespace = (root / "proc/1/ns/pid").readlink()
    except OSError:
        return
    for path in Path("/proc").iterdir():
        if not path.name.isdecimal():
            continue
        try:
            is_inside = (path / "ns/pid").readlink() == namespace
            lines = (path / "status").read_text(errors="replace").splitlines() if is_inside else []
        except OSError:
            continue
        ids = next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])
        if ids[-1:] == ["1"]:
            _send(int(path.name), signal.SIGKILL)
    # Its own start-container may be faster.
    with suppress(OSError):
        _umount(f"{root}/proc")


def bind_mount(given: argparse.Namespace) -> int:
    """Mount a folder or file over another."""
    target = Path(given.target)
    if given.file:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    else:
        target.mkdir(parents=True, exist_ok=True)
    command = ["mount", "--rbind", given.source, given.target]
    if given.idmap:
        maps = " ".join(f"b:{each}" for each in given.idmap)
        command = ["mount", "--bind", "-o", f"X-mount.idmap={maps}", given.source, given.target]
    done = subprocess.run(command, check=False)
    if done.returncode == 0 and given.readonly:
        done = subprocess.run(["mount", "-o", "remount,bind,ro", given.target], check=False)
    return done.returncode


def main(words: Sequence[str]) -> int:
    """Run a command of start-container, and return its exit code."""
    parser = argparse.ArgumentParser("start-container")
    commands = parser.add_subparsers(required=True)
    below = commands.add_parser("subcontainer").add_subparsers(required=True)
    for name, function in (("launch", launch), ("exec", execute)):
        each = below.add_parser(name)
        each.set_defaults(run=function)
        each.add_argument("--env", "-e", action="append", default=[])
        each.add_argument("--env-file")
        each.add_argument("--workdir", "-w")
        each.add_argument("--user", "-u")
        each.add_argument("root")
        each.add_argument("command", nargs=argparse.REMAINDER)
    mount = commands.add_parser("bind-mount")
    mount.set_defaults(run=bind_mount)
    mount.add_argument("--source", required=True)
    mount.add_argument("--target", required=True)
    mount.add_argument("--idmap", action="append", default=[])
    for name in ("--recursive", "--readonly", "--file"):
        mount.add_argument(name, action="store_true")
    given = parser.parse_args(words)
    try:
        code: int = given.run(given)
    except OSError as error:
        print(f"start-container: {error}", file=sys.stderr, flush=True)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
