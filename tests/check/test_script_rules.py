"""The scripts that procedures run: which ones are found, and the rules about all of them."""

from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.check.engine import check, repair
from startos_wrapper.check.registry import Finding
from startos_wrapper.files.procedure_scripts import scripts_of
from startos_wrapper.files.wrapper import Wrapper
from tests.check import example_wrapper

GOOD = "#!/bin/sh\nset -eu\nexec tini -- httpd -f\n"
IMAGE = "FROM alpine:3.24\nRUN apk add --no-cache tini\nCOPY docker_entrypoint.sh check.sh /usr/local/bin/\n"
BIN = "/usr/local/bin"


def _procedure(entrypoint: str, args: str = "[]", more: str = "") -> str:
    mounts = "mounts: {main: /data, compat: /mnt/assets}"
    return f"{{type: docker, image: main, entrypoint: {entrypoint}, args: {args}, {mounts}{more}}}"


def _manifest(**procedures: str) -> str:
    """Return stanzas with an assets volume, and the given procedures instead of the example's."""
    main = procedures.get("main", _procedure("docker_entrypoint.sh"))
    health = procedures.get("health", _procedure("check.sh")).replace("{", "{name: Web, ", 1)
    create = procedures.get("create", _procedure("/mnt/assets/backup.sh", "[create]"))
    action = procedures.get("action", _procedure("/mnt/assets/action.sh", more=", io-format: json"))
    return (
        f"main: {main}\nhealth-checks:\n  web: {health}\nvolumes:\n  main: {{type: data}}\n  compat: {{type: assets}}\n"
        f"backup:\n  create: {create}\n  restore: {create}\n"
        f"actions:\n  reset:\n    name: R\n    description: R\n    allowed-statuses: []\n    implementation: {action}\n"
    )


def _write(
    folder: Path, files: dict[str, Any] | None = None, modes: dict[str, str] | None = None, **given: str
) -> Path:
    """Write a wrapper whose main, health check, backup and action each run a script."""
    names = ("docker_entrypoint.sh", "check.sh", "assets/compat/backup.sh", "assets/compat/action.sh")
    files = {"Dockerfile": given.pop("image", IMAGE), **dict.fromkeys(names, GOOD), **(files or {})}
    modes = {name: "755" for name in names if files[name]} | (modes or {})
    for name in [name for name in names if files[name] is None]:
        del files[name]
    change = {"files": files, "modes": modes, "manifest": _manifest(**given), "folders": ["assets/compat"]}
    return example_wrapper.write(folder / "wrapper", change)


CODES = {"E618", "E701", "E702", "E706", "W706", "E707", "W708", "W709", "W710", "W711", "W712", "W713", "W714", "W715"}
CODES |= {"W716", "W717"}


def _found(wrapper: Path) -> list[Finding]:
    return check(wrapper, lambda code: code in CODES).findings


def _codes(folder: Path, script: str = GOOD, **given: Any) -> list[str]:
    """Return the codes that are found if `script` is main's."""
    files = {"docker_entrypoint.sh": script, **given.pop("files", {})}
    return [finding.code for finding in _found(_write(folder, files, **given))]


# --- Which scripts there are -----------------------------------------------------------------------------------------


def _listed(wrapper: Path) -> list[tuple[str, str | None]]:
    return [(each.procedure.name, each.source.file if each.source else None) for each in scripts_of(Wrapper(wrapper))]


def test_every_kind_of_procedure_is_listed_with_its_file(tmp_path: Path) -> None:
    wrapper = _write(tmp_path)
    assert _listed(wrapper) == [
        ("main", "docker_entrypoint.sh"),
        ("health-checks.web", "check.sh"),
        ("backup.create", "assets/compat/backup.sh"),
        ("backup.restore", "assets/compat/backup.sh"),
        ("actions.reset.implementation", "assets/compat/action.sh"),
    ]
    assert _found(wrapper) == []


