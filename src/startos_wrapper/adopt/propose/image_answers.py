"""Propose what the image consists of: the base, packages, and files from other images."""

from startos_wrapper.adopt.propose.proposal import Answer, Proposal, fits, places_of
from startos_wrapper.adopt.read import Facts, Found, repository


def image(facts: Facts, proposal: Proposal) -> None:
    """Propose the base in the template's terms: a compiled program, plain Alpine, or an upstream image."""
    runtime = facts.runtime
    if runtime and repository(runtime.value) == "alpine":
        for base, names in (("golang", ("golang",)), ("rust", ("rust", "rust-musl-cross"))):
            if (compiler := facts.compiler(names)) and fits("git_url", facts.manifest["upstream-repo"]):
                _compiled(proposal, base, compiler, facts.submodule(names))
                break
        else:
            proposal.answers["base"] = Answer("alpine", (runtime.place,))
        if _is_pinned(runtime.value):
            proposal.answers["runtime_image"] = Answer(runtime.value, (runtime.place,))
    else:
        _upstream_image(facts, proposal, runtime)
    if packages := [package for package in facts.packages if fits("apk_package", package.value)]:
        proposal.answers["packages"] = Answer(
            [package.value for package in packages if package.value != "tini"], places_of(packages)
        )
    copied = [
        found
        for found in facts.copies
        if _is_pinned(found.value[0]) and all(fits("path", path) for path in found.value[1:])
    ]
    copies: dict[str, dict[str, str]] = {}
    for origin, there, here in (found.value for found in copied):
        copies.setdefault(origin, {})[there] = here
    if copies:
        proposal.answers["copies"] = Answer(copies, places_of(copied))


def _compiled(proposal: Proposal, base: str, compiler: Found, submodule: Found | None) -> None:
    proposal.answers["base"] = Answer(base, (compiler.place,))
    if submodule:
        proposal.answers["source"] = Answer("submodule", (submodule.place,))
        proposal.answers["submodule"] = Answer(submodule.value, (submodule.place,))
    else:
        proposal.answers["source"] = Answer("upstream")
    if _is_pinned(compiler.value):
        proposal.answers["build_image"] = Answer(compiler.value, (compiler.place,))


def _upstream_image(facts: Facts, proposal: Proposal, runtime: Found | None) -> None:
    places = (runtime.place,) if runtime else ()
    proposal.answers["base"] = Answer("image", places)
    named = runtime.value if runtime and runtime.value != "scratch" else ""
    name = named.partition("@")[0]
    name = name.removesuffix(":" + name.rpartition("/")[2].partition(":")[2])
    version = ".".join(facts.manifest["version"].split(".")[:3])
    for candidate in (named, f"{name}:{version}", f"{facts.manifest['id']}:{version}"):
        if _is_pinned(candidate):
            proposal.answers["upstream_image"] = Answer(candidate, places if candidate == named else ())
            if candidate != named:
                what = f"{named} isn't pinned to a tag or digest" if named else "no Dockerfile names a base image"
                proposal.leave("upstream_image", "", f"{what}, so {candidate} is a guess")
            return


def _is_pinned(name: str) -> bool:
    return fits("image", name) and fits("pinned_image", name)
