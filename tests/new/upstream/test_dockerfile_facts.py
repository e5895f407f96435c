"""What a Dockerfile says of its image: evaluated as Docker does, for the stage that's for users."""

import time
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.errors import RefusedError
from startos_wrapper.new.upstream.dockerfile_facts import read_dockerfile
from startos_wrapper.new.upstream.facts import Fact, PortFact


def facts(folder: Path, text: str, target: str = "", **arguments: str) -> list[Fact]:
    (folder / "Dockerfile").write_text(text)
    return read_dockerfile(folder / "Dockerfile", target, shown="docker/Dockerfile", arguments=arguments)


def values(found: list[Fact], name: str) -> list[Any]:
    return [fact.value for fact in found if fact.name == name]


def last(found: list[Fact], name: str) -> Any:
    return values(found, name)[-1]


# --- What the image starts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "run", "note"),
    [
        ('FROM alpine\nENTRYPOINT ["app"]\nCMD ["--port", "80"]', "app --port 80", "ENTRYPOINT and CMD"),
        ('FROM alpine\nENTRYPOINT ["/sbin/tini", "--"]\nCMD ["app"]', "app", "without /sbin/tini"),
        ('FROM alpine\nENTRYPOINT ["dumb-init", "--", "a"]\nCMD ["b c"]', "a 'b c'", "without dumb-init"),
        ("FROM alpine\nCMD app --db $DB", "app --db $DB", "without /bin/sh -c"),
        ("FROM alpine\nCMD exec app \\\n  # a comment\n  --db 'a  b'", "app --db 'a  b'", "CMD"),
        ("FROM alpine\nCMD a && b", "/bin/sh -c 'a && b'", "CMD"),
        ('FROM alpine\nSHELL ["/bin/bash", "-c"]\nCMD a && b', "/bin/bash -c 'a && b'", "CMD"),
        ('FROM nginx:1.27\nCMD ["app"]', "app", "nginx:1.27, may have an ENTRYPOINT"),
        ('FROM alpine\nCMD ["old"]\nCMD ["new"]', "new", "CMD"),
    ],
)
def test_the_command_is_what_a_container_runs(lines: str, run: str, note: str, tmp_path: Path) -> None:
    found = next(fact for fact in facts(tmp_path, lines) if fact.name == "run")
    assert found.value == run and note in found.note


def test_both_lines_of_the_command_are_its_places(tmp_path: Path) -> None:
    found = facts(tmp_path, 'FROM alpine\nENTRYPOINT ["app"]\nEXPOSE 1\nCMD ["x"]')
    assert next(fact for fact in found if fact.name == "run").places == ("docker/Dockerfile:2", "docker/Dockerfile:4")


def test_an_entrypoint_drops_the_command_of_an_earlier_stage(tmp_path: Path) -> None:
    text = 'FROM alpine AS a\nCMD ["x"]\nFROM a AS b\nENTRYPOINT ["app"]\n'
    assert last(facts(tmp_path, text), "run") == "app"
    assert last(facts(tmp_path, text + 'CMD ["y"]\n'), "run") == "app y"
    assert last(facts(tmp_path, 'FROM alpine\nCMD ["x"]\nENTRYPOINT ["app"]\n'), "run") == "app x"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("FROM nginx:1.27\nCOPY a /usr/share/nginx/html", "only its base image, nginx:1.27, says"),
        ("FROM alpine:3.20", "has neither ENTRYPOINT nor CMD"),
        ('FROM alpine\nCMD ["sh"]', "starts sh, which isn't a service"),
    ],
)
def test_a_missing_command_is_not_guessed(lines: str, reason: str, tmp_path: Path) -> None:
    found = next(fact for fact in facts(tmp_path, lines) if fact.name == "run")
    assert found.value is None and reason in found.note


def test_a_compiled_program_has_no_folder_and_no_variables_of_the_old_image(tmp_path: Path) -> None:
    found = facts(
        tmp_path,
        """FROM rust:1.90 AS build
RUN cargo build --release
FROM debian:bookworm-slim
ARG HOME_DIR=/opt/relay
ARG STORE=/opt/relay/db
COPY --from=build /src/target/release/relay ${HOME_DIR}/relay
WORKDIR ${HOME_DIR}
ENV STORE=${STORE}
CMD ./relay --db ${STORE}
""",
    )
    assert last(found, "run") == "./relay --db ${STORE}"
    assert last(found, "run_compiled") == "relay --db /opt/relay/db"
    assert last(found, "workdir") == "/opt/relay"


