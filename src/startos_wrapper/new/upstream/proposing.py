"""Propose answers from what was read, and list everything else."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from startos_wrapper.data import load
from startos_wrapper.errors import RefusedError
from startos_wrapper.files.compose import ComposeFile, Service
from startos_wrapper.new.upstream.acceptance import keep_what_fits
from startos_wrapper.new.upstream.command_answers import propose_command, run_of_image
from startos_wrapper.new.upstream.companion_list import helpers_of, list_companions
from startos_wrapper.new.upstream.container_facts import propose_from_container
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.facts import Fact
from startos_wrapper.new.upstream.health_answers import propose_arches, propose_container, propose_health, propose_stop
from startos_wrapper.new.upstream.id_and_title import propose_names
from startos_wrapper.new.upstream.image_leftovers import list_image_leftovers
from startos_wrapper.new.upstream.image_name import propose_image
from startos_wrapper.new.upstream.key_rows import list_the_rest
from startos_wrapper.new.upstream.main_service import Ranked, rank, simple
from startos_wrapper.new.upstream.merging import merged
from startos_wrapper.new.upstream.mount_answers import propose_mounts, volumes_of_image
from startos_wrapper.new.upstream.other_services import propose_dependencies
from startos_wrapper.new.upstream.port_answers import propose_ports
from startos_wrapper.new.upstream.proposal import Proposal, Proposed
from startos_wrapper.new.upstream.secret_volume import say_where_secrets_are
from startos_wrapper.new.upstream.service_kinds import STORES, repository
from startos_wrapper.new.upstream.source_program import propose_program
from startos_wrapper.new.upstream.source_start import propose_start, runs_source
from startos_wrapper.new.upstream.startos_release import release_of
from startos_wrapper.new.upstream.upstream_source import UpstreamSource
from startos_wrapper.new.upstream.variable_answers import propose_variables
from startos_wrapper.rendering import RefusedAnswerError, Template
from startos_wrapper.terminal import printable

# Facts about a container. Those of an image and of a Dockerfile aren't mixed.
_OF_CONTAINER = (
    "entrypoint",
    "cmd",
    "user",
    "workdir",
    "stop_signal",
    "health",
    "run",
    "volume",
    "port",
    "environment",
    "volumes",
    "ui_port",
    "stage",
    "base_image",
    "distro_packages",
    "build_command",
    "label",
)
# The answers without a default that fits, in the order in which they're asked.
_NEEDED = ("service_id", "upstream_image", "run", "volumes", "ui_port")


def propose(
    source: UpstreamSource, service: str = "", given: Mapping[str, Any] | None = None, template: Template | None = None
) -> Proposal:
    """Return the answers that follow from a source, and four lists of everything else.

    `service` is the one to package, if not the likeliest one. `given` are the user's own answers.

    Raises: RefusedError.
    """
    draft = make_draft(source, service, given)
    keep_what_fits(draft, given or {}, template or Template())
    _without_settled(draft.proposal, given or {})
    say_where_secrets_are(draft.proposal, given or {})
    return draft.proposal


def make_draft(source: UpstreamSource, service: str = "", given: Mapping[str, Any] | None = None) -> Draft:
    """Return the proposal before the template's rules are asked, and what accounts for each key."""
    source = source.for_release(release_of(given or {}))
    draft = Draft(Proposal(source.given), source.compose, given=given or {}, folder=source.folder)
    draft.stated = list(source.store.facts) if source.store else []
    draft.facts = list(source.tree.facts)
    if source.compose:
        _from_compose(draft, source, source.compose, service)
    elif service:
        raise RefusedError(f"--service {printable(service)}: only a compose file has services")
    elif source.image:
        _from_image(draft, source)
    else:
        _from_program(draft, source)
    for other in source.tree.not_compose:
        todo = "if it's the compose file for users, mend it and pass it with --from"
        draft.leave("left_out", other.path, "file", other.path, other.why, todo)
    draft.proposal.notes += _notes(source)
    return draft


