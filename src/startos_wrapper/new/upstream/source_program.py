"""What a program is based on: an image, or source code that the wrapper compiles."""

from startos_wrapper.files.compose import Service
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.image_leftovers import list_user
from startos_wrapper.new.upstream.image_name import complete, leave_moving, version_of
from startos_wrapper.new.upstream.secret_names import is_secret, secret_in_text, without_user
from startos_wrapper.rendering import Template


def propose_program(draft: Draft, service: Service | None) -> None:
    """Propose `base`, and where the source code or the image comes from."""
    said = draft.fact("base")
    if service and service.image:
        draft.answer("base", "image", [draft.place(service.image.line)])
        return
    compiled = said is not None and said.value in _bases() and said.value not in ("image", "alpine")
    if said and compiled and not _is_image(draft):
        draft.answer("base", said.value, said.places)
        _source(draft)
        _container(draft)
    else:
        draft.answer("base", "image", [draft.place(service.line) if service else draft.here])
        _image(draft, service)
    if service and service.build:
        draft.leave(
            "left_out" if compiled else "decide",
            "build",
            "key",
            service.build.line,
            "the template's own Dockerfile builds it"
            if compiled
            else "the template's Dockerfile builds on a published image",
            "nothing to do" if compiled else "pass the image that upstream publishes: -d upstream_image=NAME:TAG",
            draft.path("build"),
        )


def _bases() -> list[str]:
    choices = Template().questions["base"]["choices"]
    return list(choices.values() if isinstance(choices, dict) else choices)


def _is_image(draft: Draft) -> bool:
    fact = draft.fact("upstream_image")
    return fact is not None and draft.service is None and bool(draft.proposal.image)


def _image(draft: Draft, service: Service | None) -> None:
    """Propose the image of a source without a compose file, or ask for it."""
    fact = draft.fact("upstream_image")
    if fact:
        draft.proposal.image = draft.proposal.image or str(fact.value)
        draft.answer("upstream_image", fact.value, fact.places)
        leave_moving(draft, str(fact.value), fact.place)
        if version := version_of(str(fact.value)):
            draft.answer("version", version, fact.places)
        return
    place = draft.place(service.line) if service else draft.here
    why = "no published image is named" if not draft.proposal.image else "latest means another image tomorrow"
    draft.leave("decide", "upstream_image", "open", place, why, complete(draft, draft.proposal.image or "NAME"))


def _source(draft: Draft) -> None:
    repository, ref = draft.fact("upstream_repo"), draft.fact("upstream_ref")
    if repository is None:
        draft.leave(
            "decide",
            "upstream_repo",
            "open",
            draft.here,
            "the source names no repository",
            "-d source=upstream -d upstream_repo=URL, or -d source=submodule",
        )
        draft.answer("source", "submodule", [draft.here])
        return
    draft.answer("source", "upstream", repository.places)
    draft.answer("upstream_repo", without_user(str(repository.value)), repository.places)
    if ref:
        draft.answer("upstream_ref", ref.value, ref.places)
    else:
        draft.leave(
            "decide",
            "upstream_ref",
            "open",
            repository.place,
            "no git tag was found",
            "-d upstream_ref=TAG, or a commit",
        )


def _container(draft: Draft) -> None:
    """Take from a Dockerfile what the template's own final stage doesn't have: variables and packages."""
    environment, places = {}, []
    for fact in draft.all("environment"):
        name, value = fact.value
        if name == "PATH":
            continue
        if value is None:
            draft.leave(
                "decide",
                name,
                "open",
                fact.place,
                fact.note or "its value isn't in the file",
                f"-d 'environment={{{name}: VALUE}}', or leave it out",
            )
        elif is_secret(name, str(value)):
            draft.leave(
                "decide",
                name,
                "secret",
                fact.place,
                "a secret; its value isn't written anywhere",
                "make it at the first start: the answer secrets",
            )
        else:
            environment[name] = str(value)
            places.append(fact.place)
            draft.item("environment", name, fact.place)
    if environment:
        draft.answer("environment", environment, places)
    _packages(draft)


def _packages(draft: Draft) -> None:
    """Propose the packages of the final stage, and list what the template's stages don't do."""
    for fact in draft.all("distro_packages"):
        program, names = fact.value
        if program == "apk":
            before = draft.proposal.answers.get("packages")
            packages = list(dict.fromkeys([*(before.value if before else ()), *names]))
            draft.answer("packages", packages, fact.places)
        else:
            draft.leave(
                "by_hand",
                f"packages {', '.join(names)}",
                "packages",
                fact.place,
                f"{program} installs them, and Alpine's packages have other names",
                "add those that the service needs to the answer packages",
            )
    list_user(draft)
    for fact in draft.all("copied_file"):
        there, here = fact.value
        draft.leave(
            "by_hand",
            f"file {here}",
            "file",
            fact.place,
            f"the image has it beside the program, from {there}",
            "if the service needs it, COPY it in the Dockerfile",
        )
    for fact in draft.all("build_command"):
        secret = secret_in_text(str(fact.value))
        draft.leave(
            "by_hand",
            f"build: a command with a secret ({secret})" if secret else f"build: {fact.value}",
            "build",
            fact.place,
            "the template has its own build stage",
            "if it does more than the template's, use the answer build",
        )