@pytest.mark.parametrize(
    ("entrypoint", "args", "file"),
    [
        ("check.sh", "[]", "check.sh"),
        (f"{BIN}/check.sh", "[]", "check.sh"),
        ("sh", f"[{BIN}/check.sh, x]", "check.sh"),
        ("bash", f"[-eu, {BIN}/check.sh]", "check.sh"),
        ("busybox", f"[sh, {BIN}/check.sh]", "check.sh"),
        ("tini", f"[-p, SIGTERM, --, {BIN}/check.sh]", "check.sh"),
        ("sh", f"[-c, '{BIN}/check.sh | grep x']", "check.sh"),
        ("python3", f"[-u, {BIN}/check.sh]", None),
        ("/mnt/assets/../assets/action.sh", "[]", "assets/compat/action.sh"),
        ("/data/check.sh", "[]", None),
        ("/opt/check.sh", "[]", "check.sh"),
        ("curl", "[http://127.0.0.1]", None),
    ],
)
def test_the_file_of_a_procedure(entrypoint: str, args: str, file: str | None, tmp_path: Path) -> None:
    wrapper = _write(tmp_path, health=_procedure(entrypoint, args))
    files = [file for name, file in _listed(wrapper) if name == "health-checks.web" and file]
    assert files == ([file] if file else [])


@pytest.mark.parametrize(
    ("copy", "path"),
    [
        ("COPY check.sh /opt/", "/opt/check.sh"),
        ("COPY check.sh /opt/other.sh", "/opt/other.sh"),
        ("COPY check.sh /opt", "/opt/check.sh"),
        ("COPY ./*.sh /opt/", "/opt/check.sh"),
        ("COPY . /opt", "/opt/check.sh"),
        ("WORKDIR /opt\nCOPY check.sh ./", "/opt/check.sh"),
        ("WORKDIR /opt\nWORKDIR a\nCOPY check.sh .", "/opt/a/check.sh"),
        ("ARG TO=/opt\nADD check.sh $TO/", "/opt/check.sh"),
        ("COPY --parents check.sh /opt/", "/opt/check.sh"),
        ("COPY assets/compat /opt/scripts", "/opt/scripts/action.sh"),
    ],
)
def test_a_copy_says_where_a_file_is(copy: str, path: str, tmp_path: Path) -> None:
    image = f"FROM alpine:3.24\nCOPY docker_entrypoint.sh {BIN}/\n{copy}\n"
    wrapper = _write(tmp_path, image=image, health=_procedure(path))
    (script,) = [each for each in scripts_of(Wrapper(wrapper)) if each.procedure.name == "health-checks.web"]
    assert script.spot.copied and script.spot.copied.path == path


def test_each_image_has_its_own_dockerfile(tmp_path: Path) -> None:
    build = "\tdocker buildx build --tag start9/hello-sky/{0}:1.2.3 -f {1} --output type=docker,dest=docker-images/{0}.tar .\n"
    files = {
        "Makefile": "all:\n" + build.format("main", "Dockerfile") + build.format("tools", "tools.Dockerfile"),
        "tools.Dockerfile": "FROM alpine:3.24\nCOPY tool.sh /bin/check.sh\n",
        "tool.sh": "#!/bin/sh\nif\n",
    }
    health = _procedure("check.sh").replace("image: main", "image: tools")
    (finding,) = _found(_write(tmp_path, files, {"tool.sh": "755"}, health=health))
    assert (finding.code, finding.place.file) == ("E702", "tool.sh")


def test_a_script_inside_the_main_container_is_found_by_the_mounts_of_main(tmp_path: Path) -> None:
    inside = "{type: docker, image: main, inject: true, entrypoint: /mnt/assets/action.sh}"
    assert ("health-checks.web", "assets/compat/action.sh") in _listed(_write(tmp_path, health=inside))


def test_the_deepest_mount_point_counts(tmp_path: Path) -> None:
    health = _procedure("/mnt/assets/action.sh").replace("main: /data", "main: /mnt")
    assert ("health-checks.web", "assets/compat/action.sh") in _listed(_write(tmp_path, health=health))


