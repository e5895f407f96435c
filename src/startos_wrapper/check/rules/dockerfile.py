"""Dockerfiles whose images differ from build to build, carry what nobody needs, or hold what the OS never uses."""

import contextlib
import fnmatch
import os
import posixpath
import re
from bisect import bisect_right
from collections import ChainMap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice
from operator import attrgetter

from startos_wrapper.check.registry import Finding, Fix, MakeExecutable, checks
from startos_wrapper.files.dockerfile import (
    Command,
    Dockerfile,
    Instruction,
    Word,
    builds_of,
    dockerfile_of,
    expand,
    filled,
)
from startos_wrapper.files.source import Source, TooLargeError, UnreadableError, read_bytes
from startos_wrapper.files.wrapper import Wrapper

# Releases of Debian and Ubuntu: such a tag never moves on to the next release.
_DEBIAN = {"jessie", "stretch", "buster", "bullseye", "bookworm", "trixie", "forky"}
_UBUNTU = {"trusty", "xenial", "bionic", "focal", "jammy", "lunar", "mantic", "noble", "oracular", "plucky", "questing"}
_ARCHITECTURE = r"(?:amd64|x86[-_]64|arm64(?:v8)?|aarch64|arm32v[67]|armv[67]\w?|armhf|i386|(?<=linux[-_])arm)"
_ARCHITECTURES = re.compile(rf"(?:^|[-._]){_ARCHITECTURE}(?=[-._]|$)")

_ADDRESS = re.compile(r"(?:https?|ftp)://", re.IGNORECASE)
_LOCAL = re.compile(r"https?://(?:localhost|127\.|0\.0\.0\.0|\[::1?\])", re.IGNORECASE)
_QUESTION = re.compile(r"https?://api\.", re.IGNORECASE)
_GIT = re.compile(r"(?:git@|git://|ssh://)|\.git(?:[#?]|$)")
_LATEST = "/releases/latest"
# What checks a sum or a signature.
_SUMS = re.compile(
    r"\b(?:sha\d{0,3}sum|shasum|b2sum|b3sum|md5sum|gpgv\d?|sqv|minisign|signify|cosign|slsa-verifier|rhash)\b"
    r"|\bopenssl\s+dgst\b"
)
_LIST_OF_SUMS = re.compile(r"SHA\d+SUMS?\b|sha\d+sums\b|sha\d+sum\.|checksums?\b|manifest\b")
# Keys, signatures and sums: what other downloads are checked with.
_PROOF = re.compile(
    r"(?:\.(?:asc|sig|sign|gpg|key|pub|pem|crt|cer|minisig|sha\d+(?:sums?)?|sums?|md5)|sha\d+sums?(?:\.txt)?"
    r"|checksums?(?:\.txt)?|/keys?|/gpg|/pgp\.txt|/key\.\w+)(?:[?#].*)?$",
    re.IGNORECASE,
)
_SHELLS = {"sh", "bash", "ash", "dash", "zsh", "ksh"}
_INTERPRETERS = {"python", "python3", "perl", "ruby", "node", "php"}
_TAKERS = {"tar", "bsdtar", "gunzip", "gzip", "zcat", "unzip", "xz", "unxz", "xzcat", "bunzip2", "bzip2", "zstd"}
_TAKERS |= {"unzstd", "cpio", "tee", "dd", "patch", "dpkg", "install"}
# The options of curl and wget whose value is the next word.
_VALUED = {
    "curl": {*"AbcCdDeEFhHKmoPQrtTuUwxXyYz", "output", "referer", "proxy", "header", "user-agent", "output-dir"},
    "wget": {*"aeiBtOTwQPUlADRIX", "output-document", "referer", "header", "user-agent", "directory-prefix"},
}
_INSTALLERS = {"apt-get", "apt", "aptitude"}
_APK_WITHOUT_INDEX = {"del", "info", "cache", "update"}
_APK_COMMANDS = {"add", "upgrade", "fetch", "fix", "search", "policy", *_APK_WITHOUT_INDEX}
_APT_LISTS = re.compile(r"/var/lib/(?:\{[^}\s]{0,100})?apt|\bdistclean\b")
_BY_ARCHITECTURE = re.compile(r"\b(?:case|if|uname|arch)\b|print-arch|\$\{?\w*(?:arch|platform)", re.IGNORECASE)
_ARCHIVES = re.compile(r"\.(?:tar|tar\.\w+|t[gbx]z2?|txz|tzst|gz|bz2|xz|zst|lzma)$", re.IGNORECASE)
_MOST_DOWNLOADS = 200
_MOST_SCRIPTS = 30
_LARGEST_SCRIPT = 100_000
_MOST_LATER = 20
_MOST_ABSENT = 50
# Bases whose version is not that of the service: systems, languages, servers and databases.
_GENERIC = re.compile(
    r"(?:.*/)?(?:alpine|debian|ubuntu|fedora|centos|rockylinux|almalinux|archlinux|amazonlinux|busybox|scratch|wolfi\S*"
    r"|opensuse\S*|buildpack-deps|node|python|golang|rust\S*|ruby|openjdk|eclipse-temurin|amazoncorretto|php|perl|elixir"
    r"|erlang|haskell|swift|gcc|maven|gradle|deno|bun|dotnet\S*|sdk|aspnet|runtime\S*|nginx\S*|httpd|caddy|haproxy|tomcat"
    r"|postgres\S*|mariadb|mysql|mongo|redis|valkey|memcached|influxdb|composer|docker|tini|s6-overlay|(?:docker-)?"
    r"baseimage\S*|base\S*|static\S*|\S*-base)",
    re.IGNORECASE,
)
_RULE = re.compile(r"^[^\t\n#=:]+:[^=\n]*$", re.MULTILINE)
# Folders whose content nobody misses.
_PASSING = re.compile(r"cache|tmp|temp|/logs?\b|/run\b")
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?!\d)")


