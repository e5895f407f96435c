"""The Dockerfile model, and the details of the rules that use it."""

from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.check.engine import check, repair
from startos_wrapper.check.registry import Finding
from startos_wrapper.files.builds import WrittenBuild, builds_of, dockerfile_of, written_builds
from startos_wrapper.files.dockerfile.model import Dockerfile
from startos_wrapper.files.source import Source
from startos_wrapper.files.wrapper import Wrapper
from tests.check import example_wrapper
from tests.support.limits import little_cpu

BUILD = "docker-images/%.tar:\n\tdocker buildx build {} --output type=docker,dest=$@ {}\n"


def _found(folder: Path, dockerfile: str, **change: Any) -> list[Finding]:
    """Return the findings about the Dockerfile of the example wrapper with this Dockerfile and other changes."""
    change["files"] = {"Dockerfile": dockerfile, **change.get("files", {})}
    wrapper = example_wrapper.write(folder / "wrapper", change)
    return check(wrapper, lambda code: code[1] == "6").findings


def _codes(folder: Path, dockerfile: str, **change: Any) -> list[str]:
    return sorted({finding.code for finding in _found(folder, dockerfile, **change)})


def _run(folder: Path, command: str, base: str = "debian:12", **change: Any) -> list[str]:
    """Return the codes for a Dockerfile with a single RUN."""
    return _codes(folder, f"FROM {base}\nRUN {command}\n", **change)


def _model(text: str, *given: str) -> Dockerfile:
    return Dockerfile(Source("Dockerfile", text.encode()), frozenset(given))


# --- The model -------------------------------------------------------------------------------------------------------


