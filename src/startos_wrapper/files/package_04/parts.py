"""The parts of a package for StartOS 0.4: images, mounts, daemons, interfaces and actions, each with its place."""

from collections.abc import Iterator
from dataclasses import dataclass

from startos_wrapper.files.source import Place
from startos_wrapper.files.typescript.expression import Step, Value

# The architectures that StartOS 0.4 runs on.
ARCHITECTURES = ("x86_64", "aarch64", "riscv64")


@dataclass(frozen=True)
class Image:
    """An image of the manifest. `sources` are the keys of its `source`, which must be one."""

    id: str
    place: Place
    value: Value

    @property
    def sources(self) -> list[str]:
        """Return the keys of `source`."""
        source = self.value.get("source")
        return list(source.fields) if source else []

    @property
    def tag(self) -> Value | None:
        """Return the image reference in `dockerTag`."""
        return self.value.get("source", "dockerTag")

    @property
    def build(self) -> Value | None:
        """Return the options in `dockerBuild`."""
        return self.value.get("source", "dockerBuild")

    @property
    def dockerfile(self) -> str | None:
        """Return the path of the Dockerfile, or None if the image isn't built or the path isn't known.

        A `dockerfile` is relative to the package's folder. Without it, it's `Dockerfile` in `workdir`.
        """
        build = self.build
        if build is None or not build.complete:
            return None
        named, folder = build.get("dockerfile"), self.workdir
        if named is not None:
            return named.text.removeprefix("./") if named.text else None
        return None if folder is None else f"{folder}/Dockerfile".removeprefix("./")

    @property
    def workdir(self) -> str | None:
        """Return the folder that the image is built from, or None if it isn't known."""
        folder = self.build.get("workdir") if self.build else None
        return "." if folder is None else (folder.text or "").rstrip("/") or None

    @property
    def architectures(self) -> list[Value] | None:
        """Return the architectures in `arch`, or None if they aren't all known, or not written."""
        arch = self.value.get("arch")
        known = arch is not None and arch.kind == "list" and arch.is_known
        return arch.items if arch is not None and known else None


@dataclass(frozen=True)
class Mount:
    """A mount: the call, and its options. `kind` is `volume`, `assets`, `dependency` or `backups`."""

    kind: str
    step: Step
    options: Value

    def text(self, name: str) -> str | None:
        """Return an option if it's text."""
        value = self.options.get(name)
        return value.text if value else None

    @property
    def name(self) -> str | None:
        """Return the volume, the folder of the assets, or the dependency, or None if it isn't known."""
        return self.text({"volume": "volumeId", "assets": "subpath", "dependency": "dependencyId"}.get(self.kind, ""))


_MOUNTS = {
    "mountVolume": "volume",
    "mountAssets": "assets",
    "mountDependency": "dependency",
    "mountBackups": "backups",
}


def mounts_in(value: Value | None) -> list[Mount]:
    """Return the mounts of a chain like `sdk.Mounts.of().mountVolume({...})`."""
    steps = value.chain.steps if value and value.chain else []
    found = ((step, step.argument(0)) for step in steps if step.name in _MOUNTS)
    return [Mount(_MOUNTS[step.name], step, options) for step, options in found if options is not None]


@dataclass(frozen=True)
class Daemon:
    """A daemon or oneshot: its call, id and options."""

    step: Step
    id: str | None
    options: Value

    @property
    def stays(self) -> bool:
        """Return whether it's a daemon, which runs until the service is stopped."""
        return self.step.name == "addDaemon"

    @property
    def container(self) -> Step | None:
        """Return the call of `SubContainer.of`, or None if it isn't known."""
        subcontainer = self.options.get("subcontainer")
        return subcontainer.chain.last if subcontainer and subcontainer.chain else None

    @property
    def image(self) -> str | None:
        """Return the id of the image that it runs in, or None if it isn't known."""
        options = self.container.argument(1) if self.container else None
        image = options.get("imageId") if options else None
        return image.text if image else None

    @property
    def mounts(self) -> list[Mount]:
        """Return what is mounted into its container."""
        return mounts_in(self.container.argument(2) if self.container else None)

    @property
    def command(self) -> Value | None:
        """Return the command: a list of words, a text, or the chain of `sdk.useEntrypoint()`."""
        return self.options.get("exec", "command")

    @property
    def uses_entrypoint(self) -> Step | None:
        """Return the call of `sdk.useEntrypoint`, if that is the command."""
        command = self.command
        last = command.chain.last if command and command.chain else None
        return last if last and last.name == "useEntrypoint" else None


def daemons_in(steps: Iterator[Step]) -> list[Daemon]:
    """Return the daemons that calls of `addDaemon` and `addOneshot` add."""
    found: list[Daemon] = []
    for step in steps:
        id_, options = step.argument(0), step.argument(1)
        if id_ is not None and options is not None:
            found.append(Daemon(step, id_.text, options))
    return found
