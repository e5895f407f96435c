"""What a service says: each key in each of its forms, with its line."""

from pathlib import Path

import pytest

from startos_wrapper.files.compose import Build, ComposeError, EnvFile, Extends, Granted, Variable
from tests.files.compose.reading_of import app, read


def test_numbers_and_words_stay_text(tmp_path: Path) -> None:
    service = app(tmp_path, "ports: [22222:22]\nrestart: no\nimage: 1.10\nhostname: 0755\nuser: 1_000")
    assert service.ports[0].published == "22222"
    found = [service.text(name) for name in ("restart", "image", "hostname", "user")]
    assert [text.value for text in found if text] == ["no", "1.10", "0755", "1_000"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("80", (80, None, "tcp", "", "")),
        ("'8080:80'", (80, None, "tcp", "8080", "")),
        ("8080:80/udp", (80, None, "udp", "8080", "")),
        ("127.0.0.1:8080:80", (80, None, "tcp", "8080", "127.0.0.1")),
        ("127.0.0.1::80", (80, None, "tcp", "", "127.0.0.1")),
        ("'[::1]:8080:80/TCP'", (80, None, "tcp", "8080", "::1")),
        ("3000-3005", (3000, 3005, "tcp", "", "")),
        ("9000-9005:3000-3005", (3000, 3005, "tcp", "9000-9005", "")),
        ("9000-9005:3000", (3000, None, "tcp", "9000-9005", "")),
        ("'${BIND:-127.0.0.1:}8080:80'", (80, None, "tcp", "8080", "127.0.0.1")),
        ("${PORT:-8080}:80", (80, None, "tcp", "8080", "")),
        ("${NO}:80", (80, None, "tcp", "", "")),
        ("${NO}:${NO}:80/udp", (80, None, "udp", "", "")),
        ("80:${NO}", (None, None, "tcp", "80", "")),
        ("{target: 80, published: 8080, protocol: udp, host_ip: 127.0.0.1}", (80, None, "udp", "8080", "127.0.0.1")),
        ("{target: 80}", (80, None, "tcp", "", "")),
    ],
)  # fmt: skip
def test_ports(entry: str, expected: tuple[int | None, int | None, str, str, str], tmp_path: Path) -> None:
    (port,) = app(tmp_path, f"ports:\n  - {entry}\n").ports
    assert (port.target, port.last_target, port.protocol, port.published, port.host) == expected
    assert port.line == 4


def test_exposed_ports_are_ports_without_a_published_one(tmp_path: Path) -> None:
    service = app(tmp_path, "expose: ['3000', 4000-4001/udp]")
    assert [(port.target, port.last_target, port.protocol) for port in service.expose] == [
        (3000, None, "tcp"),
        (4000, 4001, "udp"),
    ]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("data:/data", ("volume", "data", "/data", False, ())),
        ("data:/data/:ro,z", ("volume", "data", "/data", True, ("z",))),
        ("./data:/data:rw", ("bind", "./data", "/data", False, ())),
        (".:/data", ("bind", ".", "/data", False, ())),
        ("~/a b:/data", ("bind", "~/a b", "/data", False, ())),
        ("/data", ("anonymous", "", "/data", False, ())),
        ("C:\\data:/data", ("bind", "C:\\data", "/data", False, ())),
        ("${DIR:-./data}:/data", ("bind", "./data", "/data", False, ())),
        ("${DIR:-C:/data}:/data", ("bind", "C:/data", "/data", False, ())),
        ("${NO}:/data", ("bind", "", "/data", False, ())),
        ("${NO}/app:/data", ("bind", "/app", "/data", False, ())),
        ("${NO}_db:/data", ("volume", "_db", "/data", False, ())),
        ("data:${NO}", ("volume", "data", "", False, ())),
        ("{type: bind, source: ./a, target: /data, read_only: true, bind: {propagation: rshared}}", ("bind", "./a", "/data", True, ("rshared",))),
        ("{type: volume, source: a, target: /data, volume: {nocopy: true, subpath: b}}", ("volume", "a", "/data", False, ("nocopy",))),
        ("{type: volume, target: /data}", ("anonymous", "", "/data", False, ())),
        ("{type: tmpfs, target: /run}", ("tmpfs", "", "/run", False, ())),
        ("{type: image, source: nginx, target: /www, image: {subpath: html}}", ("image", "nginx", "/www", False, ())),
    ],
)  # fmt: skip
def test_mounts(entry: str, expected: tuple[str, str, str, bool, tuple[str, ...]], tmp_path: Path) -> None:
    (mount,) = app(tmp_path, f"volumes:\n  - {entry}\n").mounts
    assert (mount.kind, mount.source, mount.target, mount.read_only, mount.options) == expected
    assert mount.line == 4
    assert mount.subpath == ("b" if "nocopy" in entry else "html" if "image" in entry else "")