def test_a_script_is_found_by_its_name_if_its_folder_is_unknown(tmp_path: Path) -> None:
    image = "FROM example/app:1.0\nCOPY scripts/check.sh .\nCOPY docker_entrypoint.sh $WHERE\n"
    files = {"scripts/check.sh": "#!/bin/sh\nfi\n", "check.sh": None}
    (finding,) = _found(_write(tmp_path, files, image=image))
    assert (finding.code, finding.place.file) == ("E702", "scripts/check.sh")


def test_a_binary_is_no_script_and_is_not_read(tmp_path: Path) -> None:
    elf = {"bytes": (b"\x7fELF\x02\x01\x01" + bytes(20)).hex()}
    wrapper = _write(tmp_path, {"check.sh": elf})
    assert ("health-checks.web", "check.sh") not in _listed(wrapper)
    assert "W900" not in {finding.code for finding in check(wrapper).findings}


# --- E618, E701: the file --------------------------------------------------------------------------------------------

SCRIPTS = {
    "docker_entrypoint.sh": "main",
    "check.sh": "health-checks.web",
    "assets/compat/backup.sh": "backup.create",
    "assets/compat/action.sh": "actions.reset.implementation",
}


@pytest.mark.parametrize(("file", "procedure"), SCRIPTS.items())
def test_a_script_without_run_bit_is_found_in_every_procedure(file: str, procedure: str, tmp_path: Path) -> None:
    wrapper = _write(tmp_path, modes={file: "644"})
    (finding,) = _found(wrapper)
    assert finding.code == "E618" and f"{procedure} runs it" in finding.what
    assert [each.code for each in repair(wrapper).fixed] == ["E618"]
    assert (wrapper / file).stat().st_mode & 0o111


@pytest.mark.parametrize(
    ("flag", "found"), [("755", False), ("0644", True), ("+x", False), ("u=rw", True), ("$M", False)]
)
def test_the_mode_of_a_copy_counts(flag: str, found: bool, tmp_path: Path) -> None:
    image = IMAGE.replace("COPY", f"COPY --chmod={flag}")
    assert (
        _codes(tmp_path, image=image, modes=dict.fromkeys(("check.sh", "docker_entrypoint.sh"), "644"))
        == ["E618"] * 2 * found
    )


def test_a_script_that_a_shell_or_the_makefile_gets_needs_no_run_bit(tmp_path: Path) -> None:
    modes = {"check.sh": "644", "assets/compat/backup.sh": "644"}
    files = {"Makefile": "all:\n\tchmod +x assets/compat/*.sh\n"}
    assert _found(_write(tmp_path, files, modes, health=_procedure("sh", f"[{BIN}/check.sh]"))) == []


def test_a_script_that_no_assets_volume_contains_is_found(tmp_path: Path) -> None:
    found = _found(_write(tmp_path, {"assets/compat/backup.sh": None}))
    assert [(finding.code, finding.what.split()[0]) for finding in found] == [
        ("E701", "backup.create"),
        ("E701", "backup.restore"),
    ]


@pytest.mark.parametrize(
    "maker", [{"Makefile": "assets/compat/backup.sh: x\n\tcp x $@\n"}, {".gitignore": "assets/compat/backup.sh\n"}]
)
def test_a_script_that_a_build_makes_is_not_missing(maker: dict[str, str], tmp_path: Path) -> None:
    assert _found(_write(tmp_path, {"assets/compat/backup.sh": None, **maker})) == []


