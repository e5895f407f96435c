"""Rules about the workflows of a package for StartOS 0.4."""

import contextlib
import re
from collections.abc import Iterator

from startos_wrapper.check.package_checks import checks_package
from startos_wrapper.check.registry import Finding
from startos_wrapper.check.tree import workflows
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.files.source import Place, Source

_EVENTS = {"pull_request", "pull_request_target"}
_KEY = re.compile(r"\$\{\{\s*secrets\.([A-Z0-9_]*KEY[A-Z0-9_]*)\s*\}\}")


@checks_package("W409")
def keys_for_pull_requests(package: StartosPackage) -> Iterator[Finding]:
    """Find workflows that give a signing key to the code of pull requests."""
    for file in workflows(package):
        source = package.readable(file)
        if source is None or "github.event_name" in source.text:
            continue
        with contextlib.suppress(NotADocumentError):
            document = read_document(source)
            key = next(_keys(document, source), None) if _EVENTS & _events(document) else None
            if key:
                what = f"The code of a pull request gets {key[0]}, and can send it anywhere"
                todo = "remove it here: only the release needs the key that signs packages"
                yield Finding("W409", key[1], what, todo)


def _events(workflow: Node) -> set[str]:
    """Return the events that start a workflow, which are a word, a list or a mapping."""
    on = workflow.get("on")
    return {*([on.text] if on and on.text else []), *(on.texts() if on else []), *(on.fields if on else [])}


def _keys(workflow: Node, source: Source) -> Iterator[tuple[str, Place]]:
    """Yield the names of the keys that a workflow uses, and where."""
    jobs = workflow.get("jobs")
    for job in jobs.fields.values() if jobs else ():
        secrets = job.get("secrets")
        if secrets and secrets.text == "inherit":
            yield "all secrets", source.place(secrets.start, secrets.end)
    for node in workflow.walk():
        if node.text and (match := _KEY.search(source.text, node.start, node.end)):
            yield f"the secret {match[1]}", source.place(match.start(1), match.end())
