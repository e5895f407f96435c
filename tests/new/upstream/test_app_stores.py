"""What the files of app stores say outright about the service, its page and its names."""

import json
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.files.compose import read_compose
from startos_wrapper.new.upstream.app_stores import read_app_store
from startos_wrapper.new.upstream.facts import AppStore


def read(folder: Path, compose: str, **files: str) -> AppStore | None:
    """Read an app in the folder `apps/desk` of a store."""
    here = folder / "apps" / "desk"
    here.mkdir(parents=True, exist_ok=True)
    (here / "docker-compose.yml").write_text(compose)
    for name, content in files.items():
        (here / name.replace("__", "-").replace("_", ".", 1)).write_text(content)
    return read_app_store(folder, read_compose(here / "docker-compose.yml", folder))


def said(store: AppStore | None) -> dict[str, Any]:
    assert store
    return {fact.name: fact.value for fact in reversed(store.facts)}


def places(store: AppStore | None, name: str) -> tuple[str, ...]:
    assert store
    return next(fact for fact in store.facts if fact.name == name).places


def test_an_ordinary_compose_file_is_for_no_store(tmp_path: Path) -> None:
    text = "# Starts the service\n# port: 80\nservices:\n  app:\n    image: a/b:1\n"
    assert read(tmp_path, text, config_json='{"port": 80}') is None


# --- umbrelOS ------------------------------------------------------------------------------------------------------------


UMBREL_APP = """manifestVersion: 1
id: desk
name: Desk
tagline: Counts your pens
version: "1.10"
description: >-
  Counts pens.


  And more.
website: https://desk.example.com
dependencies:
  - bitcoin
  - lightning
  - pencils
repo: https://github.com/desk/desk
support: https://desk.example.com/help
port: 2345
defaultUsername: "umbrel"
defaultPassword: "hunter2"
"""
UMBREL = """services:
  app_proxy:
    environment:
      APP_HOST: desk_web_1
      APP_PORT: 8080
  web:
    image: desk/web:1.10
  db:
    image: postgres:16
"""


def test_umbrel_names_the_service_and_the_port_behind_its_proxy(tmp_path: Path) -> None:
    store = read(tmp_path, UMBREL, umbrel__app_yml=UMBREL_APP)
    assert said(store) == {
        "main": "web", "ui_port": 8080, "service_id": "desk", "title": "Desk", "short_description": "Counts your pens",
        "long_description": "Counts pens.\n\nAnd more.", "version": "1.10", "marketing_site": "https://desk.example.com",
        "upstream_repo": "https://github.com/desk/desk", "support_site": "https://desk.example.com/help",
        "dependency": "bitcoind", "other_dependency": "pencils", "secret": "defaultPassword",
    }  # fmt: skip
    assert store and store.kind == "umbrel" and list(store.platform) == ["app_proxy"]
    assert places(store, "ui_port") == ("apps/desk/docker-compose.yml:5",)
    assert places(store, "version") == ("apps/desk/umbrel-app.yml:5",)
    assert [fact.value for fact in store.facts if fact.name == "dependency"] == ["bitcoind", "lnd"]
    # The app's login is a place, and no value.
    assert "hunter2" not in repr(store)


def test_umbrel_s_numbers_come_from_exports_sh(tmp_path: Path) -> None:
    compose = UMBREL.replace("desk_web_1", "$APP_DESK_IP").replace("8080", "${APP_DESK_PORT}")
    compose = compose.replace(
        "web:1.10\n", "web:1.10\n    networks:\n      default:\n        ipv4_address: ${APP_DESK_IP}\n"
    )
    exports = 'export APP_DESK_IP="10.21.21.8"\n\nexport X=1 APP_DESK_PORT="8099" # x\nexport APP_DESK_IP="10.21.21.9"\nif x; then\nexport APP_DESK_PORT="1"\nfi\nx && export APP_DESK_PORT=2\nexport APP_HOST="$(cat x)"\n'
    store = read(tmp_path, compose, umbrel__app_yml=UMBREL_APP, exports_sh=exports)
    assert said(store)["main"] == "web" and said(store)["ui_port"] == 8099
    assert places(store, "ui_port") == ("apps/desk/exports.sh:3", "apps/desk/docker-compose.yml:5")
    assert store and [fact.value for fact in store.facts if fact.name == "value"] == [
        ("APP_DESK_IP", "10.21.21.9"), ("X", "1"), ("APP_DESK_PORT", "8099"),
    ]  # fmt: skip


