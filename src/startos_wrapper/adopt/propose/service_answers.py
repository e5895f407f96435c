"""Propose the service's names, URLs, texts and license."""

import re

from startos_wrapper.adopt.propose.proposal import Answer, Proposal
from startos_wrapper.adopt.read import Facts
from startos_wrapper.data import licenses

_GITHUB = re.compile(r"https?://(?:www\.)?github\.com/([^/?#]+)/[^/?#]+", re.I)
_SITES = ("support-site", "marketing-site", "donation-url")


def names(facts: Facts, proposal: Proposal) -> None:
    """Propose the names, URLs, descriptions and alerts."""
    manifest, answers = facts.manifest, proposal.answers
    for name, key in (
        ("service_id", "id"), ("title", "title"), ("version", "version"), ("wrapper_repo", "wrapper-repo"),
        ("upstream_repo", "upstream-repo"), *((site.replace("-", "_"), site) for site in _SITES),
    ):  # fmt: skip
        if manifest.get(key):
            answers[name] = Answer(manifest[key], (facts.place(key),))
    for name in ("short", "long"):
        text = manifest["description"][name]
        answers[f"{name}_description"] = Answer(
            text.strip() if name == "short" else text, (facts.place("description", name),)
        )
    if match := _GITHUB.match(manifest["wrapper-repo"]):
        answers["github_user"] = Answer(match[1], (facts.place("wrapper-repo"),))
    alerts = {key: text for key, text in (manifest.get("alerts") or {}).items() if text}
    known = {key: text for key, text in alerts.items() if key in ("install", "uninstall", "restore", "start", "stop")}
    if known:
        answers["alerts"] = Answer(known, (facts.place("alerts"),))


def license(facts: Facts, proposal: Proposal) -> None:
    """Propose the license."""
    name, place = facts.manifest["license"].strip(), (facts.place("license"),)
    if name in licenses():
        proposal.answers["license"] = Answer(name, place)
    else:
        proposal.answers["license"] = Answer("other", place)
        proposal.answers["license_name"] = Answer(name, place)
