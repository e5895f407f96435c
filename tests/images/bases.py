"""Build base images from Debian packages and this machine's compilers, because the tests can't download public ones.

They have the names of the public images, so that wrappers are built with their Dockerfiles unchanged.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.images.engine import CURRENT, MIRROR, PACKAGES, STORAGE, Engine

ROOT = Path(__file__).parents[2]
RECIPES = Path(__file__).with_name("bases")
STARTER = ROOT / "template" / "{{ service.golang }}"
# Stands in for an image by a service's upstream.
UPSTREAM = "docker.io/acme/visits:1.0.0"
# The same service without a shell, and one that is published for amd64 only, without a list of processors.
BARE, SINGLE = "docker.io/acme/bare:1.0.0", "docker.io/acme/single:1.0.0"
# Debian's architecture names by Docker's.
DEBIAN = {"amd64": "amd64", "arm64": "arm64", "armv7": "armhf"}
CPU = {"amd64": "x86_64", "arm64": "aarch64"}
GNU = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
# Large files that base images don't need: documentation, and parts of gcc that aren't needed for linking.
UNWANTED = [
    "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/i18n", "usr/share/lintian", "usr/share/bug",
    "usr/share/perl5", "usr/lib/*/gconv", "usr/lib/*/perl*", "usr/lib/gcc/*/*/lto1", "usr/bin/*lto-dump*",
    "usr/lib/gcc/*/*/lib?san*", "usr/lib/*/lib?san.so*", "usr/bin/rustdoc",
]  # fmt: skip


@dataclass(frozen=True)
class Base:
    """An image to publish: its full name, its recipe, its platforms, and the function that fills its build context."""

    name: str
    recipe: str
    platforms: str
    fill: Callable[[Path], None]


def go(*arguments: str, cwd: Path = STARTER, **env: str) -> str:
    """Run this machine's go and return its output."""
    env = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-buildvcs=false", **env}
    return subprocess.run(["go", *arguments], cwd=cwd, env=env, check=True, text=True, stdout=subprocess.PIPE).stdout