def test_a_mount_keeps_the_source_as_written(tmp_path: Path) -> None:
    (mount,) = app(tmp_path, "volumes: ['${DIR:-./data}:/data']").mounts
    assert (mount.raw_source, mount.text.raw) == ("${DIR:-./data}", "${DIR:-./data}:/data")


def test_the_environment_as_a_map_and_as_a_list(tmp_path: Path) -> None:
    as_map = app(
        tmp_path,
        "environment:\n  A: b\n  EMPTY: ''\n  NOTHING:\n  TEN: 1.10\n  MODE: 0755\n  YES: yes\n  TRUE: True\n  TEXT: '1.10'",
    )
    as_list = app(tmp_path, "environment: [A=b, EMPTY=, NOTHING, TEN=1.10, MODE=0755, YES=yes, TRUE=True, TEXT=1.10]")
    values = [
        {each.name: each.value and each.value.value for each in service.environment} for service in (as_map, as_list)
    ]
    # Compose reads the values of a map as YAML first.
    assert values[0] == {"A": "b", "EMPTY": "", "NOTHING": None, "TEN": "1.1", "MODE": "493", "YES": "yes", "TRUE": "true", "TEXT": "1.10"}  # fmt: skip
    assert values[1] == {"A": "b", "EMPTY": "", "NOTHING": None, "TEN": "1.10", "MODE": "0755", "YES": "yes", "TRUE": "True", "TEXT": "1.10"}  # fmt: skip
    assert [each.line for each in as_map.environment] == list(range(4, 12))


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("0", "0"), ("-0", "-0"), ("+5", "5"), ("0x1F", "31"), ("0o17", "15"), ("0b11", "3"), ("1_000", "1000"), ("08", "8"),
        ("1.0", "1"), ("1e3", "1000"), ("0.5", "0.5"), (".5", "0.5"), ("1.", "1"), ("0.00001", "1e-05"), ("1e5", "100000"), ("1234567.0", "1.234567e+06"), ("123456789.5", "1.234567895e+08"), ("_1", "_1"), ("1e400", "1e400"), ("1.5e-7", "1.5e-07"),
        ("12345678901234567890", "12345678901234567890"), ("v1", "v1"), ("1.2.3", "1.2.3"), ("12:34", "12:34"), ("FALSE", "false"),
        ("no", "no"), ("9" * 200, "9" * 200),
    ],
)  # fmt: skip
def test_numbers_as_a_container_gets_them(written: str, printed: str, tmp_path: Path) -> None:
    (variable,) = app(tmp_path, f"environment:\n  A: {written}").environment
    assert variable.value
    assert variable.value.value == printed
    assert variable.value.raw == written


def test_the_last_variable_of_a_name_counts(tmp_path: Path) -> None:
    (variable,) = app(tmp_path, "environment: [A=1, A=2]").environment
    assert variable.value
    assert variable.value.value == "2"


def test_a_list_item_is_split_before_variables_are_filled_in(tmp_path: Path) -> None:
    service = app(tmp_path, "environment: ['URL=${NO:-a=b}', '${ON:-NAME=value}', '${NO}']")
    assert [(each.name, each.value and each.value.value) for each in service.environment] == [
        ("URL", "a=b"),
        ("NAME", "value"),
        ("", None),
    ]


def test_a_variable_without_a_value_comes_from_env(tmp_path: Path) -> None:
    service = app(tmp_path, "environment: [A, B]", _env="A=1\n")
    first, second = service.environment
    assert first.passed and first.value and first.value.value == "1"
    assert second.passed and second.value is None


