"""Rules about downloads in a Dockerfile: whether every build gets the same files."""

import re
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from startos_wrapper.check.in_dockerfile import ARCHITECTURE, ARCHITECTURES, finding, model, runs, short
from startos_wrapper.check.registry import Finding, checks
from startos_wrapper.files.dockerfile.instruction import Instruction
from startos_wrapper.files.fetched import DOWNLOADERS, LOCAL, Download, downloads_of, options_of
from startos_wrapper.files.word import Word
from startos_wrapper.files.wrapper import Wrapper

_LATEST = "/releases/latest"
# Programs that verify a checksum or a signature.
_SUMS = re.compile(
    r"\b(?:sha\d{0,3}sum|shasum|b2sum|b3sum|md5sum|gpgv\d?|sqv|minisign|signify|cosign|slsa-verifier|rhash)\b"
    r"|\bopenssl\s+dgst\b"
)
_LIST_OF_SUMS = re.compile(r"SHA\d+SUMS?\b|sha\d+sums\b|sha\d+sum\.|checksums?\b|manifest\b")
# Keys, signatures and checksums, which verify other downloads.
_PROOF = re.compile(
    r"(?:\.(?:asc|sig|sign|gpg|key|pub|pem|crt|cer|minisig|sha\d+(?:sums?)?|sums?|md5)|sha\d+sums?(?:\.txt)?"
    r"|checksums?(?:\.txt)?|/keys?|/gpg|/pgp\.txt|/key\.\w+)(?:[?#].*)?$",
    re.IGNORECASE,
)
_BY_ARCHITECTURE = re.compile(r"\b(?:case|if|uname|arch)\b|print-arch|\$\{?\w*(?:arch|platform)", re.IGNORECASE)


@checks("W602")
def unchecked_download(wrapper: Wrapper) -> Iterator[Finding]:
    """Find downloads without a checksum or a signature."""
    dockerfile = model(wrapper)
    checking = [run for run in runs(dockerfile.instructions) if _checks_sums(run)]
    proven = [(run, bool(_LIST_OF_SUMS.search(run.text))) for run in checking]
    for download in downloads_of(dockerfile):
        if download.runs or _LATEST in download.address or _PROOF.search(download.address):
            continue
        checked = "checksum" in download.instruction.flags or any(_proves(*each, download) for each in proven)
        if not checked:
            what = f"Nothing verifies that {short(download.url.text)} is still the same file"
            if download.instruction.name == "ADD":
                todo = "add the file's checksum, e.g. ADD --checksum=sha256:..."
            else:
                todo = 'verify its checksum in the same RUN, e.g. echo "$SUM  file" | sha256sum -c'
            yield finding("W602", dockerfile, download.url, what, todo)


def _checks_sums(run: Instruction) -> bool:
    signature = "gpg" in run.text and ("--verify" in run.text or "--decrypt" in run.text)
    return signature or _SUMS.search(run.text) is not None


def _proves(run: Instruction, lists: bool, download: Download) -> bool:
    """Return whether a RUN that verifies checksums verifies a download: its own, or an earlier one that it names."""
    if run is download.instruction:
        return True
    if run.start < download.instruction.start:
        return False
    named = any(name in run.text for name in download.names)
    return named or (lists and run.stage is download.instruction.stage)


@checks("W603")
def script_from_the_net(wrapper: Wrapper) -> Iterator[Finding]:
    """Find scripts that are downloaded and run unchecked."""
    dockerfile = model(wrapper)
    for download in downloads_of(dockerfile):
        if download.runs:
            what = f"{download.runs} runs {short(download.url.text)} unchecked, whatever it contains at build time"
            todo = "install a fixed release and verify its checksum, or keep the script in the wrapper"
            yield finding("W603", dockerfile, download.url, what, todo)


@checks("W604")
def latest_release(wrapper: Wrapper) -> Iterator[Finding]:
    """Find URLs of a project's latest release."""
    dockerfile = model(wrapper)
    run_unseen = {download.url.start for download in downloads_of(dockerfile) if download.runs}
    for instruction in dockerfile.instructions:
        if instruction.name not in ("RUN", "ADD") or _LATEST not in instruction.text:
            continue
        for start, text in [(instruction.start, instruction.code), *instruction.scripts]:
            for match in re.finditer(r"https?://[^\s\"'`|;)]+", text):
                word = Word(match[0], start + match.start(), start + match.end())
                if _LATEST in word.text and word.start not in run_unseen:
                    what = f"{short(word.text)} can be a different release on every build"
                    yield finding("W604", dockerfile, word, what, "name the release, and verify the file's checksum")


@checks("W605")
def unchecked_certificate(wrapper: Wrapper) -> Iterator[Finding]:
    """Find downloads that don't check the server's certificate."""
    dockerfile = model(wrapper)
    for run in runs(dockerfile.instructions):
        for call in run.calls if not _checks_sums(run) else []:
            if call.program not in DOWNLOADERS or any(LOCAL.match(text) for text in call.texts):
                continue
            options, _ = options_of(call)
            for name in ("k", "insecure") if call.program == "curl" else ("no-check-certificate",):
                if name in options:
                    word = options[name][1]
                    what = f"{call.program} {word.text} doesn't check the certificate, so any server can answer"
                    todo = "remove the option, and install ca-certificates if the image doesn't have it"
                    yield finding("W605", dockerfile, word, what, todo)


@checks("W611")
def one_architecture(wrapper: Wrapper) -> Iterator[Finding]:
    """Find downloads for one architecture in a Dockerfile that is built for two."""
    dockerfile = model(wrapper)
    if not _builds_both(wrapper) or any("$" in stage.image.text for stage in dockerfile.stages):
        return
    for instruction, downloads in groupby(downloads_of(dockerfile), key=attrgetter("instruction")):
        stage = instruction.stage
        if stage is None or stage.platform or ARCHITECTURES.search(stage.alias or ""):
            continue
        if _BY_ARCHITECTURE.search(instruction.text):
            continue
        for download in downloads:
            written = dockerfile.source.text[download.url.start : download.url.end]
            found = re.search(rf"(?<![A-Za-z0-9]){ARCHITECTURE}(?![A-Za-z0-9])", written)
            if found is None:
                continue
            word = Word(found[0], download.url.start + found.start(), download.url.start + found.end())
            what = f"The file is for {found[0]}, but the image is built for aarch64 and x86_64"
            todo = "use a build argument in the URL: ARG TARGETARCH is amd64 or arm64"
            yield finding("W611", dockerfile, word, what, todo)


def _builds_both(wrapper: Wrapper) -> bool:
    """Return whether the wrapper is for aarch64 and x86_64, according to the manifest or else the Makefile."""
    if wrapper.declared_builds is not None:
        return any({"aarch64", "x86_64"} <= {*build.arches} for build in wrapper.declared_builds)
    node = wrapper.manifest.get("hardware-requirements", "arch")
    if node is not None:
        return {"aarch64", "x86_64"} <= set(node.texts())
    makefile = wrapper.makefile
    return makefile is not None and all(makefile.makes(f"docker-images/{arch}.tar") for arch in ("aarch64", "x86_64"))