@pytest.mark.parametrize(
    ("image", "entrypoint", "reason"),
    [
        ("COPY check.sh /opt/", f"{BIN}/check.sh", "copies it to /opt/check.sh"),
        ("COPY check.sh /opt/", "check.sh", "isn't in PATH"),
        ("COPY check.sh /data/", "/data/check.sh", "the volume main is mounted over"),
        ("RUN true", "check.sh", "no instruction"),
        ("ENV PATH=/opt:$PATH\nCOPY check.sh /opt/", "check.sh", ""),
        ("COPY check.sh /usr/bin/", "/bin/check.sh", ""),
        ("COPY --from=a/b:1 /out/ /opt/", "/opt/check.sh", ""),
        ("COPY --from=a/b:1 /out/service /usr/local/bin/service", "check.sh", "no instruction"),
        ("COPY --from=a/b:1 /out/service /usr/local/bin/service", f"{BIN}/check.sh", "no instruction"),
        ("COPY --from=a/b:1 /out/other.sh /opt/", "/opt/check.sh", "no instruction"),
        ("COPY --from=a/b:1 /out/service /usr/local/bin/", "check.sh", ""),
        ("COPY --from=a/b:1 /root /", "check.sh", ""),
        ("COPY --from=a/b:1 /a.sh /usr/bin/check.sh", "check.sh", ""),
        ("COPY missing.sh /usr/bin/", "check.sh", "no instruction"),
        ("COPY missing /usr/bin/", "check.sh", ""),
        ('ENTRYPOINT ["check.sh"]', "check.sh", "no instruction"),
        ("RUN apk add --no-cache curl git && rm -rf /x", "check.sh", "no instruction"),
        ("RUN apk add --no-cache curl", "/usr/share/curl/check.sh", ""),
        ("RUN curl -O a.example/x.tar && tar xf x.tar", "check.sh", ""),
        ("RUN ./install-all", "check.sh", ""),
        ("RUN ln -s /opt/check.sh /usr/bin/", "check.sh", ""),
        ("COPY missing/ /opt/", "/opt/check.sh", ""),
        ("RUN wget -O- https://example.com | tar xz", "check.sh", ""),
        ("COPY check.sh /opt/", "curl", ""),
    ],
)
def test_a_script_that_the_image_does_not_have(image: str, entrypoint: str, reason: str, tmp_path: Path) -> None:
    dockerfile = f"FROM alpine:3.24\nCOPY docker_entrypoint.sh {BIN}/\n{image}\n"
    found = _found(_write(tmp_path, image=dockerfile, health=_procedure(entrypoint)))
    assert [finding.code for finding in found] == ["E701"] * bool(reason)
    assert all(reason in finding.what for finding in found)


def test_an_image_that_is_more_than_a_distribution_may_contain_any_script(tmp_path: Path) -> None:
    image = f"FROM example/app:1.0\nCOPY docker_entrypoint.sh {BIN}/\nCOPY check.sh /opt/\n"
    assert _found(_write(tmp_path, image=image, health=_procedure("/run/check.sh"))) == []


# --- E702, E706, W706, E707, W708: the text --------------------------------------------------------------------------


@pytest.mark.parametrize("file", SCRIPTS)
@pytest.mark.parametrize(
    ("text", "code"),
    [("#!/bin/sh\nif true; then\n", "E702"), ("#!/bin/sh\r\nset -e\r\n", "E706"), ("set -e\n", "E707")],
)
def test_a_script_that_cannot_run_is_found_in_every_procedure(file: str, text: str, code: str, tmp_path: Path) -> None:
    found = _found(_write(tmp_path, {file: text}))
    assert [(finding.code, finding.place.file) for finding in found] == [(code, file)]


