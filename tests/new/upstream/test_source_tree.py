"""What a folder says: which compose file and Dockerfile are for users, and what package metadata and git say."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from startos_wrapper.data import licenses, template
from startos_wrapper.new.upstream.facts import Tree
from startos_wrapper.new.upstream.license_texts import license_of
from startos_wrapper.new.upstream.source_tree import read_tree

APP = "services:\n  app:\n    image: example/app:1\n"
BUILT = "services:\n  app:\n    build: .\n"
DATABASES = "services:\n  db:\n    image: postgres:16\n  cache:\n    image: redis:7\n"
MIT = (template() / "hooks/data/licenses/MIT.txt").read_text()


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else content.encode()
        (folder / path).write_bytes(data)
    return folder


def said(tree: Tree) -> dict[str, Any]:
    """Return the first value of each fact."""
    return {fact.name: fact.value for fact in reversed(tree.facts)}


# --- The compose file ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        ({"compose.yaml": APP, "docker-compose.yml": APP}, "compose.yaml"),
        ({"docker-compose.yml": APP, "docker-compose.yaml": APP}, "docker-compose.yml"),
        ({"docker/docker-compose.yml": APP}, "docker/docker-compose.yml"),
        ({"contrib/docker-compose/docker-compose.yml": APP, "contrib/docker-compose/docker-compose-traefik.yml": APP}, "contrib/docker-compose/docker-compose.yml"),
        ({"docker-compose.postgres.yml": APP, "docker-compose.sqlite.yml": APP}, "docker-compose.sqlite.yml"),
        ({"docker-compose.dev.yml": APP, "examples/docker-compose.yml": APP}, "examples/docker-compose.yml"),
        ({"docker-compose.yml": DATABASES, "deploy/compose.yaml": APP}, "deploy/compose.yaml"),
        ({"docker-compose.yml": BUILT, "deploy/compose.yaml": APP}, "deploy/compose.yaml"),
        ({"docker-compose.yml": BUILT}, "docker-compose.yml"),
        ({"docker-compose.yml": "services:\n  devcontainer:\n    build: .\n", "docker/compose.yml": APP}, "docker/compose.yml"),
        ({".devcontainer/docker-compose.yml": APP, "install/docker-compose.yml": APP}, "install/docker-compose.yml"),
        ({"docker-compose.yml": "services: [\n", "docker/compose.yml": APP}, "docker/compose.yml"),
        ({"docker-compose.yml": "services: [\n"}, "docker-compose.yml"),
        ({"docker-compose.override.yml": APP, "docker-compose.yml": APP}, "docker-compose.yml"),
        ({"docker-compose.gpu.yml": APP, "docker-compose.prod.yml": APP}, "docker-compose.prod.yml"),
        ({".examples/docker-compose/with-nginx-proxy/postgres/app/compose.yaml": APP, ".examples/docker-compose/insecure/postgres/app/compose.yaml": APP}, ".examples/docker-compose/insecure/postgres/app/compose.yaml"),
        ({"docker-compose.yml": DATABASES}, None),
        ({"docker-compose.yml": BUILT, "docker/redis-ui/compose.yml": APP, "package.json": '{"name": "desk"}'}, "docker-compose.yml"),
        ({"compose.yaml": APP.replace(":1", ":develop") , "setup/compose.yaml": APP}, "setup/compose.yaml"),
        ({"compose.yaml": BUILT + "    volumes: ['.:/src']\n", "setup/docker/compose.yaml": APP}, "setup/docker/compose.yaml"),
        ({"a/compose.yml": APP, "b/compose.yml": APP.replace("example", "desk"), "package.json": '{"name": "desk"}'}, "b/compose.yml"),
        ({"a/b/c/d/e/compose.yml": APP, "a/b/c/d/e/f/compose.yml": APP}, "a/b/c/d/e/compose.yml"),
        ({"playwright/docker-compose.yml": APP, "compose.override.yml": APP}, None),
        ({"node_modules/x/docker-compose.yml": APP, "vendor/x/compose.yml": APP}, None),
        ({"composer.yml": APP, "notes.yml": APP}, None),
        ({}, None),
    ],
    ids=range(26),
)  # fmt: skip
def test_the_compose_file_for_users_is_chosen_and_the_others_are_named(
    files: dict[str, str], chosen: str | None, tmp_path: Path
) -> None:
    tree = read_tree(write(tmp_path, files))
    assert tree.compose == chosen
    named = {
        path
        for path in files
        if path.endswith((".yml", ".yaml"))
        and not path.startswith(("node", "vendor", "composer", "notes", "a/b/c/d/e/f/"))
    }
    assert {each.path for each in tree.other_compose} == named - {chosen} and all(
        each.why for each in tree.other_compose
    )
    assert bool(tree.compose_why) == (chosen is not None and len(named) > 1)


def test_the_metadata_of_the_image_s_own_language_comes_first(tmp_path: Path) -> None:
    files = {"pyproject.toml": "[project]\nname = 'desk-docs'\n", "package.json": '{"name": "@desk/root"}'}
    assert said(read_tree(write(tmp_path, files)))["base"] == "python"
    tree = read_tree(write(tmp_path, {"Dockerfile": "FROM node:22\nCMD node a.js"}))
    assert said(tree)["base"] == "node" and said(tree)["service_id"] == "desk-docs"


def test_each_other_file_has_a_reason(tmp_path: Path) -> None:
    files = {
        "compose.yml": APP,
        "db/compose.yml": DATABASES,
        "compose.dev.yml": APP,
        "broken.compose.yml": "a: [",
        "compose.tls.yml": APP,
    }
    whys = {each.path: each.why for each in read_tree(write(tmp_path, files)).other_compose}
    assert (
        whys["db/compose.yml"] == "has only databases and caches"
        and whys["compose.dev.yml"] == "for developers or tests"
    )
    assert whys["compose.tls.yml"] == "a variant with a proxy" and whys["broken.compose.yml"].startswith(
        "can't be read: line 1"
    )


# --- The Dockerfile ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (["Dockerfile", "docker/Dockerfile"], "Dockerfile"),
        (["docker/dockerfile", "docker/builder-go.dockerfile", "extra/push/Dockerfile"], "docker/dockerfile"),
        (["Dockerfile.dev", "docker/default.Dockerfile", "docker/alpine.Dockerfile"], "docker/default.Dockerfile"),
        (["Containerfile"], "Containerfile"),
        (["Dockerfile.builder", "Dockerfile"], "Dockerfile"),
        (["docker/main/Dockerfile", "docker/rocm/Dockerfile"], "docker/main/Dockerfile"),
        (["Dockerfile.j2", "Dockerfile.sh", "docs/dockerfile.md", "public/dockerfile.svg"], None),
        ([".devcontainer/Dockerfile", "test/Dockerfile"], None),
        (["build/Dockerfile"], "build/Dockerfile"),
    ],
)
def test_the_dockerfile_for_users_is_chosen(files: list[str], chosen: str | None, tmp_path: Path) -> None:
    tree = read_tree(write(tmp_path, dict.fromkeys(files, "FROM scratch")))
    assert tree.dockerfile == chosen
    assert not chosen or {each.path for each in tree.other_dockerfiles} == set(files) - {chosen}


# --- Package metadata ----------------------------------------------------------------------------------------------------


def test_go_mod_names_the_repository(tmp_path: Path) -> None:
    found = read_tree(write(tmp_path, {"go.mod": "// x\nmodule github.com/desk/desk-app/v2\n\ngo 1.24\n"}))
    assert said(found) == {
        "base": "golang",
        "service_id": "desk-app",
        "upstream_repo": "https://github.com/desk/desk-app",
    }
    assert {fact.place for fact in found.facts} == {"go.mod:2"}


def test_a_module_with_the_name_of_a_website_is_named_after_it(tmp_path: Path) -> None:
    assert said(read_tree(write(tmp_path, {"go.mod": "module desk.example/v2\n"}))) == {
        "base": "golang",
        "service_id": "desk",
    }


def test_cargo_toml_takes_what_the_workspace_has(tmp_path: Path) -> None:
    text = """[workspace]