def test_umbrel_s_own_page_about_an_app_is_not_the_service(tmp_path: Path) -> None:
    compose = UMBREL.replace("desk/web:1.10", "getumbrel/umbrel-desk:1.0").replace(
        "  db:\n    image: postgres:16", "  desk:\n    image: example/desk:2"
    )
    store = read(tmp_path, compose, umbrel__app_yml=UMBREL_APP)
    assert store and set(store.platform) == {"app_proxy", "web"} and not {"main", "ui_port"} & said(store).keys()
    # Without another program, it's what the app is.
    assert (
        said(read(tmp_path, UMBREL.replace("desk/web:1.10", "getumbrel/umbrel-desk:1.0"), umbrel__app_yml=UMBREL_APP))[
            "main"
        ]
        == "web"
    )


@pytest.mark.parametrize("port", ["$APP_DESK_PORT", "0", "99999", "x", '""'])
def test_a_port_that_nothing_says_is_left_open(port: str, tmp_path: Path) -> None:
    store = read(tmp_path, UMBREL.replace("8080", port), umbrel__app_yml=UMBREL_APP)
    assert "ui_port" not in said(store) and said(store)["main"] == "web"


@pytest.mark.parametrize(
    "app", ["", "- a", "a: [", "id: [1]\nname: {}\ndependencies: x\n", "\0", "id: !x y\n", "port: " + "9" * 9000]
)
def test_a_broken_umbrel_app_is_named(app: str, tmp_path: Path) -> None:
    store = read(tmp_path, UMBREL, umbrel__app_yml=app)
    assert said(store)["main"] == "web" and "service_id" not in said(store)
    assert store and all(each.path == "apps/desk/umbrel-app.yml" and "\n" not in each.why for each in store.unread)


def test_files_outside_the_folder_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "else.yml").write_text(UMBREL_APP)
    (tmp_path / "store/apps/desk").mkdir(parents=True)
    (tmp_path / "store/apps/desk/umbrel-app.yml").symlink_to(tmp_path / "else.yml")
    (tmp_path / "store/apps/desk/exports.sh").symlink_to(tmp_path / "else.yml")
    store = read(tmp_path / "store", UMBREL)
    assert said(store) == {"main": "web", "ui_port": 8080} and store and len(store.unread) == 2


@pytest.mark.parametrize(
    ("keys", "port"),
    [('ports: ["22:22", "2345:3000"]', 3000), ("network_mode: host", 2345), ('ports: ["3000:3000"]', None)],
)
def test_without_a_proxy_the_app_publishes_its_page_itself(keys: str, port: int | None, tmp_path: Path) -> None:
    text = f"services:\n  db:\n    image: postgres:16\n  web:\n    image: desk/web:1\n    {keys}\n"
    store = read(tmp_path, text, umbrel__app_yml=UMBREL_APP)
    assert said(store).get("ui_port") == port and said(store).get("main") == ("web" if port else None)
    assert not port or places(store, "ui_port") == ("apps/desk/umbrel-app.yml:18", "apps/desk/docker-compose.yml:6")


# --- CasaOS --------------------------------------------------------------------------------------------------------------


CASAOS = """name: desk
services:
  web:
    image: desk/web:1.10
    ports:
      - target: 80
        published: "10380"
      - target: 81
        published: "10381"
    x-casaos:
      ports: []
  db:
    image: mariadb:11
x-casaos:
  main: web
  port_map: "10381"
  architectures: [amd64, arm, arm64, riscv64]
  title:
    de_DE: Tisch
    en_us: Desk
  tagline:
    en_US: Counts pens
  version: "1.10.0"
  website: https://desk.example.com
  repo: https://github.com/desk/desk
"""


def test_casaos_says_the_service_and_which_published_port_is_its_page(tmp_path: Path) -> None:
    store = read(tmp_path, CASAOS)
    assert said(store) == {
        "main": "web", "ui_port": 81, "arches": ["aarch64", "x86_64", "armv7"], "title": "Desk", "short_description": "Counts pens",
        "version": "1.10.0", "marketing_site": "https://desk.example.com", "upstream_repo": "https://github.com/desk/desk",
    }  # fmt: skip
    assert store and store.used == [("x-casaos",), ("services", "web", "x-casaos")]
    assert places(store, "ui_port") == ("apps/desk/docker-compose.yml:16", "apps/desk/docker-compose.yml:8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("main: web", "main: other"),
        ('"10381"\n  arch', '"999"\n  arch'),
        ("title:\n    de_DE: Tisch\n    en_us: Desk", "title: []"),
    ],
)
def test_what_casaos_says_wrongly_is_left_out(old: str, new: str, tmp_path: Path) -> None:
    assert old in CASAOS
    assert len(said(read(tmp_path, CASAOS.replace(old, new)))) < 8


# --- Runtipi -------------------------------------------------------------------------------------------------------------


