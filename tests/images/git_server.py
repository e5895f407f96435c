"""A git server that the builds of the tests' engine can reach."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.images.engine import Engine
from tests.support.limits import until


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return its output."""
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def serve(engine: Engine, folder: Path) -> Iterator[str]:
    """Serve the repositories in a folder, at least one. Yield the address that is followed by a repository's name."""
    with socket.socket() as probe:
        probe.bind((engine.gateway, 0))
        port = probe.getsockname()[1]
    command = ["git", "daemon", "--export-all", f"--listen={engine.gateway}", f"--port={port}", f"--base-path={folder}"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as daemon:
        try:
            address = f"git://{engine.gateway}:{port}"
            name = next(folder.iterdir()).name
            until(
                lambda: subprocess.run(["git", "ls-remote", f"{address}/{name}"], capture_output=True).returncode == 0
            )
            yield address
        finally:
            # `git daemon` starts a child process, which must be stopped too. Without this, a failure would wait for both.
            os.killpg(daemon.pid, signal.SIGTERM)