def test_an_instruction_knows_its_lines_and_the_place_of_each_word() -> None:
    text = "# a\nFROM x:1\n  copy --chown=1 a \\\n# b\n\n   b  /c/\nRUN d\n"
    model = _model(text)
    copy = model.instructions[1]
    assert (copy.name, copy.first, copy.last) == ("COPY", 3, 6)
    assert [word.text for word in copy.words] == ["a", "b", "/c/"]
    assert [text[word.start : word.end] for word in copy.words] == ["a", "b", "/c/"]
    assert [word.text for word in copy.flags["chown"]] == ["1"]
    assert [each.name for each in model.instructions] == ["FROM", "COPY", "RUN"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_empty_line_does_not_end_a_continued_instruction(end: str) -> None:
    model = _model(end.join(["FROM a:1", "RUN b && \\", "", "  c", "RUN d"]))
    assert [[call.program for call in each.calls] for each in model.instructions[1:]] == [["b", "c"], ["d"]]


def test_the_escape_directive_changes_what_continues_a_line() -> None:
    model = _model("# escape=`\nFROM a:1\nCOPY b `\n c /d\\\nRUN e\n")
    assert [[word.text for word in each.words] for each in model.instructions[1:]] == [["b", "c", "/d\\"], ["e"]]


def test_a_heredoc_belongs_to_its_run_and_is_no_instruction() -> None:
    text = "FROM a:1\nRUN <<EOF\nFROM b\n# c\napk add \\\n  d\nEOF\nCOPY <<-'X' /e\n\tRUN curl\n\tX\nRUN python3 <<Y\nCOPY f\nY\nRUN g"
    model = _model(text)
    assert [each.name for each in model.instructions] == ["FROM", "RUN", "COPY", "RUN", "RUN"]
    run = model.instructions[1]
    assert [call.program for call in run.calls][1:] == ["FROM", "apk"]
    assert [text[word.start : word.end] for word in run.calls[2].words] == ["apk", "add", "d"]
    assert model.instructions[2].scripts == [] and model.instructions[3].scripts == []


def test_stages_know_their_base_their_parent_and_their_platform() -> None:
    model = _model(
        'ARG TAG="3.24"\nARG OTHER\nFROM --platform=$BUILDPLATFORM alpine:${TAG} AS Base\n'
        "FROM base AS next\nFROM alpine:${OTHER}\nFROM alpine:${NONE:-3.20}\nFROM next"
    )
    assert [stage.base for stage in model.stages] == ["alpine:3.24", "base", None, "alpine:3.20", "next"]
    assert model.stages[0].platform == "$BUILDPLATFORM"
    assert model.final and model.final.lineage == [model.stages[0], model.stages[1], model.stages[4]]
    assert model.stage("BASE") is model.stages[0] and model.stage("1") is model.stages[1] and model.stage("9") is None


def test_what_the_build_sets_has_no_default() -> None:
    text = "ARG TAG=latest\nFROM alpine:${TAG}\nFROM alpine:${TAG:-latest}"
    assert [stage.base for stage in _model(text).stages] == ["alpine:latest", "alpine:latest"]
    assert [stage.base for stage in _model(text, "TAG").stages] == [None, None]


def test_a_variable_with_two_values_has_none() -> None:
    model = _model("FROM a:1\nARG B=1\nENV C=x$B D='y z'\nENV E old form\nENV B=2\n")
    assert model.stages[0].values == {"B": None, "C": "x1", "D": "y z", "E": "old form"}


def test_a_shell_is_read_as_commands() -> None:
    model = _model(
        "FROM a:1\nRUN --mount=type=cache,target=/x if ! sudo -E B=1 c 'd e' >/dev/null 2>&1; then f|g; fi # h"
    )
    calls = model.instructions[1].calls
    assert [(each.program, each.texts, [word.text for word in each.redirections], each.piped) for each in calls] == [
        ("c", ("d e",), [">/dev/null", "2>&1"], False),
        ("f", (), [], True),
        ("g", (), [], False),
    ]


@pytest.mark.parametrize(
    ("run", "calls"),
    [
        ("A=$(b c) d e", ["d e", "b c"]),
        ("a x-$(b c) d", ["a x-$", "b c"]),
        ("a x-`b c` d", ["a x-`b d"]),
        ('a "$(b c)" d', ["a $(b c) d"]),
        ("a <(b c)", ["a <", "b c"]),
        ("cat <<B && c", ["cat", "c"]),
        ("a && { sudo -E b; }", ["a", "b"]),
    ],
)
def test_a_substitution_outside_quotes_ends_the_words_of_a_call(run: str, calls: list[str]) -> None:
    found = _model(f"FROM a:1\nRUN {run}\n").instructions[1].calls
    assert sorted(" ".join(word.text for word in call.words) for call in found) == sorted(calls)


def test_a_heredoc_in_a_heredoc_is_no_command() -> None:
    model = _model("FROM a:1\nRUN <<EOF\ncat >/x <<X\napk add b\nX\nc\nEOF\n")
    assert [call.program for call in model.instructions[1].calls] == ["", "cat", "c"]


@pytest.mark.parametrize(
    "text", ["", "\n", "FROM", "FROM\n", "RUN", "RUN \\", "\\", "FROM a AS", "RUN <<EOF", "\0", "[", 'RUN ["a", 1]']
)
def test_a_broken_text_has_a_model(text: str) -> None:
    model = _model(text)
    assert all(isinstance(each.calls, list) and each.words is not None for each in model.instructions)


@pytest.mark.parametrize(
    ("options", "context", "file", "expected"),
    [
        ("", ".", "Dockerfile", "Dockerfile"),
        ("-f build/Dockerfile.sky", ".", "build/Dockerfile.sky", "build/Dockerfile.sky"),
        ("--file=./build/sky", "./", "build/sky", "build/sky"),
        ("--build-arg A=1 -t start9/x", "sky", "sky/Dockerfile", "sky/Dockerfile"),
        ("-f $(SOMEWHERE)/sky", ".", "Dockerfile", "Dockerfile"),
        ("-f ../sky", ".", "Dockerfile", "Dockerfile"),
        ("--tag $(TAG) -f ${FILE}", ".", "sky", "sky"),
        ("--builder $(if $(A),b-$(shell echo '$(B)' | cksum),$(B)) -f sky", ".", "sky", "sky"),
    ],
)
def test_the_makefile_says_which_dockerfile_is_built(
    tmp_path: Path, options: str, context: str, file: str, expected: str
) -> None:
    makefile = "FILE := sky\nTAG := x:$(shell sed 's/\\(a\\)/b/' c)\n" + BUILD.format(options, context)
    files = {"Dockerfile": None, "Makefile": makefile, file: "FROM a:1\n"}
    model = dockerfile_of(Wrapper(example_wrapper.write(tmp_path / "wrapper", {"files": files})))
    assert model and model.source.file == expected


def test_a_dockerfile_in_a_submodule_is_not_the_wrappers(tmp_path: Path) -> None:
    files = {
        "Makefile": BUILD.format("-f sky/Dockerfile", "."),
        ".gitmodules": '[submodule "sky"]\n\tpath = sky\n',
        "sky/Dockerfile": "FROM sky:latest\n",
    }
    assert _codes(tmp_path, "FROM alpine:latest\n", files=files) == []


def test_the_package_is_built_apart_from_tools(tmp_path: Path) -> None:
    makefile = "tool:\n\tdocker build -t tool tools\nall:\n\tdocker build --build-arg A=1 \\\n\t  --build-context sky=../sky -t start9/x .\n"
    wrapper = Wrapper(example_wrapper.write(tmp_path / "wrapper", {"files": {"Makefile": makefile}}))
    (build,) = builds_of(wrapper)
    assert (build.file, build.context, build.arguments, build.contexts) == ("Dockerfile", ".", ("A",), ("sky",))


@pytest.mark.parametrize(
    ("line", "arguments", "file", "context"),
    [
        ("docker build --build-arg A=$(shell expr $(shell nproc) - 1) .", (("A", "$(shell expr $(shell nproc) - 1)"),), None, "."),
        ("@docker buildx build --build-arg 'A=b c' --build-arg=D=$(E) -f x/$(F) --load $(G)", (("A", "'b c'"), ("D", "$(E)")), "x/$(F)", "$(G)"),
        ('docker build --build-arg A="b c" --build-arg E . > log', (("A", '"b c"'),), None, "."),
        ("cd sky && docker build -f $< . || exit 1", (), "$<", "sky"),
    ],
)  # fmt: skip
def test_a_build_is_read_as_its_recipe_has_it(
    line: str, arguments: tuple[tuple[str, str], ...], file: str | None, context: str
) -> None:
    assert written_builds(line) == [WrittenBuild(arguments, file, context)]


def test_a_line_of_a_recipe_that_builds_nothing_has_no_build() -> None:
    assert written_builds("docker run sky build") == written_builds("echo docker-build") == []


# --- W601, W619: bases -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "floats"),
    [
        ("alpine", True),
        ("alpine:edge", True),
        ("debian:stable-slim", True),
        ("node:lts-alpine", True),
        ("ghcr.io/example/sky:main", True),
        ("localhost:5000/sky", True),
        ("sky:latest-arm64v8", True),
        ("arm64v8/alpine", True),
        ("alpine:3", False),
        ("node:20-alpine", False),
        ("debian:bookworm-slim", False),
        ("ubuntu:noble", False),
        ("sky@sha256:0123", False),
        ("sky:latest@sha256:0123", False),
        ("localhost:5000/sky:1", False),
        ("sky:v1.2-beta", False),
        ("scratch", False),
        ("$SKY", False),
        ("sky:$TAG", False),
    ],
)
def test_a_base_floats_or_does_not(tmp_path: Path, image: str, floats: bool) -> None:
    assert _codes(tmp_path, f"ARG TAG\nFROM {image}\n") == ["W601"] * floats


