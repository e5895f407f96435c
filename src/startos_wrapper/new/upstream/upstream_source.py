"""Read what `--from` names: a folder, a compose file, a Dockerfile, a tar of an image, or an image."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from startos_wrapper.answers_file import ANSWERS
from startos_wrapper.data import pattern
from startos_wrapper.errors import RefusedError, UsageError
from startos_wrapper.files.compose import ComposeError, ComposeFile, Service, Text, Variable, read_compose
from startos_wrapper.files.source import TooLargeError, UnreadableError, read_bytes
from startos_wrapper.files.wrapper import MANIFESTS
from startos_wrapper.new.upstream import image_facts
from startos_wrapper.new.upstream.app_stores import read_app_store
from startos_wrapper.new.upstream.dockerfile_facts import read_dockerfile
from startos_wrapper.new.upstream.facts import AppStore, Fact, ImageFacts, Tree
from startos_wrapper.new.upstream.other_services import known_values
from startos_wrapper.new.upstream.source_tree import read_tree
from startos_wrapper.new.upstream.startos_release import USUAL, Release, releases
from startos_wrapper.terminal import printable

Ask = Callable[[str, bool], ImageFacts]
_TARS = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2")
_COMPOSE = (".yml", ".yaml")
# Files that are read together with their folder, and aren't Dockerfiles.
_PARTS = (".toml", ".json", ".mod", ".sum", ".lock", ".cfg", ".txt", ".md", ".env", ".py", ".js", ".ts", ".go", ".rs")
# Every manifest of a wrapper has this key. A manifest.json can also be that of a web page.
_WRAPPER_KEY = b"wrapper-repo"


@dataclass
class UpstreamSource:
    """What was read. Without a compose file, `compose` is None, and without a folder, `folder` is None."""

    given: str
    network: bool = False
    folder: Path | None = None
    compose: ComposeFile | None = None
    # The same for other releases of StartOS, which call other services by other names.
    composes: dict[str, ComposeFile] = field(default_factory=dict)
    store: AppStore | None = None
    tree: Tree = field(default_factory=Tree)
    # The path of the Dockerfile that the folder's root is built with.
    dockerfile: str = ""
    image: str = ""
    ask: Ask | None = None
    _images: dict[str, ImageFacts] = field(default_factory=dict)

    def for_release(self, release: Release) -> "UpstreamSource":
        """Return the source with the compose file as it is for a release of StartOS."""
        return replace(self, compose=self.composes.get(release.name, self.compose))

    def image_facts(self, reference: str) -> ImageFacts:
        """Return what is known about an image, asked once."""
        if reference not in self._images:
            self._images[reference] = (self.ask or image_facts.read_image)(reference, self.network)
        return self._images[reference]

    def dockerfile_of(self, service: Service) -> tuple[str, str]:
        """Return the path of the Dockerfile that builds a service, and its stage, or two empty texts."""
        build = service.build
        if build is None or build.inline or self.folder is None or self.compose is None:
            return "", ""
        base = (self.folder / self.compose.path).parent
        try:
            path = (base / build.context / (build.dockerfile or "Dockerfile")).resolve()
            if path.is_file() and path.is_relative_to(self.folder.resolve()):
                return path.relative_to(self.folder.resolve()).as_posix(), build.target
        except (OSError, ValueError):
            pass
        return "", ""

    def dockerfile_facts(self, path: str, target: str = "", arguments: dict[str, str] | None = None) -> list[Fact]:
        """Return what a Dockerfile in the folder says about its image."""
        assert self.folder is not None
        return read_dockerfile(self.folder / path, target, shown=path, arguments=arguments or {})


def read_source(given: str, network: bool = False, ask: Ask | None = None) -> UpstreamSource:
    """Read what `--from` names.

    Raises: CommandError.
    """
    path = Path(given).expanduser() if given.startswith("~") else Path(given)
    source = UpstreamSource(given, network, ask=ask)
    try:
        exists = bool(given) and path.exists()
    except (OSError, ValueError):
        exists = False
    if not exists:
        _read_name(source, given)
    elif path.is_dir():
        _read_folder(source, path)
    elif path.name.lower().endswith(_COMPOSE):
        source.folder = path.parent
        _read_compose(source, path)
    elif path.name.endswith(_TARS):
        source.image, found = given, image_facts.read_image_tar(path)
        source.ask = lambda _reference, _network: found
    elif _is_part(path.name.lower()):
        folder = printable(str(path.parent))
        raise RefusedError(
            f"--from {printable(given)}: neither a compose file nor a Dockerfile; pass its folder: {folder}"
        )
    else:
        source.folder, source.dockerfile = path.parent, path.name
        source.tree = read_tree(path.parent)
    return source


def _is_part(name: str) -> bool:
    return not name.startswith(("dockerfile", "containerfile")) and (name.startswith(".env") or name.endswith(_PARTS))


def _is_wrapper(folder: Path) -> bool:
    for name in MANIFESTS:
        try:
            if _WRAPPER_KEY in (read_bytes(folder / name) or b""):
                return True
        except (TooLargeError, UnreadableError):
            continue
    return False


def _read_name(source: UpstreamSource, given: str) -> None:
    if "://" in given or given.startswith("git@"):
        raise UsageError(f"--from {printable(given.partition('://')[0])}://...: clone it first, and pass the folder")
    is_path = given.startswith((".", "/", "~")) or given.lower().endswith((*_COMPOSE, *_TARS, "dockerfile"))
    if is_path or not pattern("image").fullmatch(given):
        raise RefusedError(
            f"--from {printable(given)}: there's no such file or folder, and it isn't the name of an image"
        )
    source.image = given


def _read_folder(source: UpstreamSource, folder: Path) -> None:
    if _is_wrapper(folder):
        known = (folder / ANSWERS).is_file()
        todo = f"its answers are in {ANSWERS}" if known else f"its answers: startos-wrapper adopt {source.given}"
        raise RefusedError(
            f"--from {printable(source.given)}: it's a wrapper already, not upstream's; {printable(todo)}"
        )
    source.folder, source.tree = folder, read_tree(folder)
    if source.tree.compose:
        _read_compose(source, folder / source.tree.compose)
    elif source.tree.dockerfile:
        source.dockerfile = source.tree.dockerfile
    elif not any(fact.name == "base" for fact in source.tree.facts):
        raise RefusedError(f"{printable(source.given)}: {_nothing(source.tree)}")


def _nothing(tree: Tree) -> str:
    others = tree.other_compose
    if tree.unread and not others:
        unread = tree.unread[0]
        return f"can't read {printable(unread.path)}: {printable(unread.why)}; pass another file with --from"
    if others:
        why = f"{printable(others[0].path)}: {printable(others[0].why)}"
        return f"no compose file for users ({why}); pass one with --from FILE"
    return "there's no compose file, Dockerfile or package metadata; pass a file or an image with --from"


def _read_compose(source: UpstreamSource, path: Path) -> None:
    assert source.folder is not None
    try:
        source.compose = read_compose(path, source.folder)
        source.store = read_app_store(source.folder, source.compose)
        for name, release in releases().items():
            values = list(_store_values(source.store, release)) if source.store else []
            if values:
                source.composes[name] = read_compose(path, source.folder, values)
        source.compose = source.composes.get(USUAL, source.compose)
    except ComposeError as error:
        raise RefusedError(printable(str(error))) from error


def _store_values(store: AppStore, release: Release) -> Iterator[Variable]:
    """Yield the variables that an app store sets, and those of services that StartOS has, too."""
    own = next((str(fact.value) for fact in store.facts if fact.name == "service_id"), "")
    known = dict(fact.value for fact in store.facts if fact.name == "value")
    if store.kind == "umbrel":
        for name, value, service in known_values(own, release):
            if name not in known:
                yield Variable(name, Text(value, value, 0), 0, f"StartOS's {service}")
    for fact in store.facts:
        if fact.name == "value":
            file, _, line = fact.place.rpartition(":")
            number = int(line) if line.isdigit() else 0
            name, value = fact.value
            yield Variable(name, Text(value, value, number), number, file or fact.place)
