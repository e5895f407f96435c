"""The answers that follow from an image's config, and what is missing or a note."""

import shlex
from typing import Any

import pytest
import yaml

from startos_wrapper.files.images.image_config import ImageConfig
from startos_wrapper.rendering import Template
from startos_wrapper.upstream_image.advice import Advice, advise
from startos_wrapper.upstream_image.seen import Seen


def advice(platform: str = "linux/amd64", *, pinned: str | None = "a/b:1", **settings: Any) -> Advice:
    system, architecture = platform.split("/")
    read = ImageConfig.of({"os": system, "architecture": architecture, "config": settings})
    return advise(Seen("a", "b", read, (platform,), is_complete=False, pinned=pinned, unread="The files weren't read."))


def missing(found: Advice) -> dict[str, tuple[Any, ...]]:
    return {each.name: each.choices for each in found.missing}


@pytest.mark.parametrize(
    ("entrypoint", "cmd", "run"),
    [
        (["/docker-entrypoint.sh"], ["nginx", "-g", "daemon off;"], "/docker-entrypoint.sh nginx -g 'daemon off;'"),
        (None, ["app"], "app"),
        (["/init"], None, "/init"),
        (["app", "it's", "$HOME", "a*", ""], None, """app 'it'"'"'s' '$HOME' 'a*' ''"""),
        (["app", "--a=b: c"], None, ["app '--a=b: c'"]),
        (["my app", "x"], None, ["'my app' x"]),
        (["on"], None, ["on"]),
        (["8080"], None, ["8080"]),
        (["A=b", "-x"], None, ["'A=b' -x"]),
        (["-x"], None, ["'-x'"]),
        (["/sbin/tini", "--"], ["app", "-x"], "app -x"),
        (["tini", "-s", "--", "app"], None, "app"),
        (["tini", "-p", "SIGTERM", "--", "app"], None, "tini -p SIGTERM -- app"),
        (["/usr/bin/dumb-init"], ["app"], "app"),
        (["/sbin/tini", "--"], None, "/sbin/tini --"),
        (["/bin/sh", "-c", "exec app --dir $DATA"], None, "app --dir $DATA"),
        (["/bin/sh", "-c", "a && b"], None, "/bin/sh -c 'a && b'"),
        (["/bin/sh", "-c", "a"], ["b"], "/bin/sh -c a b"),
        (None, None, None),
        (None, ["/bin/bash"], None),
        (["sh"], None, None),
        (None, ["python3"], None),
        (["app", "two\nlines"], None, None),
        (["app", "\x1b[2J"], None, None),
    ],
)
def test_the_command_is_quoted_as_the_question_wants_it(entrypoint: Any, cmd: Any, run: Any) -> None:
    found = advice(Entrypoint=entrypoint, Cmd=cmd)
    if run is None:
        assert "run" not in found.answers and "run" in missing(found)
        return
    assert found.answers["run"].value == run
    assert "run" not in missing(found)
    answers = {"service_id": "a", **{name: answer.value for name, answer in found.answers.items()}}
    assert Template().refusals(answers) == []
    text = run if isinstance(run, str) else run[0]
    if "$DATA" not in text:
        words = [*(entrypoint or []), *(cmd or [])]
        assert words[-len(shlex.split(text)) :] == shlex.split(text)


@pytest.mark.parametrize(
    ("volumes", "answer"),
    [
        (["/var/lib/desk"], {"main": "/var/lib/desk"}),
        (["/data/", "/config"], {"main": "/config", "data": "/data"}),
        (["/data", "/data/", "/data/."], {"main": "/data"}),
        (["/var/lib/desk/db", "/var/lib/desk"], {"main": "/var/lib/desk", "db": "/var/lib/desk/db"}),
        (["/a/data", "/b/data", "/c/data", "/d/1"], {"main": "/a/data", "data": "/b/data", "data-a": "/c/data", "data-b": "/d/1"}),
        (["/var/cache/x", "/tmp"], None),
        (["/", "/etc", "/dev/x", "/a b", "relative"], None),
        ([], None),
    ],
)  # fmt: skip
def test_each_volume_with_data_is_mounted_the_outer_one_first(volumes: list[str], answer: Any) -> None:
    found = advice(Volumes={path: {} for path in volumes}, Cmd=["app"])
    if answer is None:
        assert "volumes" not in found.answers and "volumes" in missing(found)
        assert len([note for note in found.notes if "VOLUME" in note]) == len(volumes)
        return
    assert list(found.answers["volumes"].value.items()) == list(answer.items())
    answers = {"service_id": "a", **{name: each.value for name, each in found.answers.items()}}
    assert Template().refusals(answers) == []