def test_the_text_in_the_manifest_is_a_script(tmp_path: Path) -> None:
    found = _found(_write(tmp_path, health=_procedure("sh", "[-c, 'if a; then b']")))
    assert [(finding.code, finding.place.file) for finding in found] == [("E702", "manifest.yaml")]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('a\necho "b\n', 3, "nothing closes this double quote"),
        ("a\nb 'c\n", 3, "nothing closes this single quote"),
        ("a\nb $(c\n", 3, "nothing closes this `(`"),
        ("a\nif b; then\nc\n", 3, "`if` has no `fi`"),
        ("for a in b; do\nc\n", 2, "`for` has no `done`"),
        ("a() {\nb\n", 2, "`{` has no `}`"),
        ("if a; then\nb\ndone\n", 4, "`done` can't be here"),
        ("a\nfi\n", 3, "`fi` can't be here"),
        ("a\n| b\n", 3, "`|` can't be here"),
        ("a >\nb\n", 2, "the file of a redirection is missing"),
        ("if a; then\nfi\n", 3, "a command is missing here"),
        ("case a in\nb) c ;;\n", 2, "`case` has no `esac`"),
    ],
)
def test_what_a_shell_cannot_parse_is_named_at_its_line(text: str, line: int, reason: str, tmp_path: Path) -> None:
    (finding,) = _found(_write(tmp_path, {"check.sh": f"#!/bin/sh\n{text}"}))
    assert (finding.code, finding.place.line) == ("E702", line)
    assert reason in finding.what


@pytest.mark.parametrize(
    "text",
    [
        "#!/bin/bash\n[[ a =~ ^(b|c)$ ]] && x=(1 2) && ((x > 1)) || cat <(d) <<<e\n",
        "#!/bin/bash\nselect a in b; do c; done; function d { e; }; f() ( g )\n",
        "#!/bin/sh\n((a; b) 2>&1; c) | d\nx=$( (e) )\ny=$((a; b) | c)\n",
        "#!/bin/sh\ncat <<'EOF'\n\"unclosed ' ${\nEOF\n",
        "#!/bin/sh\nexit 0\n",
        "#!/usr/bin/env python3\nprint('''it's''' if x else \"(\")\n",
        "#!/usr/bin/env -S bash -eu\ncoproc a { b; }\n",
    ],
)
def test_what_the_script_s_own_shell_can_parse_is_fine(text: str, tmp_path: Path) -> None:
    image = IMAGE.replace("tini", "tini bash python3")
    assert _found(_write(tmp_path, {"check.sh": text}, image=image)) == []


@pytest.mark.parametrize(
    ("base", "line", "install", "found"),
    [
        ("alpine:3.24", "#!/bin/bash", "tini", True),
        ("alpine:3.24", "#!/usr/bin/env python3", "tini", True),
        ("alpine:3.24", "#!/bin/bash", "bash", False),
        ("alpine:3.24", "#!/bin/sh", "tini", False),
        ("debian:12", "#!/bin/bash", "tini", False),
        ("debian:12", "#!/usr/bin/python3", "tini", True),
        ("debian:12", "#!/usr/bin/python3", "python3-yaml", False),
        ("nginx:1.27-alpine", "#!/bin/bash", "tini", False),
    ],
)
def test_an_interpreter_that_the_image_lacks(base: str, line: str, install: str, found: bool, tmp_path: Path) -> None:
    image = f"FROM {base}\nRUN get {install}\nCOPY docker_entrypoint.sh check.sh {BIN}/\n"
    assert _codes(tmp_path, files={"check.sh": f"{line}\nx\n"}, image=image) == ["W708"] * found


@pytest.mark.parametrize(
    ("copy", "found"),
    [
        ("--from=a/b:1 /out/service /usr/local/bin/service", True),
        ("--from=a/b:1 /out/service /usr/local/bin/", False),
        ("--from=a/b:1 /usr/bin/bash /usr/local/bin/", False),
        ("--from=a/b:1 / /", False),
    ],
)
def test_only_a_copy_to_a_folder_of_programs_may_bring_an_interpreter(copy: str, found: bool, tmp_path: Path) -> None:
    image = f"FROM alpine:3.24\nCOPY {copy}\nCOPY docker_entrypoint.sh check.sh {BIN}/\n"
    assert _codes(tmp_path, files={"check.sh": "#!/bin/bash\nx\n"}, image=image) == ["W708"] * found


