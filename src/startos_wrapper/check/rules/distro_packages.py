"""Rules about apk and apt-get: what they leave in the image, and what they install."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from operator import attrgetter

from startos_wrapper.check.in_dockerfile import finding, model, runs, short
from startos_wrapper.check.registry import Finding, Fix, checks
from startos_wrapper.files.dockerfile.instruction import Instruction
from startos_wrapper.files.dockerfile.model import Dockerfile
from startos_wrapper.files.shell.calls import Call
from startos_wrapper.files.word import Word
from startos_wrapper.files.wrapper import Wrapper

_INSTALLERS = {"apt-get", "apt", "aptitude"}
_APK_WITHOUT_INDEX = {"del", "info", "cache", "update"}
_APK_COMMANDS = {"add", "upgrade", "fetch", "fix", "search", "policy", *_APK_WITHOUT_INDEX}
_APK_PIN = re.compile(r"(?P<name>[A-Za-z0-9][\w+.-]*)=[0-9][\w.]*-r[0-9]+")
_APT_PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9+.-]*(?::\w+)?)=[0-9][\w.+~:-]*")
_APT_LISTS = re.compile(r"/var/lib/(?:\{[^}\s]{0,100})?apt|\bdistclean\b")
_MOST_LATER = 20
# The text before the first call of a RUN, and the operator between two calls.
_NOTHING = re.compile(r"\w+(?:\s+--\S+)*")
_AND = re.compile(r"\s*(?:&&|;(?!;))\s*(?=\S)")


def _subcommand(call: Call, names: set[str]) -> Word | None:
    return next((word for word in call.args if word.text in names), None)


def _apks(run: Instruction) -> list[tuple[Call, Word]]:
    """Return the calls of apk in a RUN with their subcommands."""
    calls = [call for call in run.calls if call.program == "apk"]
    return [(call, word) for call in calls if (word := _subcommand(call, _APK_COMMANDS))]


def _apts(run: Instruction) -> list[tuple[Call, Word]]:
    """Return the calls of apt-get, apt and aptitude in a RUN with their subcommands."""
    names = {"update", "install", "upgrade", "dist-upgrade", "full-upgrade", "build-dep", "safe-upgrade"}
    calls = [call for call in run.calls if call.program in _INSTALLERS]
    return [(call, word) for call in calls if (word := _subcommand(call, names))]


def _has_cache_mount(run: Instruction) -> bool:
    return any("type=cache" in word.text or "type=tmpfs" in word.text for word in run.flags.get("mount", []))


@checks("W606")
def apk_cache(wrapper: Wrapper) -> Iterator[Finding]:
    """Find apk add without --no-cache, which leaves the index in the image."""
    dockerfile = model(wrapper)
    for run in runs(dockerfile.shipped):
        calls = _apks(run)
        if _has_cache_mount(run) or "/var/cache" in run.text:
            continue
        updated = any(word.text == "update" for _, word in calls)
        for call, word in calls:
            if word.text == "add" and "--no-cache" not in call.texts:
                what = "apk add leaves the package index in the image"
                fixes = () if updated else (dockerfile.source.edit(word.end, word.end, " --no-cache"),)
                yield finding("W606", dockerfile, word, what, "write `apk add --no-cache`", fixes)


@checks("W630")
def pinned_packages(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a package pinned to a revision, which Alpine and Debian delete as soon as there is a newer one."""
    dockerfile = model(wrapper)
    for run in runs(dockerfile.instructions):
        adds = [(call, _APK_PIN) for call, word in _apks(run) if word.text == "add"]
        adds += [(call, _APT_PIN) for call, word in _apts(run) if word.text == "install"]
        for call, pin in adds:
            for word in call.args:
                if found := pin.fullmatch(word.text.strip("\"'")):
                    name = short(found["name"])
                    what = f"{short(word.text)} is pinned to a revision. The next one replaces it, and the build fails"
                    todo = f"write {name}: the tag of the base image already decides which release it comes from"
                    yield finding("W630", dockerfile, word, what, todo)


@checks("W607")
def apk_update(wrapper: Wrapper) -> Iterator[Finding]:
    """Find an apk update that no later apk needs, because each of them uses --no-cache."""
    dockerfile = model(wrapper)
    for run in runs(dockerfile.instructions):
        updates = [(call, word) for call, word in _apks(run) if word.text == "update"]
        users = (_users_of_index(run) or _later_users(run)) if updates else []
        if not users or not all("--no-cache" in user.texts for user in users):
            continue
        for call, word in updates:
            what = "apk update has no effect, because apk add --no-cache downloads the index again"
            yield finding("W607", dockerfile, word, what, "remove apk update", _without(dockerfile, run, call))