@pytest.mark.parametrize(
    ("command", "run"),
    [
        ('["/usr/bin/desk", "-x"]', "desk -x"), ('["/bin/start.sh", "/usr/bin/desk"]', None), ('["desk"]', None),
        ('["/opt/other"]', None), ('["./desk"]', "desk"), ('["../bin/desk"]', "desk"),
    ],
)  # fmt: skip
def test_a_compiled_program_is_in_path_wherever_the_image_has_it(command: str, run: str | None, tmp_path: Path) -> None:
    text = f"FROM golang AS b\nFROM alpine\nWORKDIR /usr/bin\nCOPY --from=b /desk /start.sh ./\nENTRYPOINT {command}"
    assert (values(facts(tmp_path, text), "run_compiled") or [None])[-1] == run


def test_a_secret_is_not_filled_in(tmp_path: Path) -> None:
    text = "FROM rust AS b\nFROM alpine\nENV PORT=80 DB_PASSWORD=hunter2\nCOPY --from=b /x /x\nCMD /x --port $PORT --key $DB_PASSWORD"
    assert last(facts(tmp_path, text), "run_compiled") == "x --port 80 --key $DB_PASSWORD"


def test_files_beside_a_compiled_program_are_listed(tmp_path: Path) -> None:
    text = """FROM golang AS build
FROM alpine
COPY --from=build /go/bin/desk /go/bin/deskctl /bin/
COPY scripts/start.sh /bin/start.sh
ADD https://example.com/x.tar.gz /opt/
ENTRYPOINT ["/bin/start.sh", "/bin/desk"]
"""
    files = [
        ("/go/bin/deskctl", "/bin/deskctl"),
        ("scripts/start.sh", "/bin/start.sh"),
        ("https://example.com/x.tar.gz", "/opt/x.tar.gz"),
    ]
    assert values(facts(tmp_path, text), "copied_file") == files
    assert values(facts(tmp_path, text.replace("golang", "node")), "copied_file") == []


def test_the_program_and_the_repository_name_the_service(tmp_path: Path) -> None:
    text = "FROM golang AS build\nFROM alpine\nCOPY --from=build /go/bin/desk /bin/\nCMD desk\n"
    assert values(facts(tmp_path, text), "service_id") == ["desk"]
    label = "LABEL org.opencontainers.image.source=https://example.com/a/desk-app\n"
    assert values(facts(tmp_path, f"FROM node\n{label}CMD x"), "service_id") == ["desk-app"]
    assert values(facts(tmp_path, "FROM node\nCMD x"), "service_id") == []


# --- The stage -----------------------------------------------------------------------------------------------------------


RELEASE = 'FROM alpine AS release\nCMD ["app"]\n'


@pytest.mark.parametrize(
    ("text", "target", "stage"),
    [
        (RELEASE + "FROM alpine AS upload\nRUN apk add curl", "", "release"),
        (
            RELEASE + 'FROM release AS nightly\nRUN x\nFROM alpine AS pr-test\nCMD ["t"]\nFROM alpine AS upload',
            "",
            "release",
        ),
        (RELEASE + "FROM example.com/base AS upload\nCOPY --from=release /x /x\nRUN curl x", "", "release"),
        (RELEASE + "FROM example.com/base AS web\nCOPY a /b\nEXPOSE 80", "", "web"),
        (RELEASE + "FROM release AS rootless\nUSER 1\nFROM example.com/base AS upload\nCOPY x /x", "", "release"),
        (RELEASE + "FROM release AS plus", "", "plus"),
        (RELEASE + "FROM release AS plus", "release", "release"),
        (RELEASE + 'FROM release AS debug\nCMD ["d"]', "", "release"),
        ('FROM node AS dev\nCMD ["npm", "run", "dev"]\nFROM nginx\nCOPY a /b', "", ""),
        ('FROM node AS dev\nCMD ["x"]\nFROM nginx AS production\nCOPY a /b', "", "production"),
        ("FROM alpine AS a\nFROM alpine AS b", "", "b"),
    ],
)
def test_the_stage_is_the_one_for_users(text: str, target: str, stage: str, tmp_path: Path) -> None:
    assert last(facts(tmp_path, text, target), "stage") == stage


def test_a_stage_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="docker/Dockerfile: has no stage prod"):
        facts(tmp_path, RELEASE, "prod")


# --- Values --------------------------------------------------------------------------------------------------------------


def test_variables_are_filled_in_where_docker_does(tmp_path: Path) -> None:
    found = facts(
        tmp_path,
        """ARG BASE=alpine:3.20
ARG PORT=1
FROM ${BASE}
ARG PORT=8080
ARG UNKNOWN
ENV A=1 B=$A
ENV DIR=/srv/${UNSET:-app}
EXPOSE $PORT ${PORT}/udp 7000-7002/tcp $UNKNOWN 99999
WORKDIR $DIR
WORKDIR sub
USER ${USER_ID:-1000}
VOLUME ["$DIR/data", "/var/$UNKNOWN"]
STOPSIGNAL SIGINT
ENV OLD style value
LABEL "com.example.x"="y" single=$PORT
""",
    )
    assert last(found, "base_image") == "alpine:3.20"
    numbers = [PortFact(8080), PortFact(8080, "udp"), PortFact(7000), PortFact(7001), PortFact(7002), None, None]
    assert values(found, "port") == numbers
    assert last(found, "workdir") == "/srv/app/sub" and last(found, "user") == "1000"
    assert values(found, "volume") == ["/srv/app/data", None]
    assert last(found, "stop_signal") == "SIGINT"
    # A variable of the same line isn't set yet.
    assert dict(values(found, "environment")) == {"A": "1", "B": None, "DIR": "/srv/app", "OLD": "style value"}
    assert dict(values(found, "label")) == {"com.example.x": "y", "single": "8080"}


