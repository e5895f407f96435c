"""What an image asks for that the wrapper doesn't do by itself: its user and its signal."""

from startos_wrapper.new.upstream.draft import Draft

_ROOT = ("", "0", "root", "0:0", "root:root")


def list_image_leftovers(draft: Draft) -> None:
    """List what the image or its Dockerfile says, unless the compose file says something else."""
    if draft.proposal.values.get("base") == "image":
        list_user(draft)
        _signal(draft)


def list_user(draft: Draft) -> None:
    """List the user that the image's command runs as, unless the answer `run` changes to it."""
    user, service = draft.fact("user"), draft.service
    if user is None or user.value in _ROOT or (service and service.text("user")):
        return
    if str(user.value).partition(":")[0] in str(draft.proposal.values.get("run", "")).split():
        return
    said = draft.release.said("user", user=user.value)
    draft.leave(said.list, f"USER {user.value}", "user", user.place, said.why, said.todo)


def _signal(draft: Draft) -> None:
    signal, service = draft.fact("stop_signal"), draft.service
    if signal and signal.value not in ("SIGTERM", "15") and not (service and service.text("stop_signal")):
        draft.leave(
            "by_hand",
            f"STOPSIGNAL {signal.value}",
            "key",
            signal.place,
            "StartOS sends SIGTERM",
            "if the service doesn't stop on it, trap SIGTERM in a script that run starts",
        )