def unpack(folder: Path, *sets: str) -> None:
    """Unpack sets of Debian packages that `.ci/engine` fetched, and remove unneeded files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in sets:
        for package in sorted((CURRENT / "debian" / name).glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    for pattern in UNWANTED:
        for path in folder.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def link(path: Path, target: str) -> None:
    """Create a symlink and its parent folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def write(path: Path, text: str) -> None:
    """Write a text file and create its parent folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def busybox(folder: Path, arch: str) -> None:
    """Fill a folder with busybox and the files that every image has. Commands have the same paths as in Alpine."""
    unpack(folder, f"base-{DEBIAN[arch]}")
    # This machine can only run the amd64 build, but Debian builds all of them with the same commands.
    program = folder.parent / "busybox-amd64"
    unpack(program, "base-amd64")
    commands = subprocess.run([program / "bin" / "busybox", "--list-full"], check=True, text=True, capture_output=True)
    for command in commands.stdout.split():
        # Alpine's busybox doesn't have these. httpd is in busybox-extras.
        if Path(command).name not in ("busybox", "dpkg", "dpkg-deb", "rpm", "rpm2cpio", "linuxrc", "httpd"):
            link(folder / command, "/bin/busybox")
    shutil.rmtree(program)
    go_arch = {"armv7": "arm"}.get(arch, arch)
    for source in RECIPES.glob("*.go"):
        program = folder / "usr" / "bin" / source.stem
        go("build", "-trimpath", "-ldflags=-s -w", "-o", str(program), str(source), CGO_ENABLED="0", GOARCH=go_arch)
    write(folder / "etc" / "passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n")
    write(folder / "etc" / "group", "root:x:0:\nnogroup:x:65534:\n")
    for name in ("dev", "home", "mnt", "opt", "proc", "root", "run", "srv", "sys", "tmp", "var/tmp", "usr/local/bin"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in ("tmp", "var/tmp"):
        (folder / name).chmod(0o1777)


def package(folder: Path, name: str, files: Path) -> None:
    """Create a package for the stand-in for apk from a folder of files, and remove the folder.

    It's compressed a little, because it's in each image that is built on its base.
    """
    packages = folder / "usr" / "share" / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    files.mkdir(exist_ok=True)
    tar = packages / f"{name}.tar.gz"
    subprocess.run(["tar", "-I", "gzip -1", "-cf", tar, "--owner=0", "--group=0", "-C", files, "."], check=True)
    shutil.rmtree(files)


def share(fill: Callable[[Path], None], context: Path) -> None:
    """Add what `fill` adds to an empty context. It only does so for the first of several images."""
    made = context.parent / fill.__name__
    if not made.exists():
        fill(made)
    # Links, because nothing changes a package in place.
    shutil.copytree(made, context, symlinks=True, copy_function=os.link, dirs_exist_ok=True)


def alpine(context: Path) -> None:
    """Fill the context of `alpine`: a folder for each architecture."""
    for arch in DEBIAN:
        folder, files = context / arch, context / "files"
        busybox(folder, arch)
        write(folder / "etc" / "os-release", 'ID=alpine\nNAME="Stand-in for Alpine Linux"\n')
        (folder / "lib" / "apk" / "db").mkdir(parents=True)
        shutil.copy(RECIPES / "apk", folder / "sbin" / "apk")
        for name in ("tini", "tini-static"):
            (files / "sbin").mkdir(parents=True)
            # Debian's other binary needs glibc.
            shutil.copy(folder / "usr" / "bin" / "tini-static", files / "sbin" / name)
            package(folder, name, files)
        for path in (folder / "usr" / "bin").glob("tini*"):
            path.unlink()
        (files / "bin").mkdir(parents=True)
        shutil.copy(folder / "bin" / "busybox", files / "bin" / "busybox.static")
        package(folder, "busybox-static", files)
        link(files / "usr" / "sbin" / "httpd", "/bin/busybox")
        package(folder, "busybox-extras", files)
        if arch in CPU:
            c_library(folder, arch)


def c_library(folder: Path, arch: str) -> None:
    """Add musl and gcc's libraries as packages, in the folders where Alpine has them. There's no compiler among them."""
    debian, files = folder.parent / "debian", folder.parent / "files"
    unpack(debian, f"musl-{arch}")
    library = debian / "usr" / "lib"
    shutil.copytree(debian / "usr" / "include" / f"{CPU[arch]}-linux-musl", files / "usr" / "include")
    shutil.copytree(library / f"{CPU[arch]}-linux-musl", files / "usr" / "lib")
    package(folder, "musl-dev", files)
    gcc = files / f"usr/lib/gcc/{CPU[arch]}-alpine-linux-musl/12"
    gcc.mkdir(parents=True)
    for path in (*library.glob(f"gcc/{GNU[arch]}/12/crt*.o"), *library.glob(f"gcc/{GNU[arch]}/12/libgcc*.a")):
        shutil.copy(path, gcc)
    package(folder, "gcc", files)
    shutil.rmtree(debian)


def git_package(context: Path) -> None:
    """Add git as a package, for this machine's architecture."""
    files = context / "files"
    unpack(files, "git-libraries-amd64", "git-amd64")
    certificates = sorted((files / "usr" / "share" / "ca-certificates").rglob("*.crt"))
    write(files / "etc" / "ssl" / "certs" / "ca-certificates.crt", "".join(path.read_text() for path in certificates))
    package(context / "amd64", "git", files)


def build_packages(context: Path) -> None:
    """Add the packages that build stages install, for this machine's architecture."""
    folder, files = context / "amd64", context / "files"
    share(git_package, context)
    # Empty, because the compilers don't need any of its files.
    package(folder, "musl-dev", files)
    unpack(files, "clang-amd64")
    # It compiles for the image's C library only, and has its own headers.
    for pattern in ("usr/include", "usr/lib/gcc", "usr/lib/*/*.a", "usr/lib/llvm-*/lib/*.a", "usr/bin/*"):
        for path in files.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    programs, linker = files / "usr/lib/llvm-22/bin", context / "linker"
    for path in [*programs.glob("lld*"), *programs.glob("*ld*.lld")]:
        (linker / path.relative_to(files)).parent.mkdir(parents=True, exist_ok=True)
        path.rename(linker / path.relative_to(files))
    for name in ("clang", "clang++"):
        link(files / "usr" / "bin" / name, f"/usr/lib/llvm-22/bin/{name}")
    package(folder, "clang", files)
    package(folder, "lld", linker)


def golang(context: Path) -> None:
    """Fill the context of `golang`: this machine's Go, and the same version for arm64 from the module proxy."""
    version = go("env", "GOVERSION").strip()
    modules = Path(go("env", "GOMODCACHE").strip()) / "golang.org"
    sources = {"amd64": Path(go("env", "GOROOT").strip()), "arm64": modules / f"toolchain@v0.0.1-{version}.linux-arm64"}
    for arch, source in sources.items():

        def unwanted(folder: str, names: list[str], root: str = str(source)) -> set[str]:
            # Deeper down, these are packages, e.g. go/doc.
            large = {"test", "api", "doc"} if folder == root else {"testdata"}
            return {name for name in names if name in large or name.startswith("_")}

        target = context / arch / "usr" / "local" / "go"
        shutil.copytree(source, target, symlinks=True, ignore=unwanted)
        # Files from a module aren't executable.
        for path in [*target.glob("bin/*"), *target.glob("pkg/tool/*/*")]:
            path.chmod(0o755)
        (context / arch / "go" / "bin").mkdir(parents=True)
    share(build_packages, context)