def test_a_floating_image_is_found_in_every_stage_and_in_copy(tmp_path: Path) -> None:
    text = "FROM a:latest AS one\nFROM one AS two\nFROM b:1\nCOPY --from=one /x /\nCOPY --from=1 /x /\nCOPY --from=c/d:latest /x /\n"
    found = [(each.place.line, each.place.column, each.place.length) for each in _found(tmp_path, text)]
    assert found == [(1, 6, 8), (6, 13, 10)]


def test_a_build_context_of_the_makefile_is_no_image(tmp_path: Path) -> None:
    makefile = BUILD.format("--build-context sky=../sky", ".")
    assert _codes(tmp_path / "a", "FROM a:1\nCOPY --from=sky /x /\n", files={"Makefile": makefile}) == []
    assert _codes(tmp_path / "b", "FROM a:1\nCOPY --from=sea /x /\n", files={"Makefile": makefile}) == ["W601"]


def test_a_default_that_the_makefile_replaces_is_not_looked_at(tmp_path: Path) -> None:
    text = "ARG TAG=latest\nFROM alpine:$TAG\n"
    assert _codes(tmp_path / "a", text) == ["W601"]
    assert _codes(tmp_path / "b", text, files={"Makefile": BUILD.format("--build-arg TAG=3.24", ".")}) == []


@pytest.mark.parametrize(
    ("image", "differs"),
    [
        ("example/sky:v1.3.0", True),
        ("example/sky:2.2.3-alpine@sha256:0123", True),
        ("example/sky:1.2.99", False),
        ("example/sky:1.3", False),
        ("example/sky:20240102", False),
        ("example/sea:1.3.0", False),
        ("hello/node:20.1.2", False),
        ("hello/baseimage-alpine:3.20.1", False),
    ],
)
def test_the_version_of_an_upstream_image(tmp_path: Path, image: str, differs: bool) -> None:
    assert _codes(tmp_path, f"FROM {image} AS base\nFROM base\n") == ["W619"] * differs


def test_the_version_of_a_helper_image_does_not_matter(tmp_path: Path) -> None:
    assert _codes(tmp_path, "FROM example/sky-tools:7.8.9 AS tools\nFROM alpine:3.24\n") == []


# --- W602 to W605: downloads -----------------------------------------------------------------------------------------

URL = "https://example.com/sky-1.0.tar.gz"


@pytest.mark.parametrize(
    "command",
    [
        f"curl -fsSLO {URL}",
        f"curl -L {URL} -o /x",
        f"curl {URL} > /x",
        f"curl {URL} | tar xz",
        f"curl {URL} | sudo gunzip | tar x",
        f"wget {URL}",
        f"wget -qO- {URL} | tar xz",
        f"wget {URL} -O - |\\\n  tar xz",
        f"wget -nv '{URL}'",
        f"/usr/bin/wget {URL} && sha256 sky",
        f"SKY={URL} && wget $SKY",
        f"export SKY={URL}; wget ${{SKY}}",
        f"<<EOF\nset -e\nwget {URL}\nEOF",
        f"cd /tmp; if true; then wget {URL}; fi",
        "wget https://example.com/sky-$(uname -m)",
    ],
)
def test_a_download_without_a_sum_is_found(tmp_path: Path, command: str) -> None:
    assert _run(tmp_path, command) == ["W602"]