members = ["x"]
[workspace.package]
version = "1.2.3"
license = "AGPL-3.0-or-later"
[package]
name = "desk"
version.workspace = true
license = { workspace = true }
description = "Counts\\n pens"
repository = "https://example.com/desk/desk"
homepage = "https://desk.example.com"
"""
    found = read_tree(write(tmp_path, {"Cargo.toml": text}))
    assert said(found) == {
        "base": "rust", "service_id": "desk", "version": "1.2.3", "license": "AGPL-3.0-or-later", "short_description": "Counts pens",
        "upstream_repo": "https://example.com/desk/desk", "marketing_site": "https://desk.example.com",
    }  # fmt: skip
    assert next(fact for fact in found.facts if fact.name == "version").place == "Cargo.toml:4"


@pytest.mark.parametrize(
    ("repository", "url"),
    [
        ("desk/desk", "https://github.com/desk/desk"),
        ({"type": "git", "url": "git+https://github.com/desk/desk.git"}, "https://github.com/desk/desk"),
        ({"directory": "x"}, None),
        (5, None),
    ],
)
def test_package_json(repository: Any, url: str | None, tmp_path: Path) -> None:
    package = {
        "name": "@desk/app", "version": "2.0.0-beta.1", "license": "MIT", "description": "Counts", "repository": repository,
        "homepage": "https://github.com/desk/desk#readme", "bugs": {"url": "https://example.com/bugs"},
        "funding": [{"url": "https://example.com/donate"}], "scripts": {"start": "node server.js"},
    }  # fmt: skip
    found = said(read_tree(write(tmp_path, {"package.json": json.dumps(package, indent=2)})))
    assert found.get("upstream_repo") == url and "marketing_site" not in found
    assert found["service_id"] == "app" and found["version"] == "2.0.0" and found["base"] == "node"
    assert found["support_site"] == "https://example.com/bugs" and found["donation_url"] == "https://example.com/donate"
    assert found["start_script"] == "node server.js"


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": '[project]\nname = "desk"\nversion = "1.10"\nlicense = {text = "BSD-3-Clause"}\n[project.urls]\nSource = "https://example.com/desk/desk"\nHomepage = "https://desk.example.com"\n'},
        {"pyproject.toml": '[tool.poetry]\nname = "desk"\nversion = "1.10"\nlicense = "BSD-3-Clause"\nrepository = "https://example.com/desk/desk"\nhomepage = "https://desk.example.com"\n'},
        {"setup.cfg": "[metadata]\nname = desk\nversion = 1.10\nlicense = BSD-3-Clause\nurl = https://desk.example.com\n", "pyproject.toml": "[build-system]\nrequires = []\n"},
    ],
    ids=["project", "poetry", "setup.cfg"],
)  # fmt: skip
def test_python_s_metadata(files: dict[str, str], tmp_path: Path) -> None:
    found = said(read_tree(write(tmp_path, files)))
    assert found["base"] == "python" and found["service_id"] == "desk" and found["version"] == "1.10"
    assert found["license"] == "BSD-3-Clause" and found["marketing_site"] == "https://desk.example.com"


@pytest.mark.parametrize(
    ("files", "base"),
    [
        ({"go.mod": "module a.example/b\n", "package.json": "{}", "Cargo.toml": "[package]\nname='x'\n"}, "golang"),
        ({"package.json": '{"name": "x"}', "pyproject.toml": "[project]\nname='x'\n"}, "python"),
        ({"package.json": '{"name": "x"}', "composer.json": "{}"}, None),
        ({"requirements.txt": "flask\n"}, "python"),
        ({"README.md": "x"}, None),
    ],
)
def test_a_base_is_only_proposed_where_something_says_so(
    files: dict[str, str], base: str | None, tmp_path: Path
) -> None:
    assert said(read_tree(write(tmp_path, files))).get("base") == base


@pytest.mark.parametrize("version", ["0.0.0", "0.0.1", "workspace:*", "main"])
def test_a_placeholder_is_no_version(version: str, tmp_path: Path) -> None:
    assert "version" not in said(read_tree(write(tmp_path, {"package.json": json.dumps({"version": version})})))


# --- License, git and icon -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(licenses()))
def test_the_template_s_own_license_texts_are_recognized(name: str) -> None:
    text = (template() / f"hooks/data/licenses/{name}.txt").read_text()
    assert license_of(text) == name.removesuffix("-or-later")


BSD = "Redistribution and use in source and binary forms, with or without\nmodification, are permitted provided that:\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("                  GNU GENERAL PUBLIC LICENSE\n                     Version 2, June 1991\n GNU Lesser General Public License", "GPL-2.0"),
        ("  GNU LESSER GENERAL PUBLIC LICENSE\n   Version 2.1, February 1999", "LGPL-2.1"),
        ("Mozilla Public License Version 2.0\n=====", "MPL-2.0"),
        (f"Copyright 2020\n{BSD}1. x\n2. y\n", "BSD-2-Clause"),
        (f"{BSD}3. Neither the name of x", "BSD-3-Clause"),
        ("Permission to use, copy, modify, and/or distribute this software for any\npurpose with or without fee is hereby granted, provided that the above\ncopyright notice", "ISC"),
        ("Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted.", "0BSD"),
        ("Business Source License 1.1\n\nLicensor: X\nChange License: Apache License, Version 2.0", "BUSL-1.1"),
        ("CC0 1.0 Universal", "CC0-1.0"),
        ("SPDX-License-Identifier: MIT OR Apache-2.0\n", "MIT OR Apache-2.0"),
        (MIT.replace("\n", "\r\n   "), "MIT"),
        ("All rights reserved. This is like the GNU General Public License.", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_license_is_known_by_what_only_its_text_says(text: str, name: str | None) -> None:
    assert license_of(text) == name


@pytest.mark.parametrize(
    ("files", "license", "place"),
    [
        ({"LICENSE": MIT}, "MIT", "LICENSE:1"),
        ({"LICENSE-MIT": MIT, "LICENSE-APACHE": "Apache License\nVersion 2.0, January 2004"}, "Apache-2.0 OR MIT", "LICENSE-APACHE:1"),
        ({"COPYING": "GNU GENERAL PUBLIC LICENSE\nVersion 3", "Cargo.toml": "[package]\nlicense = 'GPL-3.0-or-later'\n"}, "GPL-3.0-or-later", "Cargo.toml:2"),
        ({"LICENSE": "GNU GENERAL PUBLIC LICENSE\nVersion 3", "package.json": '{"license": "ISC"}'}, "GPL-3.0", "LICENSE:1"),
        ({"package.json": '{"license": "UNLICENSED"}'}, None, None),
        ({"docs/LICENSE": MIT}, None, None),
    ],
)  # fmt: skip
def test_the_license_file_counts_more_than_a_form(
    files: dict[str, str], license: str | None, place: str | None, tmp_path: Path
) -> None:
    fact = next((fact for fact in read_tree(write(tmp_path, files)).facts if fact.name == "license"), None)
    assert (fact.value if fact else None, fact.place if fact else None) == (license, place)


GIT = {".git/HEAD": "ref: refs/heads/main\n", ".git/objects/x": "", ".git/refs/heads/x": ""}


def config(url: str) -> str:
    return f'[core]\n\tbare = false\n[remote "a"]\n\turl = https://example.com/a/fork\n[remote "origin"]\n\tfetch = +refs/heads/*\n\turl = {url}\n[branch "main"]\n\turl = x\n'


def test_git_says_where_it_was_cloned_from_and_which_release_is_the_newest(tmp_path: Path) -> None:
    commit = "0" * 40
    files = {
        **GIT,
        "Makefile": "",
        ".git/config": config("git@example.com:desk/desk-app.git"),
        ".git/packed-refs": f"# pack-refs\n{commit} refs/heads/v9.0.0\n{commit} refs/tags/v1.9.0\n^{commit}\n{commit} refs/tags/v1.8.0\n",
        ".git/refs/tags/v1.10.0": commit,
    }
    found = said(read_tree(write(tmp_path, files)))
    assert found == {
        "upstream_repo": "https://example.com/desk/desk-app", "service_id": "desk-app", "upstream_ref": "v1.10.0", "version": "1.10.0",
    }  # fmt: skip


@pytest.mark.parametrize(("file", "tag"), [("go.mod", "v1.0.0"), ("Makefile", "v1.0.0"), ("update.sh", None)])
def test_the_tags_of_files_that_only_start_a_program_are_not_its_own(
    file: str, tag: str | None, tmp_path: Path
) -> None:
    found = said(read_tree(write(tmp_path, {**GIT, ".git/refs/tags/v1.0.0": "0" * 40, file: ""})))
    assert found.get("upstream_ref") == tag and found.get("version") == (tag[1:] if tag else None)


def test_a_password_in_the_remote_is_nowhere(tmp_path: Path) -> None:
    tree = read_tree(write(tmp_path, {**GIT, ".git/config": config("https://me:hunter2@example.com/desk/desk")}))
    assert said(tree)["upstream_repo"] == "https://example.com/desk/desk" and "hunter2" not in repr(tree)


def test_a_folder_of_another_repository_is_not_what_it_is_about(tmp_path: Path) -> None:
    write(tmp_path, {**GIT, ".git/config": config("https://example.com/a/apps"), "desk/compose.yml": APP})
    tree = read_tree(tmp_path / "desk")
    assert tree.facts == [] and tree.compose == "compose.yml"


def test_the_icon_is_a_png_near_the_root(tmp_path: Path) -> None:
    files = {
        "assets/logo.svg": "x",
        "public/icon.png": "x",
        "public/favicon.png": "x",
        "src/deep/icon.png": "x",
        "lexicon.png.txt": "x",
    }
    assert said(read_tree(write(tmp_path, files)))["icon"] == "public/icon.png"


# --- Hostile -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["go.mod", "Cargo.toml", "package.json", "pyproject.toml", "setup.cfg", "LICENSE"])
@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe\x00\xd8", b"\0" * 10, b"[" * 20_000, b'{"a":' * 20_000, b"a = [\n", b'{"name": {}, "version": []}', b"x" * 2**21,
     b"[package]\nname = 1\nversion = []\nlicense = 2020-01-01\n[project]\nurls = 1\nscripts = 2\n[metadata]\nname\n"],
    ids=range(9),
)  # fmt: skip
def test_broken_metadata_is_left_out_and_named(name: str, data: bytes, tmp_path: Path) -> None:
    began = time.process_time()
    tree = read_tree(write(tmp_path, {name: data}))
    assert all(isinstance(fact.value, str | tuple) and fact.place.startswith(f"{name}:") for fact in tree.facts)
    assert all("\n" not in each.why and each.path == name for each in tree.unread)
    # A text has no syntax.
    assert tree.unread or len(data) < 200 or name in ("go.mod", "LICENSE")
    assert time.process_time() - began < 2


def test_links_out_of_the_tree_are_not_followed(tmp_path: Path) -> None:
    outside = write(
        tmp_path / "outside",
        {"compose.yml": APP, "package.json": '{"name": "secret"}', "Dockerfile": "FROM a", "x/compose.yml": APP},
    )
    folder = tmp_path / "tree"
    folder.mkdir()
    for name in ("compose.yml", "package.json", "Dockerfile", "x"):
        (folder / name).symlink_to(outside / name)
    (folder / "LICENSE").symlink_to("LICENSE")
    (folder / "up").symlink_to("..")
    tree = read_tree(folder)
    assert tree.compose is None and tree.dockerfile is None and tree.facts == []
    assert {each.path for each in tree.unread} >= {"compose.yml", "package.json", "Dockerfile", "LICENSE"}


def test_a_link_inside_the_tree_is_a_file(tmp_path: Path) -> None:
    write(tmp_path, {"docker/Dockerfile.debian": "FROM a"})
    (tmp_path / "Dockerfile").symlink_to("docker/Dockerfile.debian")
    assert read_tree(tmp_path).dockerfile == "Dockerfile"


def test_pipes_and_many_files_take_no_time(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "package.json")
    (tmp_path / "many").mkdir()
    for number in range(500):
        (tmp_path / "many" / f"compose-{number}.yml").write_text(APP)
    began = time.process_time()
    tree = read_tree(tmp_path)
    assert tree.compose and len(tree.other_compose) == 499
    assert time.process_time() - began < 2


def test_names_that_are_no_text_do_not_stop_it(tmp_path: Path) -> None:
    write(tmp_path, {os.fsdecode(b"\xff/compose.yml"): APP, "a\nb/compose.yml": APP, "compose.yml": APP})
    assert read_tree(tmp_path).compose == "compose.yml"


def test_a_folder_that_is_missing_or_closed_has_nothing(tmp_path: Path) -> None:
    tree = read_tree(tmp_path / "missing")
    assert tree.compose is None and tree.facts == [] and [each.path for each in tree.unread] == ["."]
