"""Keep the service of a rehearsal running until Ctrl-C."""

import time
from typing import TextIO

from startos_wrapper.rehearse.startos04.life import Life

_LINES = 20


def keep_04(life: Life, stream: TextIO) -> None:
    """Show how to look into the service's subcontainers, and what it printed last, until Ctrl-C."""
    try:
        if life.is_ready_to_start and not life.is_running and life.was_healthy:
            life.start()
        print("\n".join(_lines(life)), file=stream, flush=True)
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        print(file=stream)


def _lines(life: Life) -> list[str]:
    state = life.state()
    lines = ["", "Ctrl-C ends this and removes everything."]
    for each in state["subcontainers"]:
        shell = (
            f"docker exec --interactive --tty {life.container.name} start-container subcontainer exec {each['root']} sh"
        )
        lines += [f"For a shell in {each['name'] or each['imageId']}:", f"  {shell}"]
    if state["isRunning"]:
        lines.append(f"The service runs at {state['ip']}. What it printed last:")
        lines += [f"  {line}" for line in life.runtime.log(_LINES).splitlines()]
    else:
        lines.append("The service isn't running.")
    return [*lines, ""]