@pytest.mark.parametrize(
    "command",
    [
        f"wget {URL} && echo '0123  sky-1.0.tar.gz' | sha256sum -c",
        f"curl -O {URL} && \\\n# comment\n curl -O {URL}.asc && gpg --batch --verify sky-1.0.tar.gz.asc",
        f"wget {URL} && shasum -a 256 -c sums",
        f"wget {URL} && minisign -Vm sky-1.0.tar.gz",
        f"wget {URL} && openssl dgst -sha256 -verify key sky",
        f"<<EOF\nwget {URL}\nsha512sum -c sums\nEOF",
        f"wget {URL}\nRUN sha256sum sky-1.0.tar.gz | grep 0123",
        f"wget {URL} https://example.com/SHA256SUMS\nRUN sha256sum -c SHA256SUMS",
        "curl -f http://localhost:8080/health",
        "curl -so /dev/null https://example.com",
        "wget --spider https://example.com",
        "curl -s https://example.com/version | jq -r .tag >/version",
        "curl -s -o /tags https://api.example.com/tags",
        "VERSION=$(curl -s https://example.com/version) && echo $VERSION",
        "curl -fsSL https://example.com/key.asc | gpg --dearmor -o /key.gpg",
        "curl -fsSLo /etc/apt/keyrings/sky.asc https://example.com/sky.asc",
        "echo deb https://example.com/debian sky main >/etc/apt/sources.list.d/sky.list",
        "# wget https://example.com/sky\n",
        f"echo done # wget {URL}",
        f"pip install {URL}",
        f'["wget", "{URL}"]',
    ],
)
def test_no_download_or_one_with_a_sum_is_not_reported(tmp_path: Path, command: str) -> None:
    assert _run(tmp_path, command) == []


def test_a_sum_of_another_file_in_another_run_proves_nothing(tmp_path: Path) -> None:
    assert _run(tmp_path / "a", f"wget {URL}\nRUN wget -O sea https://example.com/sea && sha256sum sea") == ["W602"]
    assert _run(tmp_path / "b", f"sha256sum sky-1.0.tar.gz\nRUN wget {URL}") == ["W602"]


def test_each_download_of_a_run_is_found_at_its_address(tmp_path: Path) -> None:
    text = f'FROM debian:12\nENV AT=https://example.com/sky\nRUN wget "{URL}" \\\n  && wget $AT/$OTHER\n'
    found = [(each.code, each.place.line, each.place.column, each.place.length) for each in _found(tmp_path, text)]
    assert found == [("W602", 3, 11, len(URL)), ("W602", 4, 11, len("$AT/$OTHER"))]


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (f"{URL} /", ["W602"]),
        (f"{URL} sky /", ["W602"]),
        (f"--checksum=sha256:0123 {URL} /", []),
        (f"{URL} /tmp/\nRUN sha256sum /tmp/sky-1.0.tar.gz", []),
        ("https://example.com/sky.git#v1.0 /sky", []),
        ("https://example.com/sky.asc /", []),
        ("$UNKNOWN/sky /", []),
    ],
)
def test_add_of_an_address(tmp_path: Path, words: str, codes: list[str]) -> None:
    assert _codes(tmp_path, f"FROM debian:12\nADD {words}\n", files={"sky": ""}) == codes


@pytest.mark.parametrize(
    "command",
    [
        "curl https://api.example.com/i | sh",
        "curl -fsSL https://example.com/i | sudo -E bash -",
        "curl https://example.com/i | A=1 bash -s -- --yes",
        "wget -qO- https://example.com/i | python3 -",
        "curl https://example.com/i | tee /i | sh",
        "bash <(curl -s https://example.com/i)",
        'sh -c "$(curl -fsSL https://example.com/i)" "" --yes',
        'eval "$(wget -qO- https://example.com/i)"',
        "<<EOF\ncurl https://example.com/releases/latest/i | sh\nEOF",
    ],
)
def test_a_script_from_the_net_is_found_once(tmp_path: Path, command: str) -> None:
    (finding,) = _found(tmp_path, f"FROM debian:12\nRUN {command}\n")
    assert finding.code == "W603" and finding.place.length >= len("https://example.com/i")


@pytest.mark.parametrize(
    "command",
    [
        "curl -s https://example.com/tags | python3 -c 'import json'",
        "curl -s https://example.com/tags | python3 -m json.tool",
        "curl -s https://example.com/tags | bash parse.sh",
        "curl -s https://example.com/tags || sh fallback.sh",
        "sh -c 'echo $(date)'",
    ],
)
def test_a_script_that_only_reads_an_answer_is_none_from_the_net(tmp_path: Path, command: str) -> None:
    assert _run(tmp_path, command) == []