@pytest.mark.parametrize(
    ("ports", "guess", "choices"),
    [
        (["80/tcp"], 80, None),
        (["8080"], 8080, None),
        (["80/tcp", "443/tcp"], 80, None),
        (["443/tcp"], 443, None),
        (["80/tcp", "9000/tcp", "53/udp"], None, (80, 9000)),
        (["53/UDP", "80/TCP"], 80, None),
        (["0/tcp", "70000/tcp", "8000-8010/tcp", "٨٨/tcp"], None, ()),
        (["6379/tcp"], 0, None),
        (["22/tcp", "5432/tcp"], 0, None),
        (["22000/tcp", "22000/udp", "8384/tcp"], 8384, None),
        (["6379/tcp", "8080/tcp", "443/tcp"], 8080, None),
        (["1883/tcp", "8080/tcp", "9001/tcp"], None, (8080, 9001)),
        (["53/udp"], None, ()),
        ([], None, ()),
    ],
)
def test_a_port_is_a_guess_and_several_are_a_question(ports: list[str], guess: Any, choices: Any) -> None:
    found = advice(ExposedPorts={port: {} for port in ports})
    if guess is None:
        assert "ui_port" not in found.answers and missing(found)["ui_port"] == choices
        assert ("interfaces" in missing(found)) == (len(choices) > 1)
    else:
        assert found.answers["ui_port"].value == guess and found.answers["ui_port"].is_guess
        offered = next((each.reason.partition("e.g. ")[2] for each in found.missing if each.name == "interfaces"), "")
        assert bool(offered) == (guess == 0 or len(ports) > 2)
        if guess == 0 or len(ports) > 2:
            assert "protocols: [tcp]" in offered
        answers = {"service_id": "a", "base": "image", "upstream_image": "a:1", "run": "a", "ui_port": guess}
        assert not offered or Template().refusals({**answers, "interfaces": yaml.safe_load(offered)}) == []


def said(found: Advice) -> str:
    return " ".join(found.notes)


def test_what_the_wrapper_changes_or_needs_is_a_note() -> None:
    assert said(advice(Entrypoint=["/init"], Env=["S6_VERBOSITY=1"])).startswith(
        "This is the image for x86_64. It may not exist for other processors. /init is s6-overlay, which must be process 1"
    )
    assert "/init is its own init" in said(advice(Entrypoint=["/init"]))
    assert "The image runs as 1000:1000, but" in said(advice(User="1000:1000"))
    assert "From a tar of the image, we can tell how." in said(advice(User="1000:1000"))
    for user in ("0:0", "root", "0:1000", "root:", " "):
        assert "runs as" not in said(advice(User=user))
    assert "STOPSIGNAL, SIGWINCH." in said(advice(StopSignal="SIGWINCH"))
    assert "STOPSIGNAL" not in said(advice(StopSignal="15"))
    assert "UDP" in said(advice(ExposedPorts={"53/udp": {}}))


def test_an_image_that_does_not_name_its_processor_leaves_arches_open() -> None:
    found = advise(Seen("a", "b", ImageConfig.of({}), ("",), is_complete=False, pinned=None))
    assert {"arches", "run", "volumes", "ui_port"} <= missing(found).keys()


def test_instructions_that_the_wrappers_build_runs_are_a_note() -> None:
    assert "ONBUILD instructions, which Docker runs when it builds the wrapper: COPY . /app" in said(
        advice(OnBuild=["COPY . /app"])
    )