def test_variables_of_files_are_overridden(tmp_path: Path) -> None:
    service = app(tmp_path, "env_file: [a.env, b.env]\nenvironment: {C: 3}", a_env="A=1\nB=1\nC=1\n", b_env="B=2\n")
    variables = service.variables()
    assert {name: each.value and each.value.value for name, each in variables.items()} == {"A": "1", "B": "2", "C": "3"}
    assert [(each.file, each.line) for each in variables.values()] == [("a.env", 1), ("b.env", 1), ("compose.yaml", 4)]


@pytest.mark.parametrize(
    ("written", "words", "cut"),
    [
        ("server --port 80", ["server", "--port", "80"], False),
        ("[server, --port, '80']", ["server", "--port", "80"], False),
        ("""sh -c 'a && b "c"'""", ["sh", "-c", 'a && b "c"'], False),
        ('a "b c"d \\ e ""', ["a", "b cd", " e", ""], False),
        ("a && b", ["a"], True),
        ("a >b", ["a"], True),
        ("a 2>b", ["a"], True),
        ("a $$(b c) `d e`", ["a", "$(b c)", "`d e`"], False),
        (">\n  a\n  b\n", ["a", "b"], False),
        ("''", [], False),
        ("[]", [], False),
    ],
)  # fmt: skip
def test_commands(written: str, words: list[str], cut: bool, tmp_path: Path) -> None:
    service = app(tmp_path, f"command: {written}\nentrypoint: {written}\n")
    assert service.command
    assert service.entrypoint
    assert [*service.command.words] == [*service.entrypoint.words] == words
    assert (service.command.cut, service.command.shell is None) == (cut, written.startswith("["))


def test_a_command_of_null_leaves_the_images_own(tmp_path: Path) -> None:
    assert app(tmp_path, "image: x\ncommand:\n").command is None


@pytest.mark.parametrize(
    ("written", "kind", "words", "shell"),
    [
        ("{test: [CMD, curl, -f, 'http://localhost']}", "cmd", ("curl", "-f", "http://localhost"), ""),
        ("{test: [CMD-SHELL, 'a || exit 1']}", "shell", (), "a || exit 1"),
        ("{test: a || exit 1}", "shell", (), "a || exit 1"),
        ("{test: [NONE]}", "none", (), ""),
        ("{test: a, disable: true}", "none", (), ""),
        ("{interval: 5s}", "", (), ""),
    ],
)  # fmt: skip
def test_health_checks(written: str, kind: str, words: tuple[str, ...], shell: str, tmp_path: Path) -> None:
    health = app(tmp_path, f"healthcheck: {written}").health
    assert health
    assert (health.kind, health.words, health.shell, health.disabled) == (kind, words, shell, kind == "none")


def test_what_a_service_depends_on(tmp_path: Path) -> None:
    as_list = app(tmp_path, "depends_on: [db]\nlinks: ['db:database', cache]")
    as_map = app(tmp_path, "depends_on:\n  db:\n    condition: service_healthy\n  init: {required: false}\n")
    assert (as_list.depends_on, as_list.links) == ({"db": "service_started"}, ["db", "cache"])
    assert as_map.depends_on == {"db": "service_healthy", "init": "service_started"}


def test_builds(tmp_path: Path) -> None:
    assert app(tmp_path, "build: ./app").build == Build("./app", "", "", {}, 3)
    build = app(
        tmp_path, "build:\n  context: ${DIR:-..}\n  dockerfile: a/Dockerfile\n  target: final\n  args: [A=1, B]\n"
    ).build
    assert build
    assert (build.context, build.dockerfile, build.target, build.line) == ("..", "a/Dockerfile", "final", 3)
    assert {name: value and value.value for name, value in build.args.items()} == {"A": "1", "B": None}
    inline = app(tmp_path, "build:\n  dockerfile_inline: FROM x\n").build
    assert inline == Build(".", "", "", {}, 3, inline=True)


def test_labels_profiles_and_what_is_extended(tmp_path: Path) -> None:
    service = app(tmp_path, "labels: [a=b=c, d]\nprofiles: [debug]\nextends: {file: other.yaml, service: base}")
    assert {name: text.value for name, text in service.labels.items()} == {"a": "b=c", "d": ""}
    assert service.profiles == ["debug"]
    assert service.extends == Extends("base", "other.yaml", 5)
    assert app(tmp_path, "extends: base").extends == Extends("base", "", 3)