@pytest.mark.parametrize(
    "command",
    [
        "wget https://example.com/releases/latest/download/sky",
        "wget https://example.com/releases/latest/download/sky && sha256sum -c sums",
        "VERSION=$(curl -s https://api.example.com/repos/sky/releases/latest | jq -r .tag)",
        'VERSION="$(curl -s https://example.com/releases/latest)"',
    ],
)
def test_the_latest_release_is_found_once_whether_checked_or_not(tmp_path: Path, command: str) -> None:
    assert [each.code for each in _found(tmp_path, f"FROM debian:12\nRUN {command}\n")] == ["W604"]


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("curl -kfs https://example.com/key.asc -o /x", "-kfs"),
        ("curl -fsSk https://example.com/key.asc -o /x", "-fsSk"),
        ("curl --insecure -o /x https://example.com/key.asc", "--insecure"),
        ("wget --no-check-certificate https://example.com/key.asc", "--no-check-certificate"),
        ("curl -okey https://example.com/key.asc", None),
        ("curl -H -k:v -o /x https://example.com/key.asc", None),
        ("wget -k https://example.com/key.asc", None),
        ("curl -k http://localhost/health", None),
        (f"curl -kO {URL} && sha256sum -c sums", None),
        ("apt-get install -y --no-install-recommends curl -k", None),
    ],
)
def test_a_certificate_that_is_not_checked(tmp_path: Path, command: str, word: str | None) -> None:
    text = f"FROM debian:12\nRUN {command}\n"
    found = [text.splitlines()[each.place.line - 1][each.place.column - 1 :] for each in _found(tmp_path, text)]
    assert [text.split()[0] for text in found] == ([word] if word else [])


# --- W611: architectures ---------------------------------------------------------------------------------------------

AMD = "wget https://example.com/sky_linux_amd64.asc"
ONE = {"Makefile": "docker-images/x86_64.tar:\n\tdocker build -t start9/x .\n"}
TWO = "hardware-requirements:\n  arch: [x86_64, aarch64]\n"


@pytest.mark.parametrize(
    "text",
    [
        f"FROM debian:12\nRUN {AMD}\n",
        "FROM debian:12\nADD --checksum=sha256:0 https://example.com/sky-aarch64.tar.gz /\n",
        "FROM debian:12\nRUN wget https://example.com/x86_64/sky.asc\n",
        "FROM debian:12\nRUN wget https://example.com/sky_linux_arm.asc\n",
    ],
)
def test_a_download_for_one_of_two_processors_is_found(tmp_path: Path, text: str) -> None:
    assert _codes(tmp_path, text) == ["W611"]


@pytest.mark.parametrize(
    "text",
    [
        f'FROM debian:12\nRUN case "$(uname -m)" in x86_64) {AMD} ;; esac\n',
        f"FROM debian:12\nARG TARGETARCH\nRUN [ $TARGETARCH != amd64 ] || {AMD}\n",
        f"FROM debian:12 AS build-amd64\nRUN {AMD}\n",
        f"FROM --platform=$BUILDPLATFORM debian:12\nRUN {AMD}\n",
        f"FROM debian:12 AS one\nRUN {AMD}\nFROM one-$TARGETARCH\n",
        "FROM debian:12\nARG TARGETARCH\nRUN wget https://example.com/sky-$TARGETARCH.asc\n",
        "FROM debian:12\nRUN wget https://example.com/charm64/arm/sky.asc\n",
    ],
)
def test_a_choice_by_processor_is_none_for_one(tmp_path: Path, text: str) -> None:
    assert _codes(tmp_path, text) == []


def test_the_manifest_says_for_how_many_processors_and_else_the_makefile(tmp_path: Path) -> None:
    text = f"FROM debian:12\nRUN {AMD}\n"
    assert _codes(tmp_path / "a", text, files=ONE) == []
    assert _codes(tmp_path / "b", text, files=ONE, manifest=TWO) == ["W611"]
    assert _codes(tmp_path / "c", text, manifest="hardware-requirements:\n  arch: [x86_64]\n") == []


# --- W606 to W610: packages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("commands", "codes"),
    [
        ("apk add tini", ["W606"]),
        ("apk update && apk add tini", ["W606"]),
        ("apk add -X https://example.com/edge tini", ["W606"]),
        ("apk --no-cache add tini", []),
        ("apk add -t .build --no-cache tini", []),
        ("apk add tini && rm -rf /var/cache/apk/*", []),
        ("--mount=type=cache,target=/etc/apk/cache apk add tini", []),
        ("apk update && apk add --no-cache tini", ["W607"]),
        ("apk update\nRUN apk add --no-cache tini", ["W607"]),
        ("apk update && apk upgrade && apk add --no-cache tini", []),
        ("apk update && apk upgrade --no-cache && apk add --no-cache tini", ["W607"]),
        ("apk update\nRUN apk add tini", ["W606", "W610"]),
        ("apk update\nRUN apk update && apk add tini", ["W606"]),
        ("apk add --no-cache curl=8.14.1-r0", ["W630"]),
        ("apk add --no-cache 'tini=0.19.0-r3' jq", ["W630"]),
        ("apk add --no-cache -t .deps curl~8.14 jq=~1.8 tini tini@edge 'jq>1.7' a=$V-r0 b=1.2", []),
        ("apk del curl=8.14.1-r0", []),
        (
            "apt-get update && apt-get install -y --no-install-recommends nginx=1.22.1-9+deb12u1 && rm -rf /var/lib/apt/lists/*",
            ["W630"],
        ),
        (
            "apt-get update && apt-get install -y --no-install-recommends 'nginx=1.22.*' b=$V && rm -rf /var/lib/apt/lists/*",
            [],
        ),
        ("apk update", []),
        ("apk del tini", []),
        ("echo apk add tini", []),
    ],
)
def test_packages_of_alpine(tmp_path: Path, commands: str, codes: list[str]) -> None:
    assert _run(tmp_path, commands, "alpine:3.24") == codes