@pytest.mark.parametrize(
    ("name", "shell", "found"), [("compat", "bash", True), ("utils", "bash", False), ("compat", "sh", False)]
)
def test_what_the_images_of_startos_contain(name: str, shell: str, found: bool, tmp_path: Path) -> None:
    create = _procedure("/mnt/assets/backup.sh").replace("image: main", f"image: {name}, system: true")
    found_codes = _codes(tmp_path, files={"assets/compat/backup.sh": f"#!/bin/{shell}\nx\n"}, create=create)
    assert found_codes == ["W708"] * found


# --- W709 to W713: the end of a script -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ("exec tini -- a\nb", ["W709"]),
        ("exec a &\nb", []),
        ("exec a || exit 1\nb", []),
        ('[ "$$" = 1 ] && exec tini -- "$0"\nexec b', []),
        ("if a; then\n  exec b\nfi\nexec c", []),
        ("exec >log\nexec a", []),
        ("exec a\nexit 1", []),
        ("exec a\nb() { c; }", []),
        ("a &\nexec b", ["W710"]),
        ("sleep 9 &\nexec b", []),
        ("a &\nwait $!\nexec b", []),
        ("(while :; do a; done) &\nexec b", []),
        ("a &", ["W711"]),
        ("a &\nb &", ["W711"]),
        ("a &\nwait", []),
        ("a &\nwhile :; do sleep 9; done", []),
        ("trap 'kill $!' TERM\na &\nwait $!", []),
        ('exec "$@"', ["W713"]),
        ("exec tini -g -- $*", ["W713"]),
        ('exec su-exec www "$@"', ["W713"]),
        ('exec a "$@"', []),
        ('set -- a\nexec "$@"', []),
        ('[ $# -gt 0 ] && exec "$@"\nexec b', []),
    ],
)
def test_the_end_of_a_script(lines: str, codes: list[str], tmp_path: Path) -> None:
    assert _codes(tmp_path, f"#!/bin/sh\nset -eu\n{lines}\n") == codes


def test_arguments_of_the_manifest_start_something(tmp_path: Path) -> None:
    main = _procedure("docker_entrypoint.sh", "[a]")
    assert _codes(tmp_path, '#!/bin/sh\nexec "$@"\n', main=main) == []


# --- W712, W714 to W717: how main starts the service -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("exec nginx", True),
        ("exec tini -- nginx -c /etc/n.conf", False),
        ("nginx", True),
        ("exec nginx -g 'daemon off;'", False),
        ("nginx -t\nexec a", False),
        ("exec apache2ctl start", True),
        ("exec apache2ctl -D FOREGROUND", False),
        ("exec httpd", False),
        ("exec redis-server --daemonize yes", True),
        ("exec redis-server", False),
        ("exec supervisord -c /etc/s.conf", True),
        ("exec supervisord -n", False),
    ],
)
def test_a_service_that_goes_to_the_background(command: str, found: bool, tmp_path: Path) -> None:
    assert _codes(tmp_path, f"#!/bin/sh\nset -eu\n{command}\n") == ["W712"] * found


def test_a_config_file_can_keep_a_service_in_the_foreground(tmp_path: Path) -> None:
    assert _codes(tmp_path, "#!/bin/sh\nexec nginx\n", files={"conf/nginx.conf": "daemon  off;\n"}) == []


def test_the_manifest_itself_can_start_a_daemon(tmp_path: Path) -> None:
    assert _codes(tmp_path, main=_procedure("nginx")) == ["W717", "W712"]


TRAP = "#!/bin/sh\nset -eu\na &\np=$!\ntrap 'kill $p' {}\nwait $p\n"


