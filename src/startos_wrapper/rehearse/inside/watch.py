"""Print which processes of the container that shares its processes end by themselves, until process 1 ends.

Then Linux kills all others, this program included. It traces the processes, so none can end before its end is printed,
and their parents don't notice. ptrace(2)

This runs in a helper container, with Python's standard library only.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Iterable

# Requests, an option and events. include/uapi/linux/ptrace.h
_CONTINUE, _SEIZE, _LISTEN = 7, 0x4206, 0x4208
_TRACE_EXIT = 1 << 6
_EXIT, _STOP = 6, 128
_STOPS = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
# Wait for any process that is traced. waitpid(2), __WALL
_ALL = 0x40000000


def watch(processes: Iterable[int]) -> None:
    """Print the processes that can be traced, in a line, and then each that ends."""
    traced = {process for process in processes if _ptrace(_SEIZE, process, _TRACE_EXIT)}
    print(*traced, flush=True)
    while traced:
        process, status = os.waitpid(-1, _ALL)
        if not os.WIFSTOPPED(status):
            traced.discard(process)
            continue
        event, number = status >> 16, os.WSTOPSIG(status)
        if event == _EXIT:
            print(process, flush=True)
        if event == _STOP and number in _STOPS:
            _ptrace(_LISTEN, process)
        else:
            # Without an event, it's a signal on its way to the process.
            _ptrace(_CONTINUE, process, 0 if event else number)


def _ptrace(request: int, process: int, data: int = 0) -> bool:
    return bool(ctypes.CDLL(None).ptrace(request, process, None, ctypes.c_void_p(data)) == 0)


if __name__ == "__main__":
    watch(map(int, sys.argv[1:]))