def rust(context: Path) -> None:
    """Fill the context of `rust`: Debian's compiler with glibc, and the musl standard library from `.ci/engine`."""
    for arch, gnu in GNU.items():
        folder = context / arch
        unpack(folder, f"rust-{arch}")
        library = folder / "usr" / "lib" / "rustlib"
        for target in (CURRENT / "musl").iterdir():
            shutil.copytree(target, library / target.name)
        link(library / gnu.replace("-", "-unknown-", 1) / "bin" / "rust-lld", "/usr/lib/llvm-22/bin/lld")
        programs = folder / "usr" / "local" / "cargo" / "bin"
        for name in ("rustc", "cargo"):
            link(programs / name, f"/usr/bin/{name}")
        link(folder / "usr" / "bin" / "cc", "gcc")
        shutil.copy(RECIPES / "rustup", programs)
        (folder / "usr" / "local" / "rustup").mkdir()
    share(build_packages, context)


def compilers(context: Path) -> None:
    """Add Debian's C compiler as a package, and empty packages, for images whose C library is Debian's, too."""
    for arch in GNU:
        folder, files = context / arch, context / "files"
        unpack(files, f"compiler-{arch}")
        link(files / "usr" / "bin" / "cc", "gcc")
        package(folder, "g++", files)
        link(folder / "usr" / "share" / "packages" / "build-base.tar.gz", "g++.tar.gz")
        for name in ("make", "python3"):
            package(folder, name, files)


def fetched(pattern: str) -> Path:
    """Return the only package with a name that `.ci/engine` fetched from the registries of npm and Python."""
    (found,) = (CURRENT / "packages").glob(pattern)
    return found


def node(context: Path) -> None:
    """Fill the context of `node`: Node.js for glibc and npm, both from npm, on Debian's C library."""
    for arch, cpu in {"amd64": "x64", "arm64": "arm64"}.items():
        folder = context / arch
        unpack(folder, f"libraries-{arch}")
        local = folder / "usr" / "local"
        for file, target in (
            (fetched(f"node-linux-{cpu}-*.tgz"), local),
            (fetched("npm-*.tgz"), local / "lib/node_modules/npm"),
        ):
            target.mkdir(parents=True, exist_ok=True)
            skipped = [
                "--exclude=openssl/archs",
                "--exclude=package/share",
                "--exclude=package/*.md",
                "--exclude=package/man",
            ]
            subprocess.run(["tar", "-xzf", file, "--strip-components=1", *skipped, "-C", target], check=True)
        (local / "package.json").unlink()
        for name in ("npm", "npx"):
            link(local / "bin" / name, f"../lib/node_modules/npm/bin/{name}-cli.js")
        for program in (local / "bin" / "node", *(local / "lib/node_modules/npm/bin").glob("*-cli.js")):
            program.chmod(0o755)
    share(compilers, context)
    share(git_package, context)


def python(context: Path) -> None:
    """Fill the context of `python`: Debian's Python and C library, without pip."""
    for arch in GNU:
        folder = context / arch
        unpack(folder, f"python-{arch}")
        (program,) = (folder / "usr" / "bin").glob("python3.?*[0-9]")
        for name in ("python3", "python"):
            link(folder / "usr" / "local" / "bin" / name, f"/usr/bin/{program.name}")
    share(compilers, context)
    share(git_package, context)


def uv(context: Path) -> None:
    """Fill the context of `uv`: its program for musl from the Python index."""
    for arch, cpu in CPU.items():
        with zipfile.ZipFile(fetched(f"uv-*musllinux*_{cpu}.whl")) as archive:
            (name,) = [name for name in archive.namelist() if name.endswith(".data/scripts/uv")]
            write(context / arch / "uv", "")
            (context / arch / "uv").write_bytes(archive.read(name))
        (context / arch / "uv").chmod(0o755)


def _visits(folder: Path, arch: str) -> None:
    go(
        "build",
        "-trimpath",
        "-ldflags=-s -w",
        "-o",
        str(folder / "visits"),
        ".",
        CGO_ENABLED="0",
        GOOS="linux",
        GOARCH=arch,
    )


def bare(context: Path) -> None:
    """Fill the context of images with nothing but a program: no shell, and no folder that is usually on the PATH."""
    for arch in GNU:
        _visits(context / arch / "opt", arch)