@pytest.mark.parametrize(
    ("base", "stop", "signals", "found"),
    [
        ("alpine:3.24", "STOPSIGNAL SIGQUIT", "TERM INT", True),
        ("alpine:3.24", "STOPSIGNAL 3", "TERM", True),
        ("alpine:3.24", "STOPSIGNAL SIGQUIT", "TERM QUIT", False),
        ("alpine:3.24", "STOPSIGNAL SIGTERM", "TERM", False),
        ("alpine:3.24", "STOPSIGNAL $S", "TERM", False),
        ("alpine:3.24", "", "TERM", False),
        ("nginx:1.27.3", "", "TERM", True),
        ("nginx:1.27.3", "STOPSIGNAL SIGTERM", "TERM", False),
        ("nextcloud:30-apache", "", "TERM", True),
        ("nextcloud:30-fpm", "", "TERM WINCH", True),
        ("php:8-cli", "", "TERM", False),
    ],
)
def test_a_trap_for_another_signal_than_the_image_s(
    base: str, stop: str, signals: str, found: bool, tmp_path: Path
) -> None:
    image = f"FROM {base}\nRUN apk add tini\nCOPY docker_entrypoint.sh check.sh {BIN}/\n{stop}\n"
    assert _codes(tmp_path, TRAP.format(signals), image=image) == ["W714"] * found


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("exec tini -- sh -c 'a | b'", True),
        ("exec bash -c 'a; b'", True),
        ("exec sh -c 'a && b'", True),
        ("exec sh -ec 'a && exec b'", False),
        ("exec sh -c 'exec a'", False),
        ("exec sh -c 'trap \"kill 0\" TERM; a & wait'", False),
        ("sh -c 'a; b'\nexec c", False),
    ],
)
def test_a_shell_between_that_keeps_sigterm(command: str, found: bool, tmp_path: Path) -> None:
    image = IMAGE.replace("tini", "tini bash")
    assert _codes(tmp_path, f"#!/bin/sh\nset -eu\n{command}\n", image=image) == ["W715"] * found


def test_the_text_of_main_is_a_shell_between_too(tmp_path: Path) -> None:
    main = _procedure("sh", "[-c, 'docker_entrypoint.sh | tee /data/log']")
    assert _codes(tmp_path, main=main) == ["W715"]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("exec tini -- /init", True),
        ('[ $$ != 1 ] || exec tini -- "$0"\nexec /init', True),
        ("/init", True),
        ("exec /init", False),
        ("exec tini -- /init.sh", False),
    ],
)
def test_an_init_that_must_be_process_one(lines: str, found: bool, tmp_path: Path) -> None:
    assert _codes(tmp_path, f"#!/bin/sh\nset -eu\n{lines}\n") == ["W716"] * found


def test_an_init_below_tini_in_the_manifest(tmp_path: Path) -> None:
    codes = _codes(tmp_path, main=_procedure("tini", "[--, /init]"))
    assert sorted(codes) == ["W716", "W717"]


@pytest.mark.parametrize(
    "files",
    [
        {"svc/run": "#!/bin/sh\nexec docker_entrypoint.sh\n"},
        {"Dockerfile": f"{IMAGE}RUN sh {BIN}/docker_entrypoint.sh\n"},
    ],
)
def test_a_script_that_another_file_starts_is_started(files: dict[str, str], tmp_path: Path) -> None:
    assert _codes(tmp_path, main=_procedure("/init"), files=files) == []


# --- Nothing fails ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entrypoint",
    [
        "''",
        "/",
        "..",
        "/mnt/assets",
        "/mnt/assets/../../../etc/passwd",
        "'\\0'",
        "/mnt/assets//",
        "tini",
        "sh",
        "busybox",
        "'x y'",
    ],
)
def test_strange_entrypoints(entrypoint: str, tmp_path: Path) -> None:
    _found(_write(tmp_path, health=_procedure(entrypoint), create=_procedure(entrypoint, "[-c]")))


def test_bash_syntax_is_found_in_every_procedure(tmp_path: Path) -> None:
    text = "#!/bin/sh\nset -e\nx=(a)\n"
    wrapper = _write(tmp_path, dict.fromkeys(SCRIPTS, text))
    found = check(wrapper, lambda code: code == "W705").findings
    assert [finding.place.file for finding in found] == sorted(SCRIPTS)
