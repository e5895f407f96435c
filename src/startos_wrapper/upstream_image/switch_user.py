"""The command that runs a service as its image's USER, although the wrapper's image begins as root.

StartOS creates volumes as root, so root gives them to that user first. Some services refuse to run as root.
"""

import re
import shlex
from collections.abc import Sequence

from startos_wrapper.files.images.file_tree import FileTree
from startos_wrapper.files.images.image_config import ImageConfig

_ROOT = {"", "0", "root"}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def is_root(user: str) -> bool:
    """Return whether a USER is root."""
    return user.partition(":")[0].strip() in _ROOT


def as_user(command: Sequence[str], folders: Sequence[str], config: ImageConfig, tree: FileTree | None) -> str | None:
    """Return the command that runs `command` as the image's USER, or None if the image has no program that can."""
    user, _, group = config.user.partition(":")
    if tree is None or tree.find("/bin/sh") is None or not _NAME.fullmatch(user) or not _NAME.fullmatch(group or "a"):
        return None
    words = _switch(command, user, group, config, tree)
    if words is None:
        return None
    steps = [f"chown -R {user}{':' + group if group else ''} {shlex.join(folders)}"] if folders else []
    # As the container engine does for USER. Otherwise the service can't open them, e.g. as a log file.
    steps.append(f"{{ chown {user} /dev/stdout /dev/stderr || :; }}")
    if not any(entry.startswith("HOME=") for entry in config.environment):
        # As Docker does. Root's folder is closed to everyone else.
        steps.append(f"export HOME={'/' if user.isdecimal() else '~' + user}")
    return shlex.join(["sh", "-c", " && ".join([*steps, f"exec {words}"])])


def _switch(command: Sequence[str], user: str, group: str, config: ImageConfig, tree: FileTree) -> str | None:
    found = {name: tree.program(name, config.path) for name in ("gosu", "su-exec", "setpriv", "su")}
    for name in ("gosu", "su-exec"):
        if found[name]:
            return f"{name} {config.user} {shlex.join(command)}"
    setpriv = found["setpriv"]
    # The one in busybox can't do this.
    if setpriv and not _is_busybox(tree, setpriv[0]):
        gid = group or ("0" if user.isdecimal() else f'"$(id -g {user})"')
        groups = "--clear-groups" if user.isdecimal() else "--init-groups"
        return f"setpriv --reuid={user} --regid={gid} {groups} -- {shlex.join(command)}"
    su = found["su"]
    # Another one stays as a parent, and kills the service two seconds after SIGTERM. It only takes names.
    if su and _is_busybox(tree, su[0]) and not user.isdecimal():
        return f"su -s /bin/sh {user} -c {shlex.quote('exec ' + shlex.join(command))}"
    return None


def _is_busybox(tree: FileTree, path: str) -> bool:
    target = tree.find(path)
    return target is not None and target[0].rpartition("/")[2].startswith("busybox")