def visits(context: Path) -> None:
    """Fill the context of an image that stands in for upstream's: not based on Alpine, and not run by root."""
    for arch in GNU:
        folder = context / arch
        busybox(folder, arch)
        # Use another layout: all commands are in a single folder.
        (folder / "usr" / "bin").mkdir(exist_ok=True)
        for name in ("bin", "sbin", "usr/sbin"):
            for path in (folder / name).iterdir():
                path.rename(folder / "usr" / "bin" / path.name)
            (folder / name).rmdir()
            link(folder / name, "/usr/bin")
        write(folder / "etc" / "os-release", 'ID=acme\nNAME="Acme Linux"\n')
        _visits(folder / "usr" / "local" / "bin", arch)


def buildkit(context: Path) -> None:
    """Fill the context of the image that buildx starts for its docker-container driver."""
    folder = context / "amd64"
    busybox(folder, "amd64")
    unpack(folder, "runc-amd64")
    for name in ("buildkitd", "buildctl"):
        shutil.copy(CURRENT / "bin" / name, folder / "usr" / "bin")
    # In BuildKit's own config, because with one in DOCKER_CONFIG, buildx (0.38) refuses BUILDER=tcp://...
    write(folder / "etc" / "buildkit" / "buildkitd.toml", MIRROR)


def all_bases() -> list[Base]:
    """All images, each after those that it is built from."""
    bases = yaml.safe_load((ROOT / "hooks" / "data" / "bases.yaml").read_text())
    amd64, arm64 = "linux/amd64", "linux/amd64,linux/arm64"
    return [
        Base(f"library/{bases['alpine']['image']}", "alpine", f"{arm64},linux/arm/v7", alpine),
        Base(f"library/{bases['golang']['image']}", "golang", arm64, golang),
        Base(f"library/{bases['rust']['image']}", "rust", arm64, rust),
        Base(f"library/{bases['node']['image']}", "node", arm64, node),
        Base(f"library/{bases['python']['image']}", "python", arm64, python),
        Base(bases["python"]["tools"]["uv"], "uv", arm64, uv),
        Base(UPSTREAM.removeprefix("docker.io/"), "visits", arm64, visits),
        Base(BARE.removeprefix("docker.io/"), "bare", arm64, bare),
        Base(SINGLE.removeprefix("docker.io/"), "bare", amd64, bare),
        Base("moby/buildkit:buildx-stable-1", "buildkit", amd64, buildkit),
    ]


def digest(base: Base) -> str:
    """A hash of everything that goes into an image."""
    parts = [*sorted(RECIPES.iterdir()), Path(__file__)]
    if base.fill in (bare, visits):
        parts.append(STARTER / "main.go")
    text = MIRROR + PACKAGES + base.name + go("env", "GOVERSION") + "".join(path.read_text() for path in parts)
    text += "".join(str((CURRENT / name).resolve()) for name in ("bin", "debian", "musl", "packages"))
    return hashlib.sha256(text.encode()).hexdigest()


def publish(engine: Engine) -> None:
    """Build the images and push them to the engine's registry, unless it already has them."""
    published = STORAGE / "published"
    published.mkdir(parents=True, exist_ok=True)
    bases = all_bases()
    marks = {base: published / base.name.split(":")[0].replace("/", "_") for base in bases}
    missing = [base for base, mark in marks.items() if not mark.exists() or mark.read_text() != digest(base)]
    if not missing:
        return
    with tempfile.TemporaryDirectory(dir=engine.folder) as folder:
        for base in missing:
            # Otherwise old contents would stay forever. If this stops halfway, the next run does it again.
            marks[base].unlink(missing_ok=True)
            repository = base.name.split(":")[0]
            shutil.rmtree(STORAGE / "docker" / "registry" / "v2" / "repositories" / repository, ignore_errors=True)
            context = Path(folder) / "context"
            base.fill(context)
            _push(engine, base, context, bases[0].name.removeprefix("library/"))
            shutil.rmtree(context)
            marks[base].write_text(digest(base))
    sweep = ["docker-registry", "garbage-collect", str(engine.folder / "registry.yml")]
    subprocess.run(sweep, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _push(engine: Engine, base: Base, context: Path, alpine_name: str) -> None:
    """Build an image from its context and push it to the engine's registry."""
    output = f"type=image,name={engine.registry}/{base.name},push=true,compression=uncompressed"
    command = [
        str(CURRENT / "bin" / "buildctl"), "--addr", engine.builder, "build", "--progress=plain",
        "--frontend=dockerfile.v0", "--local", f"context={context}", "--local", f"dockerfile={RECIPES}",
        "--opt", f"filename={base.recipe}.Dockerfile", "--opt", f"platform={base.platforms}",
        "--opt", f"build-arg:ALPINE={alpine_name}", "--opt", f"build-arg:PACKAGES={PACKAGES}", "--output", output,
    ]  # fmt: skip
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{base.name} could not be published:\n{result.stdout}")