def test_given_build_arguments_replace_defaults_and_env_wins(tmp_path: Path) -> None:
    text = "ARG TAG=1\nFROM alpine:$TAG\nARG PORT=1\nENV MODE=a\nARG MODE=b\nEXPOSE $PORT\nLABEL mode=$MODE"
    found = facts(tmp_path, text, TAG="3.20", PORT="90", MODE="c")
    assert last(found, "base_image") == "alpine:3.20" and values(found, "port") == [PortFact(90)]
    assert values(found, "label") == [("mode", "a")]


def test_a_value_of_the_base_image_s_environment_is_unknown(tmp_path: Path) -> None:
    found = facts(tmp_path, "FROM alpine\nENV PATH=/app/bin:$PATH\nWORKDIR $HOME\nWORKDIR x")
    assert values(found, "environment") == [("PATH", None)] and last(found, "workdir") is None


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (
            "HEALTHCHECK --interval=5s \\\n  CMD curl -f http://localhost/ || exit 1",
            "curl -f http://localhost/ || exit 1",
        ),
        ('HEALTHCHECK CMD ["wget", "-q", "a b"]', "wget -q 'a b'"),
        ("HEALTHCHECK NONE", ""),
    ],
)
def test_a_health_check_is_a_command_in_shell_syntax(line: str, command: str, tmp_path: Path) -> None:
    assert last(facts(tmp_path, f"FROM alpine\n{line}"), "health") == command


def test_labels_say_what_the_service_is(tmp_path: Path) -> None:
    found = facts(
        tmp_path,
        """FROM alpine
LABEL org.opencontainers.image.title="Desk" \\
      org.opencontainers.image.source="git@example.com:desk/desk.git" \\
      org.opencontainers.image.licenses=MPL-2.0 \\
      org.opencontainers.image.url=https://desk.example.com \\
      org.opencontainers.image.version=v2.4.0-rc1
LABEL org.label-schema.description="Counts  pens"
""",
    )
    said = {fact.name: fact.value for fact in found}
    assert said["title"] == "Desk" and said["license"] == "MPL-2.0" and said["version"] == "2.4.0"
    assert (
        said["upstream_repo"] == "https://example.com/desk/desk"
        and said["marketing_site"] == "https://desk.example.com"
    )
    assert said["short_description"] == "Counts pens"


def test_without_a_volume_a_variable_may_name_the_data(tmp_path: Path) -> None:
    text = "FROM alpine\nENV APP_DATA=/srv/db DATA_DIR=/srv/db/x PATH_INFO=/y DATABASE_URL=sqlite:/z\n"
    assert values(facts(tmp_path, text), "volume_guess") == ["/srv/db"]
    assert values(facts(tmp_path, text + "VOLUME /data\n"), "volume_guess") == []


# --- The build -----------------------------------------------------------------------------------------------------------


def test_what_a_new_image_drops_is_listed(tmp_path: Path) -> None:
    found = facts(
        tmp_path,
        """FROM golang:1.24 AS build
ARG url=https://example.com/desk/desk.git
RUN apk add git && git clone $url /src && cd /src && make release
FROM node:22 AS unused
RUN npm ci
FROM debian:bookworm-slim
RUN apt-get update && apt-get -y install --no-install-recommends -t stable ca-certificates tzdata && rm -rf /x
RUN apk add --no-cache --virtual .build gcc && apk add jq
COPY --from=build /src/desk /bin/
ENTRYPOINT ["desk"]
""",
    )
    packages = [("apt-get", ("ca-certificates", "tzdata")), ("apk", ("jq",))]
    assert values(found, "distro_packages") == packages
    assert values(found, "build_command") == ["make release"]
    assert next(fact for fact in found if fact.name == "upstream_repo").value == "https://example.com/desk/desk"
    assert last(found, "base") == "golang"


