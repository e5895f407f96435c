"""Measure image builds for arm64: from scratch, after changing a line, and with an emulated compiler.

Run by `make bench ARGS=images`, as root, after `.ci/engine`. `first` is a build by a new builder, which fetches the
base images from this machine's registry. A `clean` build has only the base images, and emulation is compared with it.
The emulated build uses the same Dockerfile, but is told that this machine is arm64.
"""

import sys
import tempfile
import time
from pathlib import Path

from copier import run_copy

from tests.images import bases
from tests.images import engine as engines
from tests.images.engine import Engine

ROOT = Path(__file__).parents[2]

SOURCES = {"golang": "main.go", "rust": "src/main.rs", "node": "main.js", "python": "service.py"}
NATIVE, EMULATED = "linux/amd64", "linux/arm64"
# How much slower an emulated build must be than a clean one, and the most that a rebuild takes of a first build. The starters
# for Node.js and Python have nothing to compile or install, so most of their builds is starting the package manager.
LIMITS = {"golang": (6.0, 0.35), "rust": (6.0, 0.35), "node": (1.5, 0.85), "python": (1.5, 0.85)}


def _build(engine: Engine, wrapper: Path, builder: str, compiler: str) -> float:
    """Build a wrapper's image for arm64 with the compiler on a platform. Return the time in seconds."""
    started = time.monotonic()
    engine.docker(
        "buildx", "build", "--builder", builder, "--platform", "linux/arm64", "--build-arg", f"BUILDPLATFORM={compiler}",
        "--output", f"type=docker,dest={wrapper}/image.tar", str(wrapper),
    )  # fmt: skip
    return time.monotonic() - started


def _builder(engine: Engine, name: str, wrapper: Path, compiler: str) -> str:
    """Start a builder and let it fetch the base images, so that a measurement begins with the compiler."""
    engine.docker("buildx", "create", "--name", name, "--driver", "docker-container")
    images = [
        line.split()[-3:] for line in (wrapper / "Dockerfile").read_text().splitlines() if line.startswith("FROM")
    ]
    (build,) = [image for image, *_, stage in images if stage == "build"]
    runtime = images[-1][-1]
    fetch = wrapper.parent / f"{name}.Dockerfile"
    fetch.write_text(f"FROM --platform={compiler} {build} AS build\nFROM {runtime}\nCOPY --from=build /etc/passwd /\n")
    engine.docker(
        "buildx", "build", "--builder", name, "--platform", "linux/arm64", "--file", str(fetch), "--output",
        f"type=local,dest={wrapper.parent}/fetched", str(wrapper),
    )  # fmt: skip
    return name


def _measure(engine: Engine, base: str, folder: Path) -> bool:
    wrapper = folder / base
    run_copy(
        str(ROOT), wrapper, data={"service_id": "hello-world", "base": base}, defaults=True, quiet=True, vcs_ref="HEAD"
    )
    engine.docker("buildx", "create", "--name", f"first-{base}", "--driver", "docker-container")
    engine.docker("buildx", "inspect", "--bootstrap", f"first-{base}")
    first = _build(engine, wrapper, f"first-{base}", NATIVE)
    native = _builder(engine, f"native-{base}", wrapper, NATIVE)
    clean = _build(engine, wrapper, native, NATIVE)
    with (wrapper / "service" / SOURCES[base]).open("a") as source:
        source.write("# One line more.\n" if base == "python" else "// One line more.\n")
    rebuild = _build(engine, wrapper, native, NATIVE)
    emulated = _build(engine, wrapper, _builder(engine, f"emulated-{base}", wrapper, EMULATED), EMULATED)
    print(
        f"{base:6}  first {first:5.1f} s  clean {clean:5.1f} s  after one line {rebuild:5.1f} s "
        f"({rebuild / first:.0%} of first, {rebuild / clean:.0%} of clean)  "
        f"emulated {emulated:6.1f} s ({emulated / clean:.1f} x clean)",
        flush=True,
    )
    slower, part = LIMITS[base]
    return emulated >= slower * clean and rebuild <= part * first


def main() -> int:
    """Print the figures. Return 1 if a limit is exceeded, 2 if this machine can't measure."""
    if reason := engines.missing():
        print(reason, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name, engines.engine(Path(name)) as engine:
        bases.publish(engine)
        kept = [_measure(engine, base, Path(name)) for base in SOURCES]
    for base, (slower, part) in LIMITS.items():
        print(f"limits of {base}: emulated at least {slower} x clean, rebuild at most {part:.0%} of first")
    print("kept" if all(kept) else "NOT kept")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    raise SystemExit(main())