def test_secrets_and_configs(tmp_path: Path) -> None:
    service = app(tmp_path, "secrets: [a, {source: b, target: key}]\nconfigs: [c, {source: d, target: /etc/d}]")
    assert service.secrets == [Granted("a", "/run/secrets/a", 3), Granted("b", "/run/secrets/key", 3)]
    assert service.configs == [Granted("c", "/c", 4), Granted("d", "/etc/d", 4)]


# --- Variables of the file, and where they come from -----------------------------------------------------------------


def test_sources_of_variables(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        """
        services:
          app:
            image: app:${TAG}
            ports: ['${HTTP}:${HTTP}', '${OTHER}:${OTHER}']
            volumes: ['${DIR}:/data']
            command: run ${HTTP}
            environment: ['A=${EMPTY}']
        """,
        _env="TAG=1.2\n",
        _env_example="TAG=other\nHTTP=8080\nEMPTY=\n",
        _env_sample="HTTP=9090\nDIR=./data\n",
    )
    service = file.services["app"]
    assert service.image
    assert (service.image.value, service.image.hint, service.image.unset) == ("app:1.2", None, ())
    assert file.places(service.image) == ("compose.yaml:4", ".env:1")
    # A sample is a hint: the value stays incomplete.
    port, other = service.ports
    assert (port.target, port.from_sample, port.text.unset, port.text.value) == (8080, True, ("HTTP",), ":")
    assert (other.target, other.from_sample) == (None, False)
    (mount,) = service.mounts
    assert (mount.kind, mount.source, mount.text.value, mount.text.hint) == ("bind", "./data", ":/data", "./data:/data")
    assert service.command
    assert (service.command.words, service.command.hint, service.command.unset) == (
        ("run",),
        ("run", "8080"),
        ("HTTP",),
    )
    # An empty value in a sample says nothing.
    (variable,) = service.environment
    assert variable.value
    assert (variable.value.hint, variable.value.unset) == (None, ("EMPTY",))
    assert file.samples["HTTP"].file == ".env.example"


def test_given_variables_override_env(tmp_path: Path) -> None:
    from startos_wrapper.files.compose import Text, read_compose

    read(tmp_path, "services: {app: {image: 'x:${TAG}'}}", _env="TAG=1\nB=${TAG}\n")
    given = Variable("TAG", Text("2", "2", 7), 7, "exports.sh")
    file = read_compose(tmp_path / "compose.yaml", given=[given])
    image = file.services["app"].image
    assert image
    assert (image.value, file.places(image)) == ("x:2", ("compose.yaml:1", "exports.sh:7"))
    assert file.dot_env["B"].value and file.dot_env["B"].value.value == "2"


def test_the_name_of_the_file_is_a_variable(tmp_path: Path) -> None:
    file = read(tmp_path, "name: shop\nservices: {app: {image: '${COMPOSE_PROJECT_NAME}:1'}}")
    assert file.name == "shop"
    assert file.services["app"].image
    assert file.services["app"].image.value == "shop:1"


def test_files_of_variables(tmp_path: Path) -> None:
    keys = "env_file:\n  - there.env\n  - config/app.env\n  - {path: gone.env, required: false}\n  - {path: raw.env, format: raw}"
    service = app(
        tmp_path,
        keys,
        there_env="A=1\n",
        config__app_env_sample="B='2'\n",
        raw_env="# c\nC='$3'\nD\n",
        gone_env_example="not a variable!\n",
    )
    there, missing, gone, raw = service.env_files
    assert (there.exists, there.sample, there.line, [each.name for each in there.variables]) == (True, "", 4, ["A"])
    assert (missing.exists, missing.sample, missing.variables) == (False, "config/app.env.sample", ())
    assert [(each.name, each.file) for each in missing.sample_variables] == [("B", "config/app.env.sample")]
    assert gone == EnvFile("gone.env", False, "", 6, required=False)
    assert [(each.name, each.value and each.value.value) for each in raw.variables] == [("C", "'$3'"), ("D", None)]
    assert [each.path for each in app(tmp_path, "env_file: ${ENV:-there.env}").env_files] == ["there.env"]