def _users_of_index(run: Instruction) -> list[Call]:
    return [call for call, word in _apks(run) if word.text not in _APK_WITHOUT_INDEX]


def _later(run: Instruction) -> Iterator[Instruction]:
    """Yield the RUNs among the next instructions of the same stage."""
    instructions = run.stage.instructions if run.stage else []
    after = bisect_right(instructions, run.start, key=attrgetter("start"))
    return runs(instructions[after : after + _MOST_LATER])


def _later_users(run: Instruction) -> list[Call]:
    return [call for later in _later(run) for call in _users_of_index(later)]


def _without(dockerfile: Dockerfile, run: Instruction, call: Call) -> tuple[Fix, ...]:
    """Return the edit that removes a call and the && after it, or no edit if that would change more."""
    start, end = call.start - run.start, call.end - run.start
    if call.words[0].start != call.start or not 0 <= start < end <= len(run.code):
        return ()
    before, after = run.code[:start].rstrip(), _AND.match(run.code, end)
    alone = before.endswith("&&") or (before.endswith(";") and not before.endswith(";;")) or _NOTHING.fullmatch(before)
    if not alone or not after or "#" in dockerfile.source.text[call.start : run.start + after.end()]:
        return ()
    return (dockerfile.source.edit(call.start, run.start + after.end(), ""),)


@checks("W608")
def apt_lists(wrapper: Wrapper) -> Iterator[Finding]:
    """Find package lists that apt leaves in the image."""
    dockerfile = model(wrapper)
    for run in runs(dockerfile.shipped):
        cleans = _APT_LISTS.search(run.text) or any("clean" in call.program for call in run.calls)
        if cleans or _has_cache_mount(run):
            continue
        calls = _apts(run)
        updates = [(call, word) for call, word in calls if word.text == "update"]
        if updates and len(calls) > len(updates):
            what = f"{updates[0][0].program} update leaves the package lists in the image"
            todo = "end the RUN with `&& rm -rf /var/lib/apt/lists/*`"
            yield finding("W608", dockerfile, updates[0][1], what, todo)


@checks("W609")
def recommended_packages(wrapper: Wrapper) -> Iterator[Finding]:
    """Find apt install without --no-install-recommends."""
    dockerfile = model(wrapper)
    if "install-recommends" in dockerfile.source.text.lower().replace("--no-install-recommends", ""):
        return
    for run in runs(dockerfile.shipped):
        for call, word in _apts(run):
            named = [text for text in call.texts if text != "install" and not text.startswith("-")]
            if word.text == "install" and named and "--no-install-recommends" not in call.texts:
                what = f"{call.program} install also installs the packages that are only recommended"
                todo = "write `install --no-install-recommends`, and name the recommended packages that you need"
                yield finding("W609", dockerfile, word, what, todo)


@checks("W610")
def stale_lists(wrapper: Wrapper) -> Iterator[Finding]:
    """Find package lists in a separate layer, which Docker reuses when the packages change."""
    dockerfile = model(wrapper)
    for run in runs(dockerfile.instructions):
        for calls, later in ((_apts(run), _later_installs(run)), (_apks(run), _later_adds(run))):
            if calls and later and all(word.text == "update" for _, word in calls):
                call, word = calls[0]
                what = f"{call.program} update is in a separate layer, which Docker reuses when the packages change"
                todo = f"run {call.program} update and {later.program} {later.texts[0]} in one RUN, joined with &&"
                yield finding("W610", dockerfile, word, what, todo)


def _later_installs(run: Instruction) -> Call | None:
    """Return the first apt install in a later RUN, if that RUN doesn't update the lists."""
    for later in _later(run):
        calls = _apts(later)
        if calls:
            return calls[0][0] if all(word.text != "update" for _, word in calls) else None
    return None


def _later_adds(run: Instruction) -> Call | None:
    """Return the first apk add in a later RUN, if it uses the existing index."""
    fresh = {"--no-cache", "-U", "--update", "--update-cache"}
    for later in _later(run):
        users = _users_of_index(later)
        if users:
            stale = len(users) == len(_apks(later)) and not any(fresh & set(user.texts) for user in users)
            return users[0] if stale else None
    return None
