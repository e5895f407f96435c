"""Print the listening sockets and the processes of the container whose network and processes this one shares.

This runs in a helper container, with Python's standard library only.
"""

import json
import os
import socket
from pathlib import Path
from typing import Any

# The state of a listening socket. include/net/tcp_states.h
_LISTENS = "0A"


def listeners() -> list[tuple[str, int]]:
    """Return the address and port of each listening TCP socket. proc_net_tcp(5)"""
    found = []
    for file, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        try:
            lines = Path("/proc/net", file).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            address, _, port = fields[1].partition(":")
            if fields[3] == _LISTENS:
                found.append((_address(family, address), int(port, 16)))
    return found


def _address(family: int, digits: str) -> str:
    """Read an address, which the kernel prints as words in the order of the machine."""
    words = [bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8)]
    return socket.inet_ntop(family, b"".join(words))


def processes() -> list[dict[str, Any]]:
    """Return the processes. `handled` has a bit for each signal that one catches or waits for, `ignored` likewise."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and int(path.name) != os.getpid():
            try:
                found.append(_process(path))
            except (OSError, KeyError):
                continue
    return sorted(found, key=lambda each: int(each["id"]))


def _process(path: Path) -> dict[str, Any]:
    lines = (line.partition(":") for line in (path / "status").read_text(errors="replace").splitlines())
    status = {name: value.strip() for name, _, value in lines}
    words = (path / "cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
    return {
        "id": int(path.name),
        "parent": int(status["PPid"]),
        "name": status["Name"],
        "command": words,
        "state": status["State"][:1],
        "handled": int(status["SigCgt"], 16) | int(status["SigBlk"], 16),
        "ignored": int(status["SigIgn"], 16),
        "session": os.getsid(int(path.name)),
    }


if __name__ == "__main__":
    print(json.dumps({"listeners": listeners(), "processes": processes()}))