def needed(proposal: Proposal, given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the answers that are still missing, each with a line that says how to pass it."""
    values = merged(proposal.values, given)
    base = values.get("base", "golang")
    found = []
    for name in _NEEDED:
        only_image = name in ("upstream_image", "run", *load("image_guesses"))
        if name not in values and (base == "image" or not only_image or (name == "run" and runs_source(values))):
            found.append((name, _how(proposal, name)))
    return found


def with_given(proposal: Proposal, given: Mapping[str, Any]) -> Proposal:
    """Return the proposal with the user's own answers."""
    values = merged(proposal.values, given)
    answers = {}
    for name, value in values.items():
        mine = ("your answer",) if name in given else ()
        answers[name] = Proposed(value, (*mine, *(proposal.answers[name].places if name in proposal.answers else ())))
    return replace(proposal, answers=answers)


def assumed(proposal: Proposal, given: Mapping[str, Any], template: Template | None = None) -> dict[str, Any]:
    """Return the defaults of the questions that neither the source nor the user answers."""
    values = merged(proposal.values, given)
    try:
        asked = (template or Template()).ask(values)
    except RefusedAnswerError:
        return {}
    return {
        name: asked.values[name]
        for name in asked.recorded
        if name not in values
        and name != "advanced"
        and not (name == "run" and runs_source(values))
        and asked.values[name] not in ("", {}, [])
    }


def _how(proposal: Proposal, name: str) -> str:
    """Return why an answer is missing, where, and the flag that passes it."""
    for leftover in proposal.decide:
        if leftover.name == name:
            return f"{leftover.place}: {leftover.why}; {leftover.todo}"
    return f"{proposal.source} doesn't say it; pass -d {name}=VALUE"


def _without_settled(proposal: Proposal, given: Mapping[str, Any]) -> None:
    """Take out what the user's own answers decide."""
    names = {name for name, value in given.items() if value is not None}
    for name in ("environment", "secrets"):
        value = given.get(name)
        names |= set(value) if isinstance(value, dict) else set()
    proposal.decide = [each for each in proposal.decide if each.what.partition(":")[0].partition(" ")[0] not in names]


def _from_compose(draft: Draft, source: UpstreamSource, compose: ComposeFile, chosen: str) -> None:
    platform = source.store.platform if source.store else {}
    service = _choose(draft, source, compose, platform, chosen)
    draft.service, draft.proposal.main = service, service.name
    draft.proposal.image = service.image.best if service.image else ""
    for path in source.store.used if source.store else ():
        # Services of the store are listed by themselves.
        if path[0] != "services" or len(path) > 2:
            draft.claims.take(path, "answers")
    draft.facts += _container_facts(draft, source, service)
    propose_program(draft, service)
    propose_image(draft, service)
    propose_names(draft)
    propose_ports(draft)
    data_of = propose_mounts(draft, service)
    volumes_of_image(draft)
    own = next((str(fact.value) for fact in draft.stated if fact.name == "service_id"), "")
    variables = propose_variables(draft, service, own)
    propose_dependencies(draft, {**data_of, **variables.needed})
    in_run = propose_command(draft, service, helpers_of(service, compose))
    propose_start(draft)
    propose_health(draft, service)
    propose_stop(draft, service)
    propose_container(draft, service)
    propose_from_container(draft)
    list_image_leftovers(draft)
    list_companions(draft, platform, in_run, variables.companions)
    _stated_secrets(draft)
    for where, leftover in source.store.left if source.store else ():
        getattr(draft.proposal, where).append(leftover)
    list_the_rest(draft)


def _choose(
    draft: Draft, source: UpstreamSource, compose: ComposeFile, platform: dict[str, str], chosen: str
) -> Service:
    """Return the service to package.

    Raises: RefusedError if there's none, or if all are databases and tools.
    """
    if chosen:
        if chosen not in compose.services:
            names = ", ".join(compose.services)
            raise RefusedError(f"--service {printable(chosen)}: {compose.path} only has {printable(names)}")
        ranked = rank(compose, set(), {})
        draft.proposal.others = tuple(
            each.service.name for each in ranked if each.is_program and each.service.name != chosen
        )
        return compose.services[chosen]
    ranked = rank(compose, _project(draft, source), platform, _stated_main(draft))
    programs = [each for each in ranked if each.is_program]
    # A file can be about a tool or a proxy itself.
    others = [each for each in ranked if each.kind not in STORES]
    best: Ranked | None = next(iter(programs or others or ranked), None)
    if best is None or (best.kind in STORES and len(ranked) > 1):
        names = ", ".join(name for name in compose.services if name not in platform)
        raise RefusedError(
            f"{compose.path}: only databases and caches ({printable(names)}); pass the one to package with --service"
        )
    draft.proposal.others = tuple(each.service.name for each in programs if each is not best)
    return best.service


def _stated_main(draft: Draft) -> str:
    fact = next((fact for fact in draft.stated if fact.name == "main"), None)
    return str(fact.value) if fact else ""


def _project(draft: Draft, source: UpstreamSource) -> set[str]:
    """Return the project's names, to compare services with them."""
    names = [str(fact.value) for fact in (*draft.stated, *draft.facts) if fact.name == "service_id"]
    if source.compose and source.compose.name:
        names.append(source.compose.name)
    if source.folder:
        names.append(source.folder.resolve().name)
    return {simple(name) for name in names} - {""}


def _container_facts(draft: Draft, source: UpstreamSource, service: Service) -> list[Fact]:
    """Return what the service's image says or, if nobody knows the image, what its Dockerfile says."""
    name = str(draft.given.get("upstream_image") or draft.proposal.image)
    text = service.image
    has_unset = text is not None and text.unset and text.hint is None
    if name and ("upstream_image" in draft.given or not has_unset):
        found = source.image_facts(name)
        draft.proposal.notes += found.notes
        if found.facts:
            # The image itself says more than what may be another version's Dockerfile.
            return [fact for fact in found.facts if fact.name != "upstream_image"]
        if found.problem:
            draft.proposal.notes.append(found.problem)
    path, target = source.dockerfile_of(service)
    if not path and source.tree.dockerfile and _is_of(service, source):
        path, target = source.tree.dockerfile, ""
    if not path:
        return []
    build = service.build
    arguments = {key: text.value for key, text in build.args.items() if text and not text.unset} if build else {}
    try:
        return source.dockerfile_facts(path, target, arguments)
    except RefusedError as error:
        draft.proposal.notes.append(str(error))
        return []


def _is_of(service: Service, source: UpstreamSource) -> bool:
    """Return whether the tree's own Dockerfile seems to build a service's image."""
    if service.image is None:
        return False
    words = {simple(word) for word in repository(service.image.best).split("/")}
    names = {simple(str(fact.value)) for fact in source.tree.facts if fact.name == "service_id"}
    return bool(words & names)


def _from_image(draft: Draft, source: UpstreamSource) -> None:
    """Propose from an image alone."""
    found = source.image_facts(source.image)
    if found.problem:
        hint = () if source.network else ("--network asks the image's registry, with docker buildx.",)
        raise RefusedError(found.problem, *(hint if "--network" not in found.problem else ()))
    draft.proposal.image = source.image
    draft.facts = list(found.facts)
    draft.proposal.notes += found.notes
    _from_container(draft)


def _from_program(draft: Draft, source: UpstreamSource) -> None:
    """Propose from a Dockerfile, or from a source tree without one."""
    if source.dockerfile:
        draft.file = source.dockerfile
        draft.facts += source.dockerfile_facts(source.dockerfile)
    _from_container(draft)


def _from_container(draft: Draft) -> None:
    """Propose from the facts of a container, without a compose file."""
    propose_program(draft, None)
    propose_names(draft)
    propose_ports(draft)
    volumes_of_image(draft)
    run_of_image(draft)
    propose_start(draft)
    propose_from_container(draft)
    list_image_leftovers(draft)
    _open(draft)
    propose_arches(draft)


def _open(draft: Draft) -> None:
    """List the answers that an image or a Dockerfile should give, and doesn't."""
    known = {each.what for each in draft.proposal.decide} | set(draft.proposal.answers)
    image = draft.proposal.image or "IMAGE"
    if draft.proposal.values.get("base") != "image":
        return
    if "run" not in known:
        why, todo = "it doesn't say what it starts", f"`startos-wrapper image {image}` may show it; pass -d run=COMMAND"
        draft.leave("decide", "run", "open", draft.here, why, todo)
    if "volumes" not in known:
        why, todo = "it doesn't say where the data is", "-d 'volumes={main: /data}', or {} if the service keeps none"
        draft.leave("decide", "volumes", "open", draft.here, why, todo)


def _stated_secrets(draft: Draft) -> None:
    """List the secrets that only an app store's own files name. The others are variables of services."""
    compose = draft.compose
    assert compose is not None
    variables = [variable for service in compose.services.values() for variable in service.environment]
    known = {variable.name for variable in variables}
    known |= {name for variable in variables if variable.value for name in variable.value.used}
    for fact in draft.stated:
        if fact.name == "secret" and fact.value not in known:
            why = fact.note.rstrip(".") or "the app store makes this secret"
            draft.leave(
                "decide", str(fact.value), "secret", fact.place, why, "make it at the first start: the answer secrets"
            )


def _notes(source: UpstreamSource) -> list[str]:
    found = []
    if source.compose and source.tree.compose and source.tree.compose_why:
        others = ", ".join(f"{each.path} ({each.why})" for each in source.tree.other_compose)
        found.append(f"{source.tree.compose} was read: {source.tree.compose_why}; the others: {others}")
    for each in (*source.tree.unread, *(source.store.unread if source.store else ())):
        found.append(f"{each.path}: not read, {each.why}")
    return found