def test_nothing_outside_of_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.env").write_text("A=1\n")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link.env").symlink_to(tmp_path / "secret.env")
    (tmp_path / "tree" / ".env").symlink_to(tmp_path / "secret.env")
    service = app(
        tmp_path / "tree", f"image: x:$A\nenv_file: [../secret.env, {tmp_path}/secret.env, link.env, ~/secret.env]"
    )
    assert service.image and service.image.unset == ("A",)
    assert [(file.exists, file.outside, file.variables) for file in service.env_files] == [(False, True, ())] * 4


def test_a_root_above_the_folder(tmp_path: Path) -> None:
    from startos_wrapper.files.compose import read_compose

    (tmp_path / "docker").mkdir()
    read(tmp_path / "docker", "services: {app: {env_file: ../app.env}}")
    (tmp_path / "app.env").write_text("A=1\n")
    file = read_compose(tmp_path / "docker" / "compose.yaml", tmp_path)
    assert file.path == "docker/compose.yaml"
    (env_file,) = file.services["app"].env_files
    assert [(each.name, each.file) for each in env_file.variables] == [("A", "app.env")]


# --- The document ----------------------------------------------------------------------------------------------------


def test_merged_keys_have_the_line_of_their_anchor(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        """
        x-a: &a
          image: a
          restart: always
        x-b: &b {image: b, user: '1'}
        services:
          one:
            <<: [*a, *b]
            restart: "no"
          two:
            <<: *b
        """,
    )
    one, two = file.services.values()
    assert {name: (key.line, key.node.text and key.node.text.value) for name, key in one.keys.items()} == {
        "restart": (9, "no"), "image": (3, "a"), "user": (5, "1"),
    }  # fmt: skip
    assert two.image
    assert two.image.value == "b"
    assert ("services", "two", "user") in [path for path, _, _ in file.paths()]
    assert ("services", "one", "<<") not in [path for path, _, _ in file.paths()]


def test_an_alias_has_its_own_line(tmp_path: Path) -> None:
    file = read(tmp_path, "x-image: &image nginx:1\nservices:\n  app:\n    image: *image\n")
    image = file.services["app"].image
    assert image
    assert (image.value, image.line) == ("nginx:1", 4)


def test_the_top_level(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        """\
        # A title

        #port: 80
        version: "3"
        services: {app: {image: x}}
        volumes: {data: , cache: {external: true}}
        secrets: {key: {file: ./key}}
        configs: {c: {content: x}}
        networks:
        include: [a.yaml, {path: [b.yaml, c.yaml]}]
        """,
    )
    assert file.header == ("A title", "port: 80")
    assert [*file.top] == ["version", "services", "volumes", "secrets", "configs", "networks", "include"]
    assert (file.volumes["data"].kind, file.volumes["cache"].kind) == ("null", "map")
    secret = file.secrets["key"].get_text("file")
    assert secret and secret.value == "./key"
    assert [*file.configs] == ["c"] and not file.networks
    assert [text.value for text in file.includes] == ["a.yaml", "b.yaml", "c.yaml"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_and_line_ends(encoding: str, tmp_path: Path) -> None:
    from startos_wrapper.files.compose import read_compose

    (tmp_path / "compose.yaml").write_bytes("services:\r\n  app:\r\n    # é\r\n    image: x\r\n".encode(encoding))
    image = read_compose(tmp_path / "compose.yaml").services["app"].image
    assert image
    assert (image.value, image.line) == ("x", 4)


def test_errors_have_no_values(tmp_path: Path) -> None:
    for text, env in (
        ("services: {app: {environment: ['A=${B:-hunter2']}}", ""),
        ("services: {app: {ports: ['${B:-hunter2}']}}", ""),
        ("services: {app: {volumes: ['data:/b:c:hunter2']}}", ""),
        ("services: {app: {image: x}}", "hunter2 hunter2\n"),
        ("services: {app: {image: x}}", "A='hunter2\n"),
        ("services: {app: {image: x}}", "A=${B:-hunter2\n"),
    ):
        with pytest.raises(ComposeError) as caught:
            read(tmp_path, text, _env=env)
        assert "hunter2" not in str(caught.value)
