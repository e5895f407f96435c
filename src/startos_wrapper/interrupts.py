"""Ways to be interrupted: Ctrl-C, a terminal that closes, and a plain `kill`."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

# Without a handler, these end Python at once: nothing is put back, and temporary folders stay.
_ENDING = ("SIGTERM", "SIGHUP")
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", *_ENDING) if hasattr(signal, name)]


@contextlib.contextmanager
def ended_like_ctrl_c() -> Iterator[None]:
    """Raise KeyboardInterrupt for all of them. A signal that the parent process ignores, as `nohup` does, stays so."""
    if threading.current_thread() is not threading.main_thread():
        # Python only handles signals there.
        yield
        return
    replaced = [each for each in _SIGNALS if signal.getsignal(each) == signal.SIG_DFL]
    try:
        for each in replaced:
            signal.signal(each, _interrupt)
        yield
    finally:
        for each in replaced:
            signal.signal(each, signal.SIG_DFL)


def _interrupt(number: int, _: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.strsignal(number))


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore all of them for a moment, to put files back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, signal.SIG_IGN) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
