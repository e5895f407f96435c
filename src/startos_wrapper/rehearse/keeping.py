"""Keep the service of a rehearsal running until Ctrl-C, and show its log."""

import subprocess
import time

from startos_wrapper.rehearse.rehearsal import Rehearsal
from startos_wrapper.terminal import print_text


def keep(rehearsal: Rehearsal) -> None:
    """Show where the service is, and its log, until Ctrl-C."""
    service = rehearsal.service
    try:
        if rehearsal.is_installed and rehearsal.is_configured and not service.is_started and rehearsal.was_healthy:
            service.start()
        print_text("\n".join(_lines(rehearsal)) + "\n")
        while True:
            if service.is_running:
                # Ends when the container does.
                follow = rehearsal.docker.command("logs", "--follow", service.container)
                subprocess.run(follow, stdin=subprocess.DEVNULL, check=False)
            time.sleep(1)
    except KeyboardInterrupt:
        print_text("\n")


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