def test_stages_that_share_one_list_its_commands_once(tmp_path: Path) -> None:
    text = "FROM golang AS src\nRUN make deps\nFROM src AS a\nRUN make a\nFROM src AS b\nRUN make b\nFROM alpine\n"
    text += "COPY --from=a /a /\nCOPY --from=b /b /\nCMD /a"
    assert values(facts(tmp_path, text), "build_command") == ["make deps", "make a", "make b"]


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("FROM golang AS b\nFROM alpine\nCOPY --from=b /x /bin/x\nCMD x", "golang"),
        ("FROM rust:1 AS b\nFROM scratch\nCOPY --from=b /x /x\nENTRYPOINT [\"/x\"]", "rust"),
        ("FROM example.com/musl AS b\nRUN cargo build --release\nFROM alpine\nCOPY --from=b /x /x\nCMD /x", "rust"),
        ("ARG GO=1.24\nFROM golang:$GO-alpine AS b\nFROM alpine\nCOPY --from=b /x /x\nCMD /x", "golang"),
        ("FROM node AS web\nRUN npm ci\nFROM golang AS b\nFROM alpine\nCOPY --from=web /w /w\nCOPY --from=b /x /x\nCMD /x", "golang"),
        ("FROM golang AS a\nFROM rust AS b\nFROM alpine\nCOPY --from=a /tool /bin/tool\nCOPY --from=b /app /bin/app\nCMD app", "rust"),
        ("FROM node:22-alpine\nCMD [\"./start.sh\"]", "node"),
        ("FROM example.com/base\nENTRYPOINT [\"dumb-init\", \"--\"]\nCMD [\"node\", \"a.js\"]", "node"),
        ("FROM python:3.13-slim\nCMD ./start.sh", "python"),
        ("FROM alpine\nRUN apk add python3\nCMD gunicorn app:app", "python"),
        ("FROM golang:1.24\nRUN go build -o /app .\nCMD /app", "golang"),
        ("FROM golang AS t\nRUN go install x/envsubst\nFROM alpine\nCOPY --from=t /go/bin/envsubst /bin/\nCOPY start.sh /\nCMD /start.sh", None),
        ("FROM golang AS b\nCOPY . .\nFROM alpine\nCOPY --from=b /go/bin/app /bin/\nCOPY start.sh /\nCMD /start.sh", "golang"),
        ("FROM golang AS b\nRUN --mount=type=bind,target=. go build\nFROM alpine\nCOPY --from=b /app /bin/\nCMD /start.sh", "golang"),
        ("FROM php:8-apache\nCOPY . /var/www", None),
        ("FROM alpine\nCOPY x /x\nCMD /x", None),
    ],
)  # fmt: skip
def test_the_base_follows_from_what_runs_and_where_it_was_compiled(text: str, base: str | None, tmp_path: Path) -> None:
    assert (values(facts(tmp_path, text), "base") or [None])[-1] == base


# --- Hostile -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\n" * 1_000_000, "has more than 10,000 lines"),
        (b"RUN x\n" * 200_000, "larger than 1024 KiB"),
        (b"\xff\xfe\x00", "can't be read"),
        (b"FROM \xff", "can't be read"),
        (b"", "has no FROM"),
        (b"<html>", "has no FROM"),
    ],
    ids=range(6),
)
def test_a_file_that_is_no_dockerfile_is_one_clear_line(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(data)
    began = time.process_time()
    with pytest.raises(RefusedError, match=message) as error:
        read_dockerfile(tmp_path / "Dockerfile", shown="x/Dockerfile")
    assert str(error.value).startswith("x/Dockerfile: ") and "\n" not in str(error.value)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "lines",
    [
        "FROM a AS a\nFROM a AS a\nFROM a AS a\nCMD x",
        "FROM ${X\nCMD ${\nEXPOSE ${P\nVOLUME [\nWORKDIR\nUSER\nHEALTHCHECK\nHEALTHCHECK CMD\nLABEL\nENV\nENTRYPOINT\nSHELL",
        "FROM alpine\n" + "ENV A=$A$A$A$A$A$A$A$A$A$A\n" * 5000,
        "FROM alpine\nENV A=xxxxxxxx\n" + "ENV A=$A$A\n" * 5000,
        "FROM alpine\nCMD " + "[" * 9000,
        'FROM alpine\nENTRYPOINT ["\x00", "\x1b[2J"]\nCMD ["' + "a" * 100_000 + '"]',
        "FROM alpine\nEXPOSE 1-65535\nEXPOSE " + "1-65535 " * 1000,
        "FROM alpine AS s0\n" + "".join(f"FROM s{n} AS s{n + 1}\nENV V{n}=1\n" for n in range(900)),
        "FROM alpine\nCOPY --from=9 a b\nCOPY --from=0 a b\nCOPY --from=\nRUN git clone $(x) && make 'un",
    ],
    ids=range(9),
)
def test_strange_instructions_take_no_time_and_raise_nothing(lines: str, tmp_path: Path) -> None:
    began = time.process_time()
    assert facts(tmp_path, lines)
    assert time.process_time() - began < 2