INSTALL = "apt-get install -y --no-install-recommends tini"
CLEAN = "rm -rf /var/lib/apt/lists/*"


@pytest.mark.parametrize(
    ("commands", "codes"),
    [
        (f"apt-get update && {INSTALL} && {CLEAN}", []),
        (f"apt-get update && {INSTALL}", ["W608"]),
        (f"apt update && {INSTALL}\nRUN {CLEAN}", ["W608"]),
        (f"apt-get update && {INSTALL} && rm -rf /var/lib/{{apt,dpkg}}/", []),
        (f"apt-get update && {INSTALL} && apt-get distclean", []),
        (f"apt-get update && {INSTALL} && /usr/sbin/cleanup.sh", []),
        (f"--mount=type=cache,target=/var/lib/apt apt-get update && {INSTALL}", []),
        (f"<<EOF\napt-get update\n{INSTALL}\n{CLEAN}\nEOF", []),
        (f"apt-get update && apt-get -y install tini && {CLEAN}", ["W609"]),
        (f"apt-get update && apt install --no-install-recommends tini && {CLEAN}", []),
        (f"apt-get update && apt-get -o APT::Install-Recommends=0 install tini && {CLEAN}", []),
        (f"apt-get update && apt-get install -yf && {CLEAN}", []),
        (f"apt-get update\nRUN {INSTALL}", ["W610"]),
        (f"apt-get update\nRUN apt-get update && {INSTALL} && {CLEAN}", []),
        ("apt-get update", []),
    ],
)
def test_packages_of_debian(tmp_path: Path, commands: str, codes: list[str]) -> None:
    assert _run(tmp_path, commands) == codes


def test_what_a_stage_leaves_behind_counts_only_if_it_is_in_the_image(tmp_path: Path) -> None:
    dirty = "RUN apk add tini\nRUN apt-get update && apt-get install tini\n"
    left = f"FROM a:1 AS base\n{dirty}FROM b:1\nCOPY --from=base /x /\n"
    assert _codes(tmp_path / "a", left) == []
    assert _codes(tmp_path / "b", left + "FROM base\n") == ["W606", "W608", "W609"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RUN apk update && \\\n    apk add --no-cache a", "RUN apk add --no-cache a"),
        ("RUN set -e; apk update; apk add --no-cache a", "RUN set -e; apk add --no-cache a"),
        ("RUN apk add a \\\n  b", "RUN apk add --no-cache a \\\n  b"),
        ("add docker_entrypoint.sh /", "copy docker_entrypoint.sh /"),
    ],
)
def test_a_repair_changes_one_thing(tmp_path: Path, before: str, after: str) -> None:
    wrapper = example_wrapper.write(tmp_path / "wrapper", {"files": {"Dockerfile": f"FROM a:1\n{before}\n# end"}})
    assert repair(wrapper, lambda code: code.startswith("W6")).findings == []
    assert (wrapper / "Dockerfile").read_text() == f"FROM a:1\n{after}\n# end"


@pytest.mark.parametrize(
    "line",
    [
        "RUN if true; then apk update; fi; apk add --no-cache a",
        "RUN apk update || true; apk add --no-cache a",
        "RUN true || apk update && apk add --no-cache a",
        "RUN apk update && \\\n# why\n    apk add --no-cache a",
        "RUN apk update\nRUN apk add --no-cache a",
        "RUN <<EOF\napk update && apk add --no-cache a\nEOF",
    ],
)
def test_a_repair_that_might_change_more_is_not_made(tmp_path: Path, line: str) -> None:
    (finding,) = _found(tmp_path, f"FROM a:1\n{line}\n")
    assert (finding.code, finding.fixes) == ("W607", ())


# --- W612 to W614: copied files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("docker_entrypoint.sh /", True),
        ('["docker_entrypoint.sh", "/"]', True),
        ("--chown=1:1 docker_entrypoint.sh LICENSE /", True),
        ("*.sh /", True),
        (". /", True),
        ("target/${ARCH}/release/sky /", True),
        ("sky.tar /", False),
        ("sky.tgz docker_entrypoint.sh /", False),
        ("sky.tar.zst /", False),
        ("docker_entry* /", False),
        ("$SKY /", False),
        ("sky-$VERSION /", False),
        ("--checksum=sha256:0 https://example.com/sky /", False),
        ("git@example.com:sky.git /", False),
        ("--keep-git-dir=true sky /", False),
    ],
)
def test_add_where_copy_is_meant(tmp_path: Path, words: str, found: bool) -> None:
    made = "target/x:\nsky.tar sky.tgz sky.tar.zst sky:\n" + BUILD.format("", ".")
    assert _codes(tmp_path, f"FROM a:1\nADD {words}\n", files={"Makefile": made}) == ["W612"] * found


