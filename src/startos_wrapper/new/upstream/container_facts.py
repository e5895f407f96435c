"""What an image or its Dockerfile says besides the answers: its health check, and folders that a volume would hide."""

import posixpath
import shlex

from startos_wrapper.data import pattern
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.web_port import probe_of

_SOURCE = (".js", ".mjs", ".cjs", ".py", ".sh", ".php", ".rb", ".jar")


def propose_from_container(draft: Draft) -> None:
    """Propose from the facts of a container what nothing else says, and list what may surprise."""
    _health(draft)
    _hidden(draft)
    _icon(draft)


def _health(draft: Draft) -> None:
    """Propose the health check of the image, unless the compose file has one."""
    fact, ui = draft.fact("health"), draft.proposal.answers.get("ui_port")
    if fact is None or not fact.value or (draft.service and draft.service.health):
        return
    asked = probe_of(str(fact.value))
    if asked and ui and asked.port == ui.value and not asked.has_tls:
        draft.answer("health_check", "http" if asked.is_web else "tcp", fact.places)
        if asked.is_web and asked.path and pattern("url_path").fullmatch(asked.path):
            draft.answer("health_options", {"path": asked.path}, fact.places)
        return
    draft.leave(
        "by_hand",
        "HEALTHCHECK",
        "health",
        fact.place,
        "it does more than ask the web page",
        "if the template's own check isn't enough, call it in a script of health_checks",
    )


def _hidden(draft: Draft) -> None:
    """List volumes that hide the program: Docker fills a new volume from the image, and StartOS doesn't."""
    if draft.proposal.values.get("base") != "image":
        return
    workdir = draft.fact("workdir")
    declared = {str(fact.value).rstrip("/") for fact in draft.all("volume")}
    for name, path in (draft.proposal.values.get("volumes") or {}).items():
        file = next(
            (file for file in _programs(draft, str(workdir.value) if workdir else "") if _is_in(file, path)), ""
        )
        here = str(workdir.value) if workdir and _is_in(str(workdir.value), path) else ""
        if file or (here and path.rstrip("/") not in declared):
            draft.leave(
                "by_hand",
                f"volume {name}: {path}",
                "mount",
                next(iter(draft.proposal.answers["volumes"].places), draft.here),
                f"it hides {file or here} of the image, because StartOS doesn't fill a new volume",
                "mount a folder that only has data, or copy the files in docker_entrypoint.sh",
            )


def _programs(draft: Draft, workdir: str) -> list[str]:
    """Return the files of the command, as absolute paths."""
    run = draft.proposal.values.get("run")
    commands = [run] if isinstance(run, str) else run or []
    found = []
    for command in commands:
        try:
            words = shlex.split(str(command))
        except ValueError:
            continue
        for number, word in enumerate(words):
            if word.startswith("/") and (number == 0 or word.endswith(_SOURCE)):
                found.append(word)
            elif workdir and (word.endswith(_SOURCE) or word.startswith("./")):
                found.append(posixpath.normpath(posixpath.join(workdir, word)))
    return found


def _is_in(path: str, folder: str) -> bool:
    return f"{path.rstrip('/')}/".startswith(f"{folder.rstrip('/')}/")


def _icon(draft: Draft) -> None:
    if icon := draft.fact("icon"):
        suffix = icon.place.rpartition(".")[2]
        name = f"add it as icon.{suffix}, with -d 'files={{icon: icon.{suffix}}}'"
        todo = "copy it over the wrapper's icon.png" if suffix == "png" else name
        draft.leave("by_hand", "icon", "file", icon.place, "the wrapper begins with a placeholder", todo)
