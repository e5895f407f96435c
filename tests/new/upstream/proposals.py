"""Write a compose file and what's beside it, and propose answers, without Docker."""

import textwrap
from pathlib import Path
from typing import Any

from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.facts import Fact, ImageFacts
from startos_wrapper.new.upstream.proposal import Proposal
from startos_wrapper.new.upstream.proposing import make_draft, propose
from startos_wrapper.new.upstream.upstream_source import UpstreamSource, read_source
from startos_wrapper.rendering import Template

TEMPLATE = Template()


def source_of(
    folder: Path, files: str | dict[str, str], facts: list[Fact] | None = None, path: str = ""
) -> UpstreamSource:
    """Write files to a folder, and read it. `files` is the compose file alone, or texts by path."""
    texts = {"compose.yaml": files} if isinstance(files, str) else files
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")

    def ask(reference: str, _network: bool) -> ImageFacts:
        return ImageFacts(reference, facts or [], problem="" if facts else f"{reference}: nobody was asked")

    return read_source(str(folder / path), ask=ask)


def draft_of(folder: Path, files: str | dict[str, str], facts: list[Fact] | None = None, service: str = "") -> Draft:
    """Return a proposal before the template's rules are asked."""
    return make_draft(source_of(folder, files, facts, "compose.yaml"), service)


def proposal_of(
    folder: Path,
    files: str | dict[str, str],
    facts: list[Fact] | None = None,
    service: str = "",
    path: str = "",
    **given: Any,
) -> Proposal:
    """Return the proposal that the template's rules accept."""
    return propose(source_of(folder, files, facts, path), service, given, TEMPLATE)


def kinds(proposal: Proposal, name: str) -> dict[str, str]:
    """Return what's in a list, with the kind of each item."""
    return {each.what: each.kind for each in getattr(proposal, name)}


def everything(proposal: Proposal) -> str:
    return repr(proposal.as_json())
