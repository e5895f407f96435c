"""The service's id, title and descriptions, and the links of its project."""

import re

from startos_wrapper.data import licenses, load, pattern
from startos_wrapper.new.upstream.draft import Draft
from startos_wrapper.new.upstream.main_service import GENERIC
from startos_wrapper.new.upstream.secret_names import without_user
from startos_wrapper.new.upstream.service_kinds import repository
from startos_wrapper.new.upstream.startos_release import Release

_AFFIXES = re.compile(
    r"^(docker|umbrel|startos)-|-(docker|compose|docker-compose|startos|wrapper|umbrel|image|container)$"
)
# A number apart from the name, e.g. mastodon-4 and gitea_1.
_NUMBERED = re.compile(r"[-_.]v?[0-9][0-9.]*$")
_TEXTS = ("short_description", "long_description", "support_site", "marketing_site", "donation_url", "upstream_repo")


def propose_names(draft: Draft) -> None:
    """Propose the id, the title, the descriptions and the links."""
    fact = draft.fact("title")
    if fact:
        draft.answer("title", _fitting_title(str(fact.value)), fact.places)
    name, place = _name(draft)
    release = draft.release
    found = id_of(name, release)
    if found:
        draft.answer("service_id", found, [place], *_claimed(draft, place))
    else:
        why = f"{name!r} {release.id_fault}" if name else "no name was found"
        todo = f"choose one of {release.id_letters}: -d service_id=ID"
        draft.leave("decide", "service_id", "open", place, why, todo)
        if name and not fact:
            draft.answer("title", _fitting_title(name.replace("-", " ").replace("_", " ").title()), [place])
    for answer in _TEXTS:
        if each := draft.fact(answer):
            draft.answer(answer, _fitting(answer, str(each.value), release), each.places)
    if "version" not in draft.proposal.answers and (each := draft.fact("version")):
        draft.answer("version", each.value, each.places)
    _license(draft)


def id_of(name: str, release: Release) -> str | None:
    """Return the id for a name, or None if it has what an id can't have, such as digits on StartOS 0.3.5."""
    text = re.sub(r"[\s_.]+", "-", _NUMBERED.sub("", name.strip()).lower()).strip("-")
    text = _AFFIXES.sub("", _AFFIXES.sub("", text))
    return text if pattern(release.id).fullmatch(text) else None


def is_generic(name: str) -> bool:
    """Return whether a name says nothing about which program it is."""
    words = [word for word in re.split(r"[-_.\s/]+", name.lower()) if word]
    return all(word.rstrip("0123456789") in GENERIC or word.isdigit() for word in words)


def _name(draft: Draft) -> tuple[str, str]:
    """Return the project's name and its place. An app store says it outright."""
    candidates = list(_candidates(draft))
    for name, place in candidates:
        if name and not is_generic(name):
            return name, place
    return candidates[0] if candidates else ("", draft.here)


def _candidates(draft: Draft) -> list[tuple[str, str]]:
    compose, service = draft.compose, draft.service
    said = draft.fact("service_id")
    from_store = said in draft.stated
    found = [(str(said.value), said.place)] if said and from_store else []
    if compose and compose.name and "name" in compose.top:
        found.append((compose.name, f"{compose.path}:{compose.top['name'].line}"))
    image = ""
    if service and compose:
        image = repository(service.image.best) if service.image else ""
        if said and not from_store and not image:
            found.append((str(said.value), said.place))
        found.append((_without_role(service.name, image), f"{compose.path}:{service.line}"))
    if not image and draft.proposal.image:
        image = repository(draft.proposal.image)
    place = f"{compose.path}:{service.image.line}" if compose and service and service.image else draft.here
    if image:
        last = image.rpartition("/")[2]
        found.append((re.sub(r"[-_](monolith|server|standalone|docker|aio)$", "", last), place))
    if said and not from_store:
        found.append((str(said.value), said.place))
    owner = image.rpartition("/")[0].rpartition("/")[2]
    if owner and "." not in owner:
        found.append((owner, place))
    return found


def _without_role(name: str, image: str) -> str:
    """Return immich for immich-server and web-immich, if the image's name or owner also has the word immich."""
    words = set(re.split(r"[-_./:]", image.lower()))
    plain = name.replace("_", "-")
    head, _, last = plain.rpartition("-")
    first, _, tail = plain.partition("-")
    for rest, role in ((head, last), (tail, first)):
        if rest and role in GENERIC and not is_generic(rest) and rest.lower() in words:
            return rest
    return name


def _claimed(draft: Draft, place: str) -> list[tuple[str | int, ...]]:
    compose = draft.compose
    if compose and "name" in compose.top and place == f"{compose.path}:{compose.top['name'].line}":
        return [("name",)]
    return []


def _fitting_title(text: str) -> str:
    """Return a title without the words that make it too long."""
    most = load("limits")["title_bytes"]
    text = " ".join(text.split())
    if len(text.encode()) > most:
        text = re.split(r"\s+[-\u2013\u2014:|(]|:\s", text)[0]
    while len(text.encode()) > most and " " in text:
        text = text.rpartition(" ")[0]
    return text


def _fitting(answer: str, text: str, release: Release) -> str:
    text = text.strip()
    if answer == "short_description":
        text, most = " ".join(text.split()), load("limits")["short_description"]
        # Of text in English, a character is a byte.
        most = min(most, release.short_description_bytes or most)
        if len(text) > most:
            sentence = text[:most].rpartition(". ")[0]
            text = f"{sentence}." if sentence else text[: most - 3].rpartition(" ")[0] + "..."
        return text
    return text if answer == "long_description" else without_user(text)


def _license(draft: Draft) -> None:
    """Propose the wrapper's license, if the template has the upstream's."""
    fact = draft.fact("license")
    if fact is None:
        return
    if fact.value in licenses():
        draft.answer("license", fact.value, fact.places)
    else:
        near = next((name for name in sorted(licenses()) if name.startswith(str(fact.value).removesuffix("-only"))), "")
        draft.leave(
            "decide",
            f"license {fact.value}",
            "open",
            fact.place,
            "the template has no text of it",
            f"-d license={near}, if upstream says so"
            if near and not str(fact.value).endswith("-only")
            else "-d license=other, and put the text in LICENSE",
        )