RUNTIPI = """services:
  web:
    image: desk/web:1
    x-runtipi:
      internal_port: 8000
      is_main: true
  db:
    image: postgres:16
x-runtipi:
  schema_version: 2
"""
RUNTIPI_CONFIG = {
    "name": "Desk", "id": "desk", "tipi_version": 3, "version": "v1.10.0", "short_desc": "Counts pens", "port": 8128,
    "source": "https://github.com/desk/desk", "website": "https://desk.example.com", "supported_architectures": ["arm64"],
    "form_fields": [{"type": "random", "env_variable": "DESK_KEY"}, {"type": "text", "env_variable": "DESK_NAME"}, 5],
}  # fmt: skip


def test_runtipi_marks_the_service_in_the_compose_file(tmp_path: Path) -> None:
    store = read(tmp_path, RUNTIPI, config_json=json.dumps(RUNTIPI_CONFIG))
    assert said(store) == {
        "main": "web", "ui_port": 8000, "service_id": "desk", "title": "Desk", "short_description": "Counts pens", "version": "1.10.0",
        "upstream_repo": "https://github.com/desk/desk", "marketing_site": "https://desk.example.com", "arches": ["aarch64"],
        "secret": "DESK_KEY",
    }  # fmt: skip
    assert store and store.used == [("x-runtipi",), ("services", "web", "x-runtipi")]


def test_runtipi_marks_the_service_beside_the_compose_file(tmp_path: Path) -> None:
    plain = "services:\n  web:\n    image: desk/web:1\n"
    dynamic = {"services": [{"name": "db"}, {"name": "web", "isMain": True, "internalPort": 8001}]}
    store = read(tmp_path, plain, config_json=json.dumps(RUNTIPI_CONFIG), docker__compose_json=json.dumps(dynamic))
    assert said(store)["main"] == "web" and said(store)["ui_port"] == 8001


def test_runtipi_publishes_the_page_s_port_as_a_variable(tmp_path: Path) -> None:
    plain = (
        'services:\n  a:\n    image: x\n  web:\n    image: y\n    ports:\n      - 22:22\n      - "${APP_PORT}:2283"\n'
    )
    store = read(tmp_path, plain, config_json=json.dumps(RUNTIPI_CONFIG))
    assert said(store)["main"] == "web" and said(store)["ui_port"] == 2283
    without = read(tmp_path, plain, config_json=json.dumps(RUNTIPI_CONFIG | {"no_gui": True}))
    assert said(without)["ui_port"] == 0


@pytest.mark.parametrize("text", ["", "[", "[]", "null", '{"tipi_version": 1, "id": 5, "form_fields": {}}', "{" * 9000])
def test_a_broken_config_of_runtipi_is_left_out(text: str, tmp_path: Path) -> None:
    assert said(read(tmp_path, RUNTIPI, config_json=text))["main"] == "web"


# --- Coolify -------------------------------------------------------------------------------------------------------------


COOLIFY = """# documentation: https://desk.example.com/docs?utm_source=coolify
# slogan: Counts pens, fast.
# tags: pens
# port: 8080

services:
  web:
    image: desk/web:1
    environment:
      - SERVICE_URL_DESK_8080
      - SERVICE_URL_ADMIN_9000
      - KEY=$SERVICE_PASSWORD_64_DESK
      - USER=$SERVICE_USER_DESK
  db:
    image: postgres:16
"""


def test_coolify_says_it_in_comments_and_variables(tmp_path: Path) -> None:
    store = read(tmp_path, COOLIFY)
    assert said(store) == {
        "main": "web", "ui_port": 8080, "short_description": "Counts pens, fast.", "marketing_site": "https://desk.example.com/docs",
        "secret": "SERVICE_PASSWORD_64_DESK",
    }  # fmt: skip
    assert store and set(store.variables) == {"SERVICE_URL_DESK_8080", "SERVICE_URL_ADMIN_9000"}
    assert places(store, "short_description") == ("apps/desk/docker-compose.yml:2",)


def test_coolify_s_variable_names_the_port_where_no_comment_does(tmp_path: Path) -> None:
    store = read(tmp_path, COOLIFY.replace("# port: 8080\n", "").replace("      - SERVICE_URL_ADMIN_9000\n", ""))
    assert said(store)["ui_port"] == 8080 and places(store, "ui_port") == ("apps/desk/docker-compose.yml:9",)


def test_two_services_with_an_address_are_both_possible(tmp_path: Path) -> None:
    text = COOLIFY.replace("# port: 8080\n", "").replace(
        "image: postgres:16\n", "image: x\n    environment: [SERVICE_FQDN_DB_70]\n"
    )
    assert "main" not in said(read(tmp_path, text))