def _model(wrapper: Wrapper) -> Dockerfile:
    """Return the wrapper's Dockerfile, or one without instructions where there is none."""
    return dockerfile_of(wrapper) or Dockerfile(Source("Dockerfile", b""))


def _runs(instructions: list[Instruction]) -> Iterator[Instruction]:
    return (instruction for instruction in instructions if instruction.name == "RUN")


def _finding(
    code: str, dockerfile: Dockerfile, word: Word, what: str, todo: str, fixes: tuple[Fix, ...] = ()
) -> Finding:
    return Finding(code, dockerfile.source.place(word.start, word.end), what, todo, fixes)


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:97]}..."


# --- Bases ------------------------------------------------------------------------------------------------------------


@checks("W601")
def floating_base(wrapper: Wrapper) -> Iterator[Finding]:
    """Find images from elsewhere that are named without a version."""
    dockerfile = _model(wrapper)
    contexts = {name for build in builds_of(wrapper) for name in build.contexts}
    for word, image in _images(dockerfile):
        if image not in contexts and (why := _floats(image)):
            what = f"The image {_short(image)} {why}, so that the next build may hold another release"
            todo = f"name a version, as in {_short(_name(image))}:1.2.3"
            yield _finding("W601", dockerfile, word, what, todo)


def _images(dockerfile: Dockerfile) -> Iterator[tuple[Word, str]]:
    """Yield the images that a Dockerfile takes from elsewhere, as far as their names are known."""
    for stage in dockerfile.stages:
        if stage.base and stage.parent is None and stage.base != "scratch":
            yield stage.image, stage.base
    for instruction in dockerfile.instructions:
        for word in instruction.flags.get("from", []) if instruction.name == "COPY" else []:
            if word.text and "$" not in word.text and not word.text.isdigit() and not dockerfile.stage(word.text):
                yield word, word.text


def _name(image: str) -> str:
    """Return an image's name without tag and digest; a colon before a slash belongs to a port."""
    folder, slash, name = image.partition("@")[0].rpartition("/")
    return folder + slash + name.partition(":")[0]


def _floats(image: str) -> str | None:
    """Say why an image is not tied to a release, None when it is."""
    if "@" in image:
        return None
    tag = image.rpartition("/")[2].partition(":")[2]
    if not tag:
        return "has no tag, which means latest"
    rest = _ARCHITECTURES.sub("", tag.lower())
    if any(letter.isdigit() for letter in rest) or not (_DEBIAN | _UBUNTU).isdisjoint(re.split(r"[-._]", rest)):
        return None
    return f"has the tag {tag}, which moves from release to release"


