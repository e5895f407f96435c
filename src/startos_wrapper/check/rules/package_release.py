"""Rules for a release of a package for StartOS 0.4: what its TypeScript leaves to fill in. See also `release.py`."""

from collections.abc import Iterator

from startos_wrapper.check.package_checks import checks_package
from startos_wrapper.check.placeholders import notes_findings, url_findings
from startos_wrapper.check.registry import Finding
from startos_wrapper.check.rules.package_version import written_before
from startos_wrapper.files.package_04.startos_package import StartosPackage
from startos_wrapper.files.typescript.expression import Value

# The fields of the manifest, and the template's answers that they come from.
_URLS = {
    "packageRepo": "wrapper_repo",
    "upstreamRepo": "upstream_repo",
    "marketingUrl": "marketing_site",
    "donationUrl": "donation_url",
}


@checks_package("E820")
def placeholders(package: StartosPackage) -> Iterator[Finding]:
    """Find addresses of nobody in the manifest."""
    for name, answer in _URLS.items():
        if value := package.field(name):
            yield from url_findings(package, name, answer, value.text, value.place)


@checks_package("E822")
def no_release_notes(package: StartosPackage) -> Iterator[Finding]:
    """Find release notes that say nothing: once, even if they do so in every language."""
    others = [*(each.text for each in package.other_versions), *(each.text for each in written_before(package))]
    before = next((f"the version {text}" for text in others if text != package.version), None)
    for value in _notes(package):
        found = list(notes_findings(package, value.text or "", value.place, before))
        if found:
            yield found[0]
            return


def _notes(package: StartosPackage) -> list[Value]:
    """Return the release notes of the current version in each language, or none if they aren't known."""
    current = package.graph.get("current") if package.graph else None
    options = current.chain.last.argument(0) if current and current.chain else None
    notes = options.get("releaseNotes") if options else None
    values = [notes, *notes.fields.values()] if notes else []
    return [each for each in values if each.kind == "text"]
