"""Keep the service of a rehearsal running until Ctrl-C, and show its log."""

import subprocess
import time
from typing import TextIO

from startos_wrapper.rehearse.rehearsal import Rehearsal


def keep(rehearsal: Rehearsal, stream: TextIO) -> None:
    """Show where the service is, and its log, until Ctrl-C."""
    service = rehearsal.service
    try:
        if rehearsal.is_installed and rehearsal.is_configured and not service.is_started and rehearsal.was_healthy:
            service.start()
        print("\n".join(_lines(rehearsal)), file=stream, flush=True)
        while True:
            if service.is_running:
                # Ends when the container does.
                follow = rehearsal.docker.command("logs", "--follow", service.container)
                subprocess.run(
                    follow, stdin=subprocess.DEVNULL, stdout=stream.fileno(), stderr=subprocess.STDOUT, check=False
                )
            time.sleep(1)
    except KeyboardInterrupt:
        print(file=stream)


def _lines(rehearsal: Rehearsal) -> list[str]:
    service = rehearsal.service
    lines = ["", "Ctrl-C ends this and removes everything."]
    if service.is_running:
        lines.append(f"The service runs at {service.address}. For a shell in it:")
        lines.append(f"  docker exec --interactive --tty {service.container} sh")
    else:
        lines.append("The service isn't running.")
    lines.append("Its volumes:")
    named = rehearsal.installed.volumes.named
    return [*lines, *(f"  {volume}" for volume in named.values()), ""]