@pytest.mark.parametrize(
    ("source", "absent"),
    [
        ("absent.sh", True),
        ("./docker_entrypoint.sh", False),
        ("/docker_entrypoint.sh", False),
        ("../docker_entrypoint.sh", False),
        ("folder/absent", True),
        ("docker_entrypoint.sh/absent", True),
        ("$KNOWN.sh", True),
        ("$UNKNOWN.sh", False),
        ("absent*", False),
        (".", False),
        ("sub/absent", False),
        ("made.sh", False),
        ("needed.sh", True),
        ("ignored/absent", False),
        ("absent.out", False),
        ("prepared.conf", False),
        ("touched.txt", False),
        ("<<EOF", False),
        ("link", True),
        ("good-link", False),
        ("in-ci.conf", False),
    ],
)
def test_a_file_is_absent_unless_something_makes_it(tmp_path: Path, source: str, absent: bool) -> None:
    files = {
        "Makefile": "made.sh:\n\ttouch touched.txt\n" + BUILD.format("", ".").replace(":", ": needed.sh", 1),
        ".gitmodules": '[submodule "sub"]\n\tpath = sub\n',
        ".gitignore": "/ignored/\n*.out\n",
        "prepare.sh": "#!/bin/sh\necho >prepared.conf\n",
        ".github/workflows/build.yml": "steps: [{run: touch in-ci.conf}]\n",
    }
    text = f"FROM a:1\nARG KNOWN=absent\nCOPY {source} /to\nEOF\n"
    found = _found(tmp_path, text, files=files, links={"link": "nowhere", "good-link": "prepare.sh"})
    places = [(each.code, each.place.line, each.place.column, each.place.length) for each in found]
    assert places == ([("E613", 3, 6, len(source))] if absent else [])


@pytest.mark.parametrize(
    ("use", "absent"),
    [
        ("RUN true", False),
        ("COPY --from=other /x /", True),
        ("COPY --from=0 /x /", True),
        ("RUN --mount=type=bind,from=other,target=/o true", True),
        ("FROM other", True),
    ],
)
def test_a_stage_that_the_image_does_not_need_is_not_built(tmp_path: Path, use: str, absent: bool) -> None:
    codes = _codes(tmp_path, f"FROM a:1 AS other\nCOPY absent /\nFROM b:1\n{use}\n")
    assert ("E613" in codes) == absent


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("RUN get $TARGETARCH", True),
        ("ENV ARCH=${TARGETARCH}", True),
        ("WORKDIR /src/$SKY", True),
        ("ARG SKY\nWORKDIR /src/$SKY", False),
        ("ARG TARGETARCH\nRUN get $TARGETARCH", False),
        ("RUN TARGETARCH=$(uname -m) && get $TARGETARCH", False),
        ("RUN for TARGETOS in a b; do get $TARGETOS; done", False),
        ("RUN echo '$TARGETARCH' >/x", False),
        ("RUN echo \\$TARGETARCH >/x", False),
        ("RUN <<EOF\nget $TARGETARCH\nEOF", False),
        ("CMD run $TARGETARCH", False),
        ("RUN get $NODE_VERSION", False),
        ("RUN get $OTHER", False),
    ],
)
def test_an_argument_that_the_stage_does_not_declare_is_found(tmp_path: Path, lines: str, found: bool) -> None:
    text = f"ARG SKY=1\nARG NODE_VERSION=20\nFROM node:$NODE_VERSION AS base\nFROM base\n{lines}\n"
    files = {"Dockerfile": text}
    wrapper = example_wrapper.write(tmp_path / "wrapper", {"files": files})
    assert [each.code for each in check(wrapper, lambda code: code == "W631").findings] == ["W631"] * found


def test_what_another_target_of_the_dockerfile_copies_is_not_looked_for(tmp_path: Path) -> None:
    files = {"Makefile": BUILD.format("--target runtime", ".")}
    assert _codes(tmp_path, "FROM a:1 AS runtime\nFROM runtime\nCOPY absent /\n", files=files) == []


@pytest.mark.parametrize("flags", ["--from=build", "--parents"])
def test_what_a_copy_takes_from_elsewhere_is_not_looked_for(tmp_path: Path, flags: str) -> None:
    assert _codes(tmp_path, f"FROM a:1 AS build\nFROM b:1\nCOPY {flags} absent /\n") == []


def test_files_of_another_context_are_not_looked_for(tmp_path: Path) -> None:
    files = {"Makefile": BUILD.format("-f Dockerfile", "sky")}
    assert _codes(tmp_path, "FROM a:1\nCOPY absent /\n", files=files) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [(".git", True), ("./.git/", True), (".git/HEAD", True), (".gitignore", False), ("a/.git", False)],
)
def test_the_git_folder(tmp_path: Path, source: str, found: bool) -> None:
    files = {".gitignore": "", "a/.git": ""}
    assert _codes(tmp_path, f"FROM a:1\nCOPY {source} /x\n", files=files) == ["W614"] * found


# --- W615 to W618: what StartOS does with the image ------------------------------------------------------------------


def test_a_healthcheck_counts_only_if_it_is_in_the_image(tmp_path: Path) -> None:
    assert _codes(tmp_path / "a", "FROM a:1 AS base\nHEALTHCHECK CMD true\nFROM b:1\n") == []
    assert _codes(tmp_path / "b", "FROM a:1 AS base\nHEALTHCHECK CMD true\nFROM base\n") == ["W615"]


