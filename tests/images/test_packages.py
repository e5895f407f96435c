"""The bases node and python: every lock file, packages that have to be compiled, and builds that stop with a reason.

The packages are made here. pnpm, yarn, corepack, uv and Poetry are real.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.images.engine import PACKAGES, Engine
from tests.images.git_server import git, serve
from tests.images.packages import integrity, npm_package, sdist, sha256, wheel
from tests.images.wrappers import Container, Wrapper, Wrappers

HELLO = "hello from upstream"
# ---- Node.js: a server, and a package with an optional package for each processor --------------------------------------
SERVER = """const { hello } = require('words');
if (process.argv[2] === 'print') console.log(hello);
else require('node:http').createServer((_, response) => response.end(hello)).listen(8080);
"""
PACKAGE: dict[str, Any] = {"name": "hello", "version": "1.0.0", "bin": "server.js", "dependencies": {"words": "1.0.0"}}
CPUS = {"x64": "x86_64", "arm64": "aarch64"}
# Compiles C when it's installed.
ADDON = {
    "hello.c": f'#include <stdio.h>\nint main(void) {{ return puts("{HELLO}") == EOF; }}\n',
    "index.js": "exports.hello = require('node:child_process').execFileSync(`${__dirname}/hello`, { encoding: 'utf8' }).trim();\n",
}


def _npm_packages(folder: Path) -> dict[str, Path]:
    files = {}
    for cpu in CPUS:
        files[f"words-{cpu}"] = npm_package(
            folder, {"index.js": f"exports.hello = '{HELLO}';\n"},
            name=f"words-{cpu}", version="1.0.0", main="index.js", os=["linux"], cpu=[cpu],
        )  # fmt: skip
    files["words"] = npm_package(
        folder, {"index.js": "module.exports = require(`words-${process.arch}`);\n"},
        name="words", version="1.0.0", main="index.js", optionalDependencies={f"words-{cpu}": "1.0.0" for cpu in CPUS},
    )  # fmt: skip
    files["addon"] = npm_package(
        folder, ADDON, name="addon", version="1.0.0", main="index.js", scripts={"install": "cc -o hello hello.c"}
    )
    files["tool"] = npm_package(folder, {"index.js": ""}, name="tool", version="1.0.0", main="index.js")
    return files


def _package_lock(files: dict[str, Path], **package: Any) -> str:
    """Return package-lock.json. Without addresses, npm takes them from the registry that it's told to use."""
    found: dict[str, Any] = {"": package}
    names = [*package["dependencies"], *package.get("devDependencies", {})]
    names += [f"words-{cpu}" for cpu in CPUS] if "words" in names else []
    for name in names:
        entry: dict[str, Any] = {"version": "1.0.0", "integrity": integrity(files[name])}
        if name == "words":
            entry["optionalDependencies"] = {f"words-{cpu}": "1.0.0" for cpu in CPUS}
        elif name.startswith("words-"):
            entry |= {"optional": True, "os": ["linux"], "cpu": [name.removeprefix("words-")]}
        elif name == "addon":
            entry["hasInstallScript"] = True
        elif name == "tool":
            entry["dev"] = True
        found[f"node_modules/{name}"] = entry
    return json.dumps({"name": "hello", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": found})


def _pnpm_lock(files: dict[str, Path]) -> str:
    packages = "".join(
        f"  words-{cpu}@1.0.0:\n    resolution: {{integrity: {integrity(files[f'words-{cpu}'])}}}\n"
        f"    os: [linux]\n    cpu: [{cpu}]\n"
        for cpu in CPUS
    )
    optional = "".join(f"      words-{cpu}: 1.0.0\n" for cpu in CPUS)
    return (
        "lockfileVersion: '9.0'\nsettings:\n  autoInstallPeers: true\n  excludeLinksFromLockfile: false\n"
        "importers:\n  .:\n    dependencies:\n      words:\n        specifier: 1.0.0\n        version: 1.0.0\n"
        f"packages:\n{packages}  words@1.0.0:\n    resolution: {{integrity: {integrity(files['words'])}}}\n"
        f"snapshots:\n{''.join(f'  words-{cpu}@1.0.0:{chr(10)}    optional: true{chr(10)}' for cpu in CPUS)}"
        f"  words@1.0.0:\n    optionalDependencies:\n{optional}"
    )


def _yarn_lock(files: dict[str, Path]) -> str:
    optional = "".join(f'    words-{cpu} "1.0.0"\n' for cpu in CPUS)
    lines = ["# yarn lockfile v1\n\n"]
    for name in ("words", *(f"words-{cpu}" for cpu in CPUS)):
        sha1 = hashlib.sha1(files[name].read_bytes()).hexdigest()
        resolved = f"http://{PACKAGES}/npm/{name}/-/{name}-1.0.0.tgz#{sha1}"
        lines.append(
            f'{name}@1.0.0:\n  version "1.0.0"\n  resolved "{resolved}"\n  integrity {integrity(files[name])}\n'
            f"{'  optionalDependencies:' + chr(10) + optional if name == 'words' else ''}"
        )
    return "\n".join(lines)


def _berry_lock() -> str:
    optional = "".join(f'    words-{cpu}: "npm:1.0.0"\n' for cpu in CPUS)
    meta = "".join(f"    words-{cpu}:\n      optional: true\n" for cpu in CPUS)
    own = '"hello@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "hello@workspace:."\n'
    own += '  dependencies:\n    words: "npm:1.0.0"\n  bin:\n    hello: server.js\n  languageName: unknown\n  linkType: soft\n'
    rest = "".join(
        f'\n"words-{cpu}@npm:1.0.0":\n  version: 1.0.0\n  resolution: "words-{cpu}@npm:1.0.0"\n'
        f"  conditions: os=linux & cpu={cpu}\n  languageName: node\n  linkType: hard\n"
        for cpu in CPUS
    )
    words = f'\n"words@npm:1.0.0":\n  version: 1.0.0\n  resolution: "words@npm:1.0.0"\n  dependencies:\n{optional}'
    words += f"  dependenciesMeta:\n{meta}  languageName: node\n  linkType: hard\n"
    return f"__metadata:\n  version: 8\n  cacheKey: 10c0\n\n{own}{rest}{words}"


def _node(files: dict[str, Path]) -> dict[str, dict[str, str]]:
    """Return the upstream repositories for Node.js: the files of each."""
    package = json.dumps(PACKAGE)
    compiled = {**PACKAGE, "dependencies": {"addon": "1.0.0"}}
    built = {**PACKAGE, "devDependencies": {"tool": "1.0.0"}, "scripts": {"build": "cp source.js server.js"}}
    locks = {
        "npm": {"package-lock.json": _package_lock(files, **PACKAGE)}, "pnpm": {"pnpm-lock.yaml": _pnpm_lock(files)},
        "yarn": {"yarn.lock": _yarn_lock(files)},
        "berry": {"yarn.lock": _berry_lock(), "package.json": json.dumps({**PACKAGE, "packageManager": "yarn@4.18.1"})},
    }  # fmt: skip
    return {
        "node": {
            f"{name}/{path}": text
            for name, lock in locks.items()
            for path, text in {"package.json": package, "server.js": SERVER, **lock}.items()
        },
        "npm": {"package.json": package, "server.js": SERVER, **locks["npm"]},
        "addon": {
            "package.json": json.dumps(compiled), "server.js": SERVER.replace("words", "addon"),
            "package-lock.json": _package_lock(files, **compiled),
        },
        "built": {
            "package.json": json.dumps(built), "source.js": SERVER, "package-lock.json": _package_lock(files, **built),
        },
        "unlocked": {"package.json": package, "server.js": SERVER},
        "nothing": {"README.md": ""},
    }  # fmt: skip


# ---- Python: a project with a command, and a package with a wheel for each processor ------------------------------------
# Needs no package to build the project or an sdist. It compiles hello.c if there is one.
BACKEND = """import os
import subprocess
import sysconfig
import zipfile


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = NAME
    native = os.path.exists("hello.c")
    tag = "py3-none-" + sysconfig.get_platform().replace("-", "_") if native else "py3-none-any"
    if native:
        subprocess.run(["cc", "-shared", "-fPIC", "-o", "libhello.so", "hello.c"], check=True)
    info = name + "-1.0.0.dist-info/"
    file = f"{name}-1.0.0-{tag}.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, file), "w") as archive:
        for path in (name + ".py", "libhello.so"):
            if os.path.exists(path):
                archive.write(path)
        archive.writestr(info + "METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0.0\\n" + REQUIRES)
        archive.writestr(info + "WHEEL", f"Wheel-Version: 1.0\\nGenerator: tests\\nRoot-Is-Purelib: true\\nTag: {tag}\\n")
        archive.writestr(info + "entry_points.txt", f"[console_scripts]\\n{name} = {name}:main\\n")
        archive.writestr(info + "RECORD", "")
    return file
"""
BUILD_SYSTEM = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
MAIN = """import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from WORDS import HELLO


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(HELLO.encode())


def main():
    HTTPServer(("", 8080), Handler).serve_forever()


if __name__ == "__main__":
    print(HELLO) if "print" in sys.argv else main()
"""
# Each lock file has its own package, because all of them are installed into one environment.
PYTHON_LOCKS = ("uv", "poetry", "pylock", "requirements")


def _backend(name: str, requires: str = "") -> str:
    return f"NAME = {name!r}\nREQUIRES = {requires!r}\n{BACKEND}"


def _python_packages(folder: Path) -> dict[str, list[Path]]:
    """Write the packages that Python's lock files name: a wheel for each processor, and one without wheels."""
    files: dict[str, list[Path]] = {}
    for name in PYTHON_LOCKS:
        files[name] = []
        for cpu in CPUS.values():
            # For the stand-in's C library and for Alpine's.
            tags = f"manylinux_2_17_{cpu}.musllinux_1_1_{cpu}"
            module = f'import platform\n\nassert platform.machine() == "{cpu}"\nHELLO = "{HELLO}"\n'
            files[name].append(wheel(folder, f"words_{name}", tags, {f"words_{name}.py": module}))
    files["compiled"] = [sdist(folder, "compiled", {
        "pyproject.toml": BUILD_SYSTEM, "backend.py": _backend("compiled"),
        "hello.c": f'const char *hello(void) {{ return "{HELLO}"; }}\n',
        "compiled.py": "import ctypes\nimport pathlib\n\nlibrary = ctypes.CDLL(str(pathlib.Path(__file__).with_name('libhello.so')))\n"
        "library.hello.restype = ctypes.c_char_p\nHELLO = library.hello().decode()\n",
    })]  # fmt: skip
    return files


def _uv(wheels: list[Path]) -> dict[str, str]:
    """A package with a command, which uv installs together with what it needs."""
    links = "".join(
        f'  {{ url = "http://{PACKAGES}/files/{file.name}", hash = "sha256:{sha256(file)}" }},\n' for file in wheels
    )
    return {
        "pyproject.toml": '[project]\nname = "hello"\nversion = "1.0.0"\nrequires-python = ">=3.9"\n'
        f'dependencies = ["words-uv==1.0.0"]\n\n[project.scripts]\nhello = "hello:main"\n\n{BUILD_SYSTEM}',
        "backend.py": _backend("hello", "Requires-Dist: words-uv==1.0.0\n"),
        "uv.lock": 'version = 1\nrevision = 3\nrequires-python = ">=3.9"\n\n'
        '[[package]]\nname = "hello"\nversion = "1.0.0"\nsource = { editable = "." }\n'
        'dependencies = [\n  { name = "words-uv" },\n]\n\n'
        '[package.metadata]\nrequires-dist = [{ name = "words-uv", specifier = "==1.0.0" }]\n\n'
        f'[[package]]\nname = "words-uv"\nversion = "1.0.0"\nsource = {{ registry = "http://{PACKAGES}/simple/" }}\n'
        f"wheels = [\n{links}]\n",
    }


def _poetry(wheels: list[Path]) -> dict[str, str]:
    dependencies = {"python": ">=3.9", "words-poetry": "1.0.0"}
    # Poetry checks that its lock file fits pyproject.toml.
    relevant = {"dependencies": dependencies, "dev-dependencies": None, "extras": None, "source": None}
    fits = hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()
    files = "".join(f'  {{file = "{file.name}", hash = "sha256:{sha256(file)}"}},\n' for file in wheels)
    listed = "".join(f'{name} = "{version}"\n' for name, version in dependencies.items())
    return {
        "pyproject.toml": f"[tool.poetry]\npackage-mode = false\n\n[tool.poetry.dependencies]\n{listed}",
        "poetry.lock": '[[package]]\nname = "words-poetry"\nversion = "1.0.0"\ndescription = ""\noptional = false\n'
        f'python-versions = "*"\ngroups = ["main"]\nfiles = [\n{files}]\n\n'
        f'[metadata]\nlock-version = "2.1"\npython-versions = ">=3.9"\ncontent-hash = "{fits}"\n',
    }


def _pylock(wheels: list[Path]) -> dict[str, str]:
    links = "".join(
        f'  {{ name = "{file.name}", url = "http://{PACKAGES}/files/{file.name}", hashes = {{ sha256 = "{sha256(file)}" }} }},\n'
        for file in wheels
    )
    package = f'[[packages]]\nname = "words-pylock"\nversion = "1.0.0"\nwheels = [\n{links}]\n'
    return {"pylock.toml": f'lock-version = "1.0"\ncreated-by = "tests"\n\n{package}'}


def _requirements(name: str, files: list[Path]) -> dict[str, str]:
    hashes = " ".join(f"--hash=sha256:{sha256(file)}" for file in files)
    return {"requirements.txt": f"# What it needs\n{name}==1.0.0 {hashes}\n"}


def _python(files: dict[str, list[Path]]) -> dict[str, dict[str, str]]:
    """Return the upstream repositories for Python: the files of each."""
    locks = {
        "uv": _uv(files["uv"]), "poetry": _poetry(files["poetry"]), "pylock": _pylock(files["pylock"]),
        "requirements": _requirements("words-requirements", files["requirements"]),
    }  # fmt: skip
    return {
        "python": {
            f"{name}/{path}": text
            for name, lock in locks.items()
            for path, text in {"hello.py": MAIN.replace("WORDS", f"words_{name}"), **lock}.items()
        },
        "sdist": {"hello.py": MAIN.replace("WORDS", "compiled"), **_requirements("compiled", files["compiled"])},
        "unpinned": {"hello.py": MAIN, "requirements.txt": "words\n"},
    }


@pytest.fixture(scope="module")
def server(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A git server with all upstream repositories."""
    folder, packages = tmp_path_factory.mktemp("git"), engine.folder / "packages"
    repositories = {**_node(_npm_packages(packages)), **_python(_python_packages(packages))}
    for name, files in repositories.items():
        for path, text in files.items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_text(text)
        git(folder / name, "init", "-q")
        git(folder / name, "add", "--force", ".")
        git(folder / name, "commit", "-qm", "good")
        git(folder / name, "tag", "v1.0.0")
    with serve(engine, folder) as address:
        yield address


NODE, PYTHON = {"base": "node", "run": "hello"}, {"base": "python", "run": "python hello.py"}


def _wrapper(wrappers: Wrappers, server: str, name: str, answers: dict[str, Any]) -> Wrapper:
    return wrappers.new({
        "source": "upstream", "upstream_repo": f"{server}/{name}", "upstream_ref": "v1.0.0", "arches": ["aarch64"], **answers
    })  # fmt: skip


@contextmanager
def _running(wrapper: Wrapper, arch: str, data: Path) -> Iterator[Container]:
    """Start a wrapper whose service says hello, and stop it."""
    container = wrapper.start(arch, data)
    assert container.page().strip() == HELLO
    assert container.health(1000) == 0
    yield container
    assert container.stop() in {0, 143}
    container.remove()


def test_each_lock_file_of_node_is_installed_for_the_other_processor(
    wrappers: Wrappers, server: str, tmp_path: Path
) -> None:
    """The packages fail to load on another processor, and nothing else is installed."""
    folders = ["npm", "pnpm", "yarn", "berry"]
    wrapper = _wrapper(wrappers, server, "node", {**NODE, "build": {"folders": folders}})
    wrapper.make("images")
    with _running(wrapper, "aarch64", tmp_path) as container:
        for folder in folders:
            assert container.execute("node", f"/app/{folder}/server.js", "print").stdout.strip() == HELLO, folder
            installed = container.execute("find", f"/app/{folder}/node_modules/", "-name", "words-*").stdout
            assert "arm64" in installed and "x64" not in installed, installed


def test_each_lock_file_of_python_is_installed_for_the_other_processor(
    wrappers: Wrappers, server: str, tmp_path: Path
) -> None:
    """The packages fail to load on another processor. One folder is itself a package, with a command."""
    answers = {**PYTHON, "run": "hello", "build": {"folders": list(PYTHON_LOCKS)}}
    wrapper = _wrapper(wrappers, server, "python", answers)
    wrapper.make("images")
    with _running(wrapper, "aarch64", tmp_path) as container:
        for folder in PYTHON_LOCKS:
            assert container.execute("python", f"/app/{folder}/hello.py", "print").stdout.strip() == HELLO, folder


@pytest.mark.parametrize(("name", "answers"), [("addon", NODE), ("sdist", PYTHON)], ids=["node", "python"])
def test_packages_are_compiled_for_the_other_processor(
    wrappers: Wrappers, server: str, name: str, answers: dict[str, Any], tmp_path: Path
) -> None:
    wrapper = _wrapper(wrappers, server, name, {**answers, "build": {"c": True}})
    wrapper.make("images")
    with _running(wrapper, "aarch64", tmp_path):
        pass


def test_a_submodule_is_installed_without_what_tools_left_in_it(
    wrappers: Wrappers, server: str, tmp_path: Path
) -> None:
    answers = {
        **NODE,
        "source": "submodule",
        "submodule": "hello",
        "upstream_repo": f"{server}/npm",
        "arches": ["x86_64"],
    }
    wrapper = wrappers.new(answers)
    git(wrapper.folder, "submodule", "add", "-q", f"{server}/npm", "hello")
    git(wrapper.folder, "add", "hello")
    left = wrapper.folder / "hello" / "node_modules" / "words" / "index.js"
    left.parent.mkdir(parents=True)
    left.write_text("broken")
    wrapper.make("images")
    with _running(wrapper, "x86_64", tmp_path):
        pass
    left.write_text("broken again")
    assert wrapper.make("--question", "images", check=False).returncode == 0
    (wrapper.folder / "hello" / "README.md").write_text("changed\n")
    assert wrapper.make("--question", "images", check=False).returncode == 1


def test_a_step_before_the_build_has_development_dependencies_and_the_image_has_none(
    wrappers: Wrappers, server: str, tmp_path: Path
) -> None:
    steps = {"prepare": ["npm ci", "npm run build"]}
    wrapper = _wrapper(wrappers, server, "built", {**NODE, "arches": ["x86_64"], "build": steps})
    wrapper.make("images")
    with _running(wrapper, "x86_64", tmp_path) as container:
        assert container.execute("ls", "/app/node_modules").stdout.split() == ["words", "words-x64"]
        assert container.execute("ls", "/app/.git", "/root/.cache").stdout == ""


@pytest.mark.parametrize(
    ("name", "answers", "said"),
    [
        (
            "unlocked",
            NODE,
            "/app has no package-lock.json, pnpm-lock.yaml or yarn.lock, so nothing says which versions",
        ),
        ("unpinned", PYTHON, "no uv.lock, poetry.lock, pylock.toml or requirements.txt with hashes"),
        ("addon", NODE, "These packages compile or download something when they're installed: addon"),
        ("built", NODE, "Answer build with {prepare: [npm ci, npm run build]}"),
        ("nothing", NODE, "/app has no package.json. Answer build with {folders: [FOLDER]}"),
        ("sdist", PYTHON, "To compile packages for the target, answer build with {c: true}"),
    ],
)
def test_a_build_that_would_have_to_guess_stops_and_names_the_answer(
    wrappers: Wrappers, server: str, name: str, answers: dict[str, Any], said: str
) -> None:
    result = _wrapper(wrappers, server, name, answers).make("images", check=False)
    assert result.returncode != 0
    assert said in result.stderr
    assert "See: startos-wrapper questions build" in result.stderr