@checks("W619")
def version_of_base(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a package whose version is not that of the upstream image that it is built on."""
    dockerfile = _model(wrapper)
    if dockerfile.final is None or not wrapper.version:
        return
    stage = dockerfile.final.lineage[0]
    image = (stage.base or "").partition("@")[0]
    tag = image.removeprefix(_name(image)).removeprefix(":")
    upstream, own = _VERSION.match(tag), re.match(r"(\d+)\.(\d+)", wrapper.version)
    if upstream and own and upstream.groups()[:2] != own.groups() and _is_upstream(_name(image), wrapper.id or ""):
        what = f"The package's version is {wrapper.version}, and the image that it is built on has {tag}"
        todo = f"let the version begin with {'.'.join(upstream.groups())}: a fourth number is the wrapper's own"
        start = stage.image.end - len(tag) if stage.image.text.endswith(tag) else stage.image.start
        yield _finding("W619", dockerfile, Word(tag, start, stage.image.end), what, todo)


def _is_upstream(name: str, service: str) -> bool:
    """Say whether an image is the service's own: it shares a word with the package's id and is no common base."""
    return not _GENERIC.fullmatch(name) and any(len(word) > 2 and word in name for word in service.split("-"))


# --- Downloads --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Download:
    """A download of a file or of a script that is run: its address as written, with what is known filled in."""

    instruction: Instruction
    url: Word
    address: str
    names: tuple[str, ...]
    runs: str | None = None


@lru_cache(maxsize=1)
def _downloads(dockerfile: Dockerfile) -> list[_Download]:
    found: list[_Download] = []
    for instruction in dockerfile.instructions:
        if len(found) >= _MOST_DOWNLOADS:
            break
        if instruction.name == "RUN":
            found += _of_run(dockerfile, instruction)
        elif instruction.name == "ADD":
            for word in instruction.words[:-1]:
                address = filled(word.text, instruction.stage.values if instruction.stage else {})
                if _ADDRESS.match(address) and not _GIT.search(address):
                    found.append(_Download(instruction, word, address, (posixpath.basename(address),)))
    return found[:_MOST_DOWNLOADS]


def _of_run(dockerfile: Dockerfile, run: Instruction) -> Iterator[_Download]:
    values: ChainMap[str, str | None] = ChainMap({}, run.stage.values if run.stage else {})
    commands = run.commands
    for index, command in enumerate(commands):
        for word in (*command.assigned, *(command.args if command.program == "export" else ())):
            name, _, value = word.text.partition("=")
            values[name] = expand(value, values)
        if command.program in _VALUED:
            yield from _of_command(run, commands, index, values)
        elif (command.program in _SHELLS and "-c" in command.texts) or command.program == "eval":
            for word in command.args:
                inner = re.match(r"\s*(?:\$\(|`)\s*(?:curl|wget)\b[^)`]*?((?:https?|ftp)://[^\s\"'`)]+)", word.text)
                if inner:
                    start = dockerfile.source.text.find(inner[1], word.start, word.end)
                    url = Word(inner[1], start, start + len(inner[1])) if start >= 0 else word
                    yield _Download(run, url, inner[1], (), command.program)


def _of_command(
    run: Instruction, commands: list[Command], index: int, values: ChainMap[str, str | None]
) -> Iterator[_Download]:
    command = commands[index]
    options, words = _options(command)
    runs, saved = _fate(commands, index, options, words)
    if runs is None and saved is None:
        return
    for word in words:
        address = filled(word.text, values)
        question = runs is None and _QUESTION.match(address)
        if _ADDRESS.match(address) and not _LOCAL.match(address) and not question:
            names = tuple(posixpath.basename(name) for name in (address.partition("?")[0], word.text, saved or ""))
            yield _Download(run, word, address, tuple(name for name in names if name), runs)


def _options(command: Command) -> tuple[dict[str, tuple[str, Word]], list[Word]]:
    """Return the options of curl or wget with their values and the words that they are in, and the other words."""
    options: dict[str, tuple[str, Word]] = {}
    others: list[Word] = []
    valued = _VALUED[command.program]
    rest = iter(command.args)
    for word in rest:
        if word.text.startswith("--"):
            name, equals, value = word.text[2:].partition("=")
            options[name] = (next(rest, word).text if name in valued and not equals else value, word)
        elif word.text.startswith("-") and len(word.text) > 1:
            for at, letter in enumerate(word.text[1:], 2):
                options[letter] = "", word
                if letter in valued:
                    options[letter] = word.text[at:] or next(rest, word).text, word
                    break
        else:
            others.append(word)
    return options, others


def _fate(
    commands: list[Command], index: int, options: dict[str, tuple[str, Word]], words: list[Word]
) -> tuple[str | None, str | None]:
    """Return the interpreter that runs what is loaded, and the name of the file that it goes to, empty if unknown.

    Both are None for a request whose answer is only looked at.
    """
    if "spider" in options:
        return None, None
    receivers = []
    for at in range(index, min(index + 8, len(commands) - 1)):
        if not commands[at].piped:
            break
        receivers.append(commands[at + 1])
    if runs := next((receiver.program for receiver in receivers if _executes(receiver)), None):
        return runs, None
    before = commands[index - 1] if index else None
    if before and before.texts[-1:] in (("<",), ("$",)) and before.program in (*_SHELLS, "source", ".", "eval"):
        return before.program, None
    outputs = [options[name][0] for name in ("o", "output", "O", "output-document") if name in options]
    output = next(filter(None, outputs), None)
    if output is None and ("O" in options or "remote-name" in options or "remote-name-all" in options):
        output = ""
    if output is None:
        output = _redirected(words)
    if output is None and commands[index].program == "wget":
        output = ""
    if output in ("-", "/dev/stdout") and (redirected := _redirected(words)):
        output = redirected
    if output == "/dev/null":
        return None, None
    if output in (None, "-", "/dev/stdout"):
        return None, "" if any(receiver.program in _TAKERS for receiver in receivers) else None
    return None, output


def _redirected(words: list[Word]) -> str | None:
    for index, word in enumerate(words):
        if match := re.fullmatch(r"1?>>?\|?([^&].*)?", word.text, re.DOTALL):
            return match[1] or (words[index + 1].text if index + 1 < len(words) else "")
    return None


def _executes(command: Command) -> bool:
    """Say whether a command runs the program that comes in through its standard input."""
    if command.program in _SHELLS:
        return "-s" in command.texts or all(text.startswith("-") and text != "-c" for text in command.texts)
    return command.program in _INTERPRETERS and all(text == "-" for text in command.texts)


@checks("W602")
def unchecked_download(wrapper: Wrapper) -> Iterator[Finding]:
    """Find downloads into the image that no sum or signature is checked for."""
    dockerfile = _model(wrapper)
    checking = [run for run in _runs(dockerfile.instructions) if _checks_sums(run)]
    proven = [(run, bool(_LIST_OF_SUMS.search(run.text))) for run in checking]
    for download in _downloads(dockerfile):
        if download.runs or _LATEST in download.address or _PROOF.search(download.address):
            continue
        checked = "checksum" in download.instruction.flags or any(_proves(*each, download) for each in proven)
        if not checked:
            what = f"Nothing checks that {_short(download.url.text)} is the file that it was"
            if download.instruction.name == "ADD":
                todo = "give ADD the file's sum, as in --checksum=sha256:..."
            else:
                todo = 'compare its sum in the same RUN, as in echo "$SUM  file" | sha256sum -c'
            yield _finding("W602", dockerfile, download.url, what, todo)


def _checks_sums(run: Instruction) -> bool:
    signature = "gpg" in run.text and ("--verify" in run.text or "--decrypt" in run.text)
    return signature or _SUMS.search(run.text) is not None


def _proves(run: Instruction, lists: bool, download: _Download) -> bool:
    """Say whether a RUN that checks sums does so for a download: its own, or an earlier one that it names."""
    if run is download.instruction:
        return True
    if run.start < download.instruction.start:
        return False
    named = any(name in run.text for name in download.names)
    return named or (lists and run.stage is download.instruction.stage)


@checks("W603")
def script_from_the_net(wrapper: Wrapper) -> Iterator[Finding]:
    """Find scripts that are run as they come from the net."""
    dockerfile = _model(wrapper)
    for download in _downloads(dockerfile):
        if download.runs:
            what = f"{_short(download.url.text)} goes into {download.runs}: the build runs whatever is there that day"
            todo = "install a fixed release with its sum checked, or keep the script in the wrapper"
            yield _finding("W603", dockerfile, download.url, what, todo)


@checks("W604")
def latest_release(wrapper: Wrapper) -> Iterator[Finding]:
    """Find addresses of a project's latest release, whatever that is on the day of the build."""
    dockerfile = _model(wrapper)
    run_unseen = {download.url.start for download in _downloads(dockerfile) if download.runs}
    for instruction in dockerfile.instructions:
        if instruction.name not in ("RUN", "ADD") or _LATEST not in instruction.text:
            continue
        for start, text in [(instruction.start, instruction.code), *instruction.scripts]:
            for match in re.finditer(r"https?://[^\s\"'`|;)]+", text):
                word = Word(match[0], start + match.start(), start + match.end())
                if _LATEST in word.text and word.start not in run_unseen:
                    what = f"{_short(word.text)} is another release from day to day"
                    yield _finding("W604", dockerfile, word, what, "name the release, and check the file's sum")


@checks("W605")
def unchecked_certificate(wrapper: Wrapper) -> Iterator[Finding]:
    """Find downloads that trust any server."""
    dockerfile = _model(wrapper)
    for run in _runs(dockerfile.instructions):
        for command in run.commands if not _checks_sums(run) else []:
            if command.program not in _VALUED or any(_LOCAL.match(text) for text in command.texts):
                continue
            options, _ = _options(command)
            for name in ("k", "insecure") if command.program == "curl" else ("no-check-certificate",):
                if name in options:
                    word = options[name][1]
                    what = (
                        f"{command.program} {word.text} checks no certificate: it takes the file from whoever answers"
                    )
                    todo = "leave it out, and install ca-certificates if the image has none"
                    yield _finding("W605", dockerfile, word, what, todo)


@checks("W611")
def one_architecture(wrapper: Wrapper) -> Iterator[Finding]:
    """Find downloads for one architecture in a Dockerfile that is built for two."""
    dockerfile = _model(wrapper)
    if not _builds_both(wrapper) or any("$" in stage.image.text for stage in dockerfile.stages):
        return
    for instruction, downloads in groupby(_downloads(dockerfile), key=attrgetter("instruction")):
        stage = instruction.stage
        if stage is None or stage.platform or _ARCHITECTURES.search(stage.alias or ""):
            continue
        if _BY_ARCHITECTURE.search(instruction.text):
            continue
        for download in downloads:
            written = dockerfile.source.text[download.url.start : download.url.end]
            found = re.search(rf"(?<![A-Za-z0-9]){_ARCHITECTURE}(?![A-Za-z0-9])", written)
            if found is None:
                continue
            word = Word(found[0], download.url.start + found.start(), download.url.start + found.end())
            what = f"The file is for {found[0]}, and the image is built for aarch64 and for x86_64"
            todo = "write the address with a build argument: ARG TARGETARCH holds amd64 or arm64"
            yield _finding("W611", dockerfile, word, what, todo)


def _builds_both(wrapper: Wrapper) -> bool:
    """Say whether the wrapper is for aarch64 and x86_64: by its manifest, or else by its Makefile."""
    node = wrapper.manifest.get("hardware-requirements", "arch")
    if node is not None:
        return {"aarch64", "x86_64"} <= set(node.texts())
    makefile = wrapper.makefile
    return makefile is not None and all(makefile.makes(f"docker-images/{arch}.tar") for arch in ("aarch64", "x86_64"))


# --- Packages of the system -------------------------------------------------------------------------------------------


def _subcommand(command: Command, names: set[str]) -> Word | None:
    return next((word for word in command.args if word.text in names), None)


def _apks(run: Instruction) -> list[tuple[Command, Word]]:
    """Return the calls of apk in a RUN with the word that says what to do."""
    calls = [command for command in run.commands if command.program == "apk"]
    return [(command, word) for command in calls if (word := _subcommand(command, _APK_COMMANDS))]


def _apts(run: Instruction) -> list[tuple[Command, Word]]:
    """Return the calls of apt-get and the like in a RUN with the word that says what to do."""
    names = {"update", "install", "upgrade", "dist-upgrade", "full-upgrade", "build-dep", "safe-upgrade"}
    calls = [command for command in run.commands if command.program in _INSTALLERS]
    return [(command, word) for command in calls if (word := _subcommand(command, names))]


def _has_cache_mount(run: Instruction) -> bool:
    return any("type=cache" in word.text or "type=tmpfs" in word.text for word in run.flags.get("mount", []))


@checks("W606")
def apk_cache(wrapper: Wrapper) -> Iterator[Finding]:
    """Find packages whose index stays in the image."""
    dockerfile = _model(wrapper)
    for run in _runs(dockerfile.shipped):
        calls = _apks(run)
        if _has_cache_mount(run) or "/var/cache" in run.text:
            continue
        updated = any(word.text == "update" for _, word in calls)
        for command, word in calls:
            if word.text == "add" and "--no-cache" not in command.texts:
                what = "apk add leaves the package index in the image"
                fixes = () if updated else (dockerfile.source.edit(word.end, word.end, " --no-cache"),)
                yield _finding("W606", dockerfile, word, what, "write apk add --no-cache", fixes)


@checks("W607")
def apk_update(wrapper: Wrapper) -> Iterator[Finding]:
    """Find an apk update that no later apk needs, as those fetch an index of their own."""
    dockerfile = _model(wrapper)
    for run in _runs(dockerfile.instructions):
        updates = [(command, word) for command, word in _apks(run) if word.text == "update"]
        users = (_users_of_index(run) or _later_users(run)) if updates else []
        if not users or not all("--no-cache" in user.texts for user in users):
            continue
        for command, word in updates:
            what = "apk update is in vain: apk add --no-cache fetches an index of its own"
            yield _finding("W607", dockerfile, word, what, "remove apk update", _without(dockerfile, run, command))


def _users_of_index(run: Instruction) -> list[Command]:
    return [command for command, word in _apks(run) if word.text not in _APK_WITHOUT_INDEX]


def _later(run: Instruction) -> Iterator[Instruction]:
    """Yield the RUNs among the instructions that follow next in the same stage."""
    instructions = run.stage.instructions if run.stage else []
    after = bisect_right(instructions, run.start, key=attrgetter("start"))
    return _runs(instructions[after : after + _MOST_LATER])


def _later_users(run: Instruction) -> list[Command]:
    return [command for later in _later(run) for command in _users_of_index(later)]


def _without(dockerfile: Dockerfile, run: Instruction, command: Command) -> tuple[Fix, ...]:
    """Return the edit that takes a command and the && after it away; none where more would change than that."""
    alone = command.words[0].start == command.start and command.before in ("", "&&", ";")
    in_code = run.start <= command.start and command.end < run.start + len(run.code)
    if not alone or not in_code or command.after not in ("&&", ";"):
        return ()
    following = re.compile(r"\S").search(run.code, command.end - run.start)
    end = run.start + following.start() if following else 0
    return (
        () if "#" in dockerfile.source.text[command.start : end] else (dockerfile.source.edit(command.start, end, ""),)
    )


@checks("W608")
def apt_lists(wrapper: Wrapper) -> Iterator[Finding]:
    """Find package lists that stay in the image."""
    dockerfile = _model(wrapper)
    for run in _runs(dockerfile.shipped):
        cleans = _APT_LISTS.search(run.text) or any("clean" in command.program for command in run.commands)
        if cleans or _has_cache_mount(run):
            continue
        calls = _apts(run)
        updates = [(command, word) for command, word in calls if word.text == "update"]
        if updates and len(calls) > len(updates):
            what = f"{updates[0][0].program} update leaves the package lists in the image"
            todo = "end the RUN with && rm -rf /var/lib/apt/lists/*"
            yield _finding("W608", dockerfile, updates[0][1], what, todo)


@checks("W609")
def recommended_packages(wrapper: Wrapper) -> Iterator[Finding]:
    """Find installations that take along what Debian recommends."""
    dockerfile = _model(wrapper)
    if "install-recommends" in dockerfile.source.text.lower().replace("--no-install-recommends", ""):
        return
    for run in _runs(dockerfile.shipped):
        for command, word in _apts(run):
            named = [text for text in command.texts if text != "install" and not text.startswith("-")]
            if word.text == "install" and named and "--no-install-recommends" not in command.texts:
                what = f"{command.program} install takes along what the packages only recommend"
                todo = "write install --no-install-recommends, and name what the service needs of those"
                yield _finding("W609", dockerfile, word, what, todo)


@checks("W610")
def stale_lists(wrapper: Wrapper) -> Iterator[Finding]:
    """Find package lists in a layer of their own, which Docker keeps while the installation changes."""
    dockerfile = _model(wrapper)
    for run in _runs(dockerfile.instructions):
        for calls, later in ((_apts(run), _later_installs(run)), (_apks(run), _later_adds(run))):
            if calls and later and all(word.text == "update" for _, word in calls):
                command, word = calls[0]
                what = f"{command.program} update has a layer of its own, which Docker reuses when the packages change"
                todo = f"run {command.program} update and {later.program} {later.texts[0]} in one RUN, joined with &&"
                yield _finding("W610", dockerfile, word, what, todo)


def _later_installs(run: Instruction) -> Command | None:
    """Return the first apt install in a later RUN, if that has no update of its own."""
    for later in _later(run):
        calls = _apts(later)
        if calls:
            return calls[0][0] if all(word.text != "update" for _, word in calls) else None
    return None


def _later_adds(run: Instruction) -> Command | None:
    """Return the first apk add in a later RUN, if that takes the index that is there."""
    fresh = {"--no-cache", "-U", "--update", "--update-cache"}
    for later in _later(run):
        users = _users_of_index(later)
        if users:
            stale = len(users) == len(_apks(later)) and not any(fresh & set(user.texts) for user in users)
            return users[0] if stale else None
    return None


# --- Files of the wrapper ---------------------------------------------------------------------------------------------


def _copies(instructions: list[Instruction]) -> Iterator[tuple[Instruction, list[Word], Word]]:
    """Yield each COPY and ADD that takes files of the build context, with its sources and its destination."""
    for instruction in instructions:
        if instruction.taken:
            sources = [word for word in instruction.taken if not word.text.startswith("<<")]
            yield instruction, sources, instruction.words[-1]


def _is_remote(text: str) -> bool:
    return bool(_ADDRESS.match(text) or _GIT.search(text))


@checks("W612")
def add_for_copy(wrapper: Wrapper) -> Iterator[Finding]:
    """Find ADD where COPY does the same without guessing what to unpack."""
    dockerfile = _model(wrapper)
    for instruction, sources, _ in _copies(dockerfile.instructions):
        if instruction.name != "ADD" or {"checksum", "keep-git-dir", "unpack"} & set(instruction.flags):
            continue
        if sources and all(_is_plain(word.text) for word in sources):
            word = Word(instruction.name, instruction.start, instruction.start + len(instruction.name))
            what = f"ADD of {_short(sources[0].text)} copies it, but unpacks archives: COPY does no more than it says"
            written = dockerfile.source.text[word.start : word.end]
            fix = dockerfile.source.edit(word.start, word.end, "copy" if written.islower() else "COPY")
            yield _finding("W612", dockerfile, word, what, "write COPY", (fix,))


def _is_plain(source: str) -> bool:
    """Say whether a source is surely neither remote nor an archive: a variable or a pattern can be anything."""
    name = posixpath.basename(source.rstrip("/"))
    if source.startswith("$") or "$" in name or (re.search(r"[*?\[]", name) and not re.search(r"\.\w+$", name)):
        return False
    return not _is_remote(source) and not _ARCHIVES.search(name)


@checks("W613")
def absent_source(wrapper: Wrapper) -> Iterator[Finding]:
    """Find files that the build is to copy and that neither the wrapper has nor anything in it makes."""
    dockerfile = _model(wrapper)
    if any(build.context != "." for build in builds_of(wrapper)):
        return
    absent = (copied for copied in _copied_paths(dockerfile) if not _is_there(wrapper, copied[2]))
    for instruction, word, path in islice(absent, _MOST_ABSENT):
        if not _comes_later(wrapper, path):
            what = f"{instruction.name} takes {_short(path)}, which is not here and which nothing here makes"
            yield _finding("W613", dockerfile, word, what, f"add the file, or remove it from the {instruction.name}")


def _copied_paths(dockerfile: Dockerfile) -> Iterator[tuple[Instruction, Word, str]]:
    """Yield the sources of COPY and ADD that are one known path. A pattern that fits no file is no error for Docker."""
    for instruction, sources, _ in _copies(dockerfile.instructions):
        for word in sources if "parents" not in instruction.flags else []:
            text = expand(word.text, instruction.stage.values if instruction.stage else {})
            if text and not _is_remote(text) and not re.search(r"[*?\[\\]", text):
                path = posixpath.normpath("/" + text).lstrip("/")
                if path and path.split("/")[0] != ".git":
                    yield instruction, word, path


def _is_there(wrapper: Wrapper, path: str) -> bool:
    try:
        return os.path.lexists(wrapper.root / path)
    except ValueError:
        return True


def _comes_later(wrapper: Wrapper, path: str) -> bool:
    """Say whether a build can make a file: Makefile or scripts name it, git ignores it, or it is a submodule's."""
    parts = path.split("/")[:20]
    names = {"/".join(parts[: count + 1]) for count in range(len(parts))} | {parts[-1]}
    plain, patterns = _ignored(wrapper)
    if wrapper.made(path) or names & plain or any(fnmatch.fnmatch(name, each) for each in patterns for name in names):
        return True
    mentioned = {parts[-1].encode(), parts[0].encode()} - {b"scripts", b"assets"}
    return any(name in text for text in _builders(wrapper) for name in mentioned)


@lru_cache(maxsize=1)
def _ignored(wrapper: Wrapper) -> tuple[set[str], list[str]]:
    """Return what .gitignore names: paths, and some of its patterns."""
    source = wrapper.readable(".gitignore")
    lines = {line.strip().removeprefix("/").rstrip("/") for line in source.lines} - {""} if source else set()
    patterns = {line for line in lines if re.search(r"[*?\[]", line)}
    return lines - patterns, list(islice(patterns, 100))


@lru_cache(maxsize=1)
def _builders(wrapper: Wrapper) -> list[bytes]:
    """Return the texts of what may make files before the build: the Makefile, scripts in the root and in scripts/."""
    names = [name for name in wrapper.listed(".") if name.endswith((".sh", ".mk"))]
    names += [f"scripts/{name}" for name in wrapper.listed("scripts") if name.endswith(".sh")]
    # What a rule only needs, it does not make.
    found = [_RULE.sub("", wrapper.makefile.source.text).encode()] if wrapper.makefile else []
    for name in names[:_MOST_SCRIPTS]:
        with contextlib.suppress(TooLargeError, UnreadableError):
            found.append(read_bytes(wrapper.root / name, _LARGEST_SCRIPT) or b"")
    return found


@checks("W614")
def git_folder(wrapper: Wrapper) -> Iterator[Finding]:
    """Find the git folder among what is copied into the image."""
    dockerfile = _model(wrapper)
    for instruction, sources, _ in _copies(dockerfile.instructions):
        for word in sources:
            if re.match(r"(?:\./|/)?\.git(?:/|$)", word.text):
                taken = f"{instruction.name} takes {_short(word.text)}"
                what = f"{taken}: the build needs a full clone, and each commit empties its cache"
                todo = "give the build what it needs of git as a build argument"
                yield _finding("W614", dockerfile, word, what, todo)


# --- What StartOS does with the image ---------------------------------------------------------------------------------


@checks("W615")
def ignored_healthcheck(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a HEALTHCHECK, which the OS switches off. S/procedure/docker.rs:242"""
    dockerfile = _model(wrapper)
    for instruction in dockerfile.shipped:
        if instruction.name == "HEALTHCHECK" and instruction.words and instruction.words[0].text.upper() != "NONE":
            word = Word("", instruction.start, instruction.start + len(instruction.name))
            what = "StartOS runs no HEALTHCHECK of an image: it starts containers with --no-healthcheck"
            yield _finding("W615", dockerfile, word, what, "write it as one of the manifest's health-checks")


@checks("W617")
def lost_volume(wrapper: Wrapper) -> Iterator[Finding]:
    """Find a VOLUME that the service uses and no mount covers, so that it ends with the container.

    S/procedure/docker.rs:236
    """
    main = next((procedure for procedure in wrapper.procedures if procedure.name == "main"), None)
    if main is None or main.kind != "docker":
        return
    mounted = [node.text.rstrip("/") for node in main.mounts.fields.values() if node.text]
    script = _entrypoint_text(wrapper)
    dockerfile = _model(wrapper)
    used = {word for instruction in dockerfile.shipped if instruction.name == "ENV" for word in _values(instruction)}
    for instruction in dockerfile.shipped:
        for word in instruction.words if instruction.name == "VOLUME" else []:
            path = (expand(word.text, instruction.stage.values if instruction.stage else {}) or "").rstrip("/")
            if path not in used or path in script or _PASSING.search(path):
                continue
            if not any(_holds(mount, path) or _holds(path, mount) for mount in mounted):
                what = f"Nothing is mounted at the VOLUME {_short(path)}: what is written there ends with the container"
                yield _finding("W617", dockerfile, word, what, "mount a volume of the manifest there in main")


def _values(instruction: Instruction) -> Iterator[str]:
    """Yield what an ENV sets that is an absolute path."""
    for word in instruction.words:
        value = word.text.rpartition("=")[2].rstrip("/")
        if value.startswith("/"):
            yield value


def _entrypoint_text(wrapper: Wrapper) -> str:
    """Return the text of main's entrypoint if that is a script in the wrapper's root."""
    entrypoint = wrapper.manifest.get("main", "entrypoint")
    name = posixpath.basename(entrypoint.text or "") if entrypoint else ""
    source = wrapper.readable(name) if name and wrapper.is_file(name) else None
    return source.text if source else ""


def _holds(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder + "/")


@checks("W618")
def entrypoint_without_run_bit(wrapper: Wrapper) -> Iterator[Finding]:
    """Find an entrypoint that is copied without run bits, so that the container does not start."""
    entrypoint = wrapper.manifest.get("main", "entrypoint")
    if entrypoint is None or not entrypoint.text or any(build.context != "." for build in builds_of(wrapper)):
        return
    dockerfile = _model(wrapper)
    copied = _copied_to(wrapper, dockerfile, entrypoint.text)
    if copied is None:
        return
    word, file = copied
    later = (instruction.text for instruction in _runs(dockerfile.shipped) if instruction.start > word.start)
    if not any(_may_give_run_bit(text, posixpath.basename(entrypoint.text)) for text in later):
        what = f"{file} is main's entrypoint and may not be run: it has no run bit, and nothing gives it one"
        todo = f"run chmod +x {file}, and commit that"
        yield _finding("W618", dockerfile, word, what, todo, (MakeExecutable(file),))


def _may_give_run_bit(text: str, name: str) -> bool:
    """Say whether a RUN can make a file executable: by name, or by what may stand for it."""
    means = (name, "*", "$", "-R", "find", "xargs")
    return ("chmod" in text and any(each in text for each in means)) or ("install" in text and name in text)


def _copied_to(wrapper: Wrapper, dockerfile: Dockerfile, entrypoint: str) -> tuple[Word, str] | None:
    """Return where a file without run bits becomes the entrypoint, and that file."""
    name = posixpath.basename(entrypoint)
    for instruction, sources, target in reversed(list(_copies(dockerfile.shipped))):
        for word in sources:
            file = posixpath.normpath("/" + word.text).lstrip("/")
            lands, last = target.text, posixpath.basename(target.text)
            if last not in (name, posixpath.basename(file)) and "." not in last:
                lands = posixpath.join(lands, posixpath.basename(file))
            right = lands == entrypoint if entrypoint.startswith("/") else posixpath.basename(lands) == name
            if right and wrapper.is_file(file):
                runs = "chmod" in instruction.flags or (wrapper.root / file).stat().st_mode & 0o111
                return None if runs else (word, file)
    return None