@pytest.mark.parametrize(
    ("path", "lost"),
    [
        ("/sky", True),
        ("/sky/", True),
        ('["/sky"]', True),
        ("$SKY", True),
        ("/data", False),
        # The container engine puts the VOLUME on top of the mount.
        ("/data/sky", True),
        ("/data/cache", False),
        ("/", False),
        ("/sky/cache", False),
        ("/unused", False),
        ("/mentioned", False),
    ],
)
def test_a_volume_that_the_service_uses_is_to_be_mounted(tmp_path: Path, path: str, lost: bool) -> None:
    script = "#!/bin/sh\nln -s /data/x /mentioned\nexec tini -- sky\n"
    text = f"FROM a:1\nENV SKY=/sky A=/data B=/data/sky C=/sky/cache D=/mentioned E=/\nVOLUME {path}\n"
    assert _codes(tmp_path, text, files={"docker_entrypoint.sh": script}) == ["W617"] * lost


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("COPY docker_entrypoint.sh /usr/local/bin/", True),
        ("COPY docker_entrypoint.sh /usr/local/bin", True),
        ("COPY docker_entrypoint.sh /usr/local/bin/docker_entrypoint.sh", True),
        ("COPY LICENSE docker_entrypoint.sh /usr/local/bin/\nRUN chmod +x /usr/local/bin/other", True),
        ("COPY LICENSE /usr/local/bin/docker_entrypoint.sh", True),
        ("COPY --chmod=0755 docker_entrypoint.sh /usr/local/bin/", False),
        ("COPY docker_entrypoint.sh /usr/local/bin/\nRUN chmod a+x /usr/local/bin/docker_entrypoint.sh", False),
        ("COPY docker_entrypoint.sh /usr/local/bin/\nRUN chmod a+x /usr/local/bin/*.sh", False),
        ("COPY docker_entrypoint.sh /usr/local/bin/\nRUN chmod -R 755 /usr/local/bin", False),
        ("COPY docker_entrypoint.sh /tmp/\nRUN install -m 755 /tmp/docker_entrypoint.sh /usr/bin", False),
        ("COPY docker_entrypoint.sh /usr/local/bin/start.sh", False),
        ("COPY LICENSE /", False),
        ("COPY --from=build docker_entrypoint.sh /usr/local/bin/", False),
    ],
)
def test_an_entrypoint_without_run_bits(tmp_path: Path, lines: str, found: bool) -> None:
    modes = {"docker_entrypoint.sh": "644", "LICENSE": "644"}
    assert _codes(tmp_path, f"FROM a:1 AS build\nFROM b:1\n{lines}\n", modes=modes) == ["E618"] * found


@pytest.mark.parametrize(("entrypoint", "found"), [("/run/sky.sh", True), ("/sky.sh", False), ("sh", False)])
def test_an_entrypoint_by_its_whole_path(tmp_path: Path, entrypoint: str, found: bool) -> None:
    manifest = f"main:\n  type: docker\n  image: main\n  entrypoint: {entrypoint}\n  mounts:\n    main: /data\n"
    files = {"sky.sh": "#!/bin/sh\n"}
    assert _codes(tmp_path, "FROM a:1\nCOPY sky.sh /run/\n", manifest=manifest, files=files) == ["E618"] * found


# --- Arbitrary text --------------------------------------------------------------------------------------------------

MANY = {
    "lines": "RUN a \\\n" * 130_000,
    "updates": "RUN apk update\n" * 9_900,
    "updates in one": "RUN " + "apk update;" * 30_000,
    "downloads": "RUN " + "curl -o x http://a/x;" * 20_000,
    "pipes": "RUN " + "curl http://a | " * 30_000,
    "stages": "".join(f"FROM s{at - 1} AS s{at}\nENV V{at}=1\nRUN apk add x\n" for at in range(1, 3_300)),
    "quotes": "RUN " + "'\"'\\\"" * 100_000,
    "doubling": "ENV " + "A=$A${A:-$A} " * 60_000,
    "heredocs": "RUN <<EOF\napk add x\nEOF\n" * 3_300,
    "sums": "".join(f"RUN curl -o f{at} http://x/f{at}\nRUN sha256sum x\n" for at in range(4_900)),
    "absent": "COPY absent /\n" * 9_900,
    "spaces": "RUN " + " " * 1_000_000,
}


@pytest.mark.parametrize("name", MANY)
def test_a_hostile_dockerfile_costs_little(tmp_path: Path, name: str) -> None:
    with little_cpu():
        _found(tmp_path, "FROM s0\n" + MANY[name])


def test_nothing_is_read_or_run_outside_of_the_wrapper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM outside:latest\n")
    assert _codes(tmp_path, "FROM inside:1\n") == []
    wrapper = example_wrapper.write(tmp_path / "other", {"files": {"Dockerfile": None}})
    assert check(wrapper, lambda code: code.startswith("W6")).findings == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Dockerfile", "other", "wrapper"]
