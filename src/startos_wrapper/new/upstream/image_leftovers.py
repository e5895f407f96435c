"""What an image asks for that the wrapper doesn't do by itself: its user and its signal."""

from startos_wrapper.new.upstream.draft import Draft

_ROOT = ("", "0", "root", "0:0", "root:root")


def list_image_leftovers(draft: Draft) -> None:
    """List what the image or its Dockerfile says, apart from the compose file."""
    service = draft.service
    if draft.proposal.values.get("base") != "image":
        return
    user = draft.fact("user")
    runs_as_user = (said := draft.fact("run")) is not None and str(user.value if user else "") in str(said.value)
    if user and user.value not in _ROOT and not (service and service.text("user")) and not runs_as_user:
        draft.leave(
            "cannot",
            f"USER {user.value}",
            "user",
            user.place,
            "the wrapper's image begins as root",
            "if the service must not be root, change the user in run, e.g. with su-exec",
        )
    signal = draft.fact("stop_signal")
    if signal and signal.value not in ("SIGTERM", "15") and not (service and service.text("stop_signal")):
        draft.leave(
            "by_hand",
            f"STOPSIGNAL {signal.value}",
            "key",
            signal.place,
            "StartOS sends SIGTERM",
            "if the service doesn't stop on it, trap SIGTERM in a script that run starts",
        )
