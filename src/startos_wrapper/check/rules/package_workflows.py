"""Rules about the workflows of a package for StartOS 0.4."""

import re
from collections.abc import Iterator

from startos_wrapper.check.package_checks import checks_package
from startos_wrapper.check.registry import Finding
from startos_wrapper.check.tree import workflows
from startos_wrapper.files.package_04.startos_package import StartosPackage

_ON_PULL_REQUEST = re.compile(r"^\s*(?:-\s*|on:\s*\[?[^\n#]*)?[\"']?pull_request(?:_target)?\b(?![\w-])", re.MULTILINE)
_KEY = re.compile(r"\$\{\{\s*secrets\.([A-Z0-9_]*KEY[A-Z0-9_]*)\s*\}\}|^\s*secrets:\s*(inherit)\b", re.MULTILINE)


@checks_package("W409")
def keys_for_pull_requests(package: StartosPackage) -> Iterator[Finding]:
    """Find workflows that give a signing key to the code of pull requests."""
    for file in workflows(package):
        source = package.readable(file)
        if source is None or not _ON_PULL_REQUEST.search(source.text) or "github.event_name" in source.text:
            continue
        if match := _KEY.search(source.text):
            name = f"the secret {match[1]}" if match[1] else "all secrets"
            what = f"The code of a pull request gets {name}, and can send it anywhere"
            todo = "remove it here: only the release needs the key that signs packages"
            yield Finding("W409", source.place(match.start(match.lastindex or 0), match.end()), what, todo)
