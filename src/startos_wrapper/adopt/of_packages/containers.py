"""Read which daemons `main` starts, in which containers, and with which mounts."""

from collections.abc import Iterator
from dataclasses import replace

from startos_wrapper.adopt.of_packages.package_parts import Daemon, Gap, Mount, Ready, written
from startos_wrapper.adopt.of_packages.typescript_code import PackageCode
from startos_wrapper.files.source import Place
from startos_wrapper.files.typescript.expression import Chain, Step, Value
from startos_wrapper.files.typescript.module import Module

_KINDS = {"addDaemon": "daemon", "addOneshot": "oneshot", "addHealthCheck": "health check"}
_MOUNTS = {"mountVolume": "volume", "mountAssets": "assets", "mountDependency": "dependency"}
_CHECKS = ("checkPortListening", "checkWebUrl")
_SUBCONTAINERS = ("of", "eager")


class ContainerReader:
    """Read the daemons of a package. `gaps` has what isn't written out, apart from what's about a single daemon."""

    def __init__(self, code: PackageCode) -> None:
        """Use a package's code."""
        self._code = code
        self.gaps: list[Gap] = []

    def daemons(self) -> list[Daemon]:
        """Return the daemons, oneshots and health checks of `main`, each id once."""
        main = self._code.module("main")
        found: dict[str, Daemon] = {}
        for module in self._modules(main) if main else ():
            for value in self._code.chains(module, *_KINDS):
                before = len(self.gaps)
                daemon = self._daemon(module, value.chain) if value.chain else None
                if daemon is not None:
                    found.setdefault(daemon.id, replace(daemon, gaps=tuple(self.gaps[before:])))
                    del self.gaps[before:]
        if main and not found:
            self._gap("run", "", Place(main.source.file), "no daemon is written out")
        return list(found.values())

    def _modules(self, main: Module) -> list[Module]:
        """Return `main`, after the module of a function that begins its daemons."""
        for value in self._code.chains(main, *_KINDS):
            function = self._code.function(value.chain.steps[0]) if value.chain else None
            module = self._code.project.module(function.source.file) if function else None
            if module is not None and module is not main:
                return [module, main]
        return [main]

    def _gap(self, answer: str, item: str, place: Place, why: str) -> None:
        self.gaps.append(Gap(answer, item, place, why))

    def _daemon(self, module: Module, chain: Chain) -> Daemon | None:
        step = chain.last
        id, options = step.argument(0), step.argument(1)
        if id is None or id.text is None:
            self._gap("run", "", step.place, f"{step.name} with an id that isn't written out")
            return None
        certain = self._code.is_certain(step.source, step.start)
        if options is not None and options.kind == "function":
            # It may also return null.
            options = next((each for each in options.returned if each.kind == "object"), None)
            certain = False
        kind = _KINDS[step.name]
        if options is None or options.kind != "object":
            self._gap("run", id.value, step.place, "its options aren't written out")
            return Daemon(kind, id.value, certain, step.place)  # type: ignore[arg-type]
        execute = options.get("exec")
        image, mounts = self._container(options.get("subcontainer"))
        command, entrypoint = self._command(id.value, execute)
        requires = options.get("requires")
        return Daemon(
            kind,  # type: ignore[arg-type]
            id.value,
            certain,
            step.place,
            image,
            mounts,
            command,
            entrypoint,
            dict(self._environment(execute)),
            dict(execute.fields) if execute else {},
            self._ready(module, options.get("ready")),
            tuple(requires.texts()) if requires else (),
        )

    # --- The container -----------------------------------------------------------------------------------------------

    def _container(self, value: Value | None) -> tuple[str | None, tuple[Mount, ...]]:
        """Return the image of a subcontainer, and its mounts."""
        value = self._code.called(value) if value else None
        if value is None or value.chain is None:
            return None, ()
        step = value.chain.last
        if step.name not in _SUBCONTAINERS or "SubContainer" not in value.chain.path:
            self._gap("volumes", "", value.place, f"the container isn't written out: {written(value)}")
            return None, ()
        image, mounts = step.argument(1), step.argument(2)
        id = image.get("imageId") if image else None
        return id.text if id else None, tuple(self._mounts(mounts)) if mounts else ()

    def _mounts(self, value: Value) -> list[Mount]:
        value = self._code.called(value)
        if value.chain is None:
            if value.kind != "null":
                self._gap("volumes", "", value.place, f"the mounts aren't written out: {written(value)}")
            return []
        first = value.chain.steps[0]
        steps = list(value.chain.steps)
        if first.arguments is None and "Mounts" not in value.chain.path:
            # A variable that's set again, e.g. in a condition.
            others = self._code.set_to(first.source, first.name)
            steps = [step for other in others if other.chain for step in other.chain.steps] + steps[1:]
        found = [mount for step in steps if step.name in _MOUNTS and (mount := self._mount(step))]
        if not found and not any(step.name == "Mounts" for step in steps):
            self._gap("volumes", "", value.place, f"the mounts aren't written out: {written(value)}")
        return list(dict.fromkeys(found))

    def _mount(self, step: Step) -> Mount | None:
        options = step.argument(0)
        kind = _MOUNTS[step.name]
        wanted = {"volume": ("volumeId",), "assets": (), "dependency": ("dependencyId", "volumeId")}[kind]
        texts: dict[str, str] = {}
        for name in (*wanted, "mountpoint"):
            value = options.get(name) if options else None
            if value is None or value.text is None:
                what = written(value) if value else "missing"
                self._gap(
                    "pointers" if kind == "dependency" else "volumes",
                    texts.get("volumeId", ""),
                    step.place,
                    f"the {name} of {step.name} isn't written out: {what}",
                )
                return None
            texts[name] = value.value
        assert options is not None
        subpath, readonly = options.get("subpath"), options.get("readonly")
        if subpath is not None and subpath.text is None:
            self._gap(
                "volumes", texts.get("volumeId", ""), step.place, f"the subpath isn't written out: {written(subpath)}"
            )
            return None
        return Mount(
            kind,  # type: ignore[arg-type]
            texts.get("volumeId", ""),
            subpath.text if subpath else None,
            texts["mountpoint"],
            readonly.value is True if readonly else kind != "volume",
            self._code.is_certain(step.source, step.start),
            step.place,
            texts.get("dependencyId"),
        )

    # --- What it runs ------------------------------------------------------------------------------------------------

    def _command(self, id: str, execute: Value | None) -> tuple[tuple[str, ...] | None, bool]:
        value = execute.get("command") if execute else None
        if value is None:
            return None, False
        if value.chain and value.chain.last.name in ("useEntrypoint", "UseEntrypoint"):
            words = value.chain.last.argument(0)
            if words is None or words.kind in ("undefined", "null"):
                return (), True
            if words.is_known and words.kind == "list" and len(words.texts()) == len(words.items):
                return tuple(words.texts()), True
            self._gap("container", f"{id}.args", words.place, f"the arguments aren't written out: {written(words)}")
            return None, True
        if value.text is not None:
            return tuple(value.value.split()), False
        if value.kind == "list" and value.is_known and len(value.texts()) == len(value.items):
            return tuple(value.texts()), False
        self._gap("run", id, value.place, f"the command isn't written out: {written(value)}")
        return None, False

    def _environment(self, execute: Value | None) -> Iterator[tuple[str, tuple[str, Place]]]:
        value = execute.get("env") if execute else None
        if value is None or execute is None:
            return
        if value.kind != "object" or not value.complete:
            self._gap("environment", "", value.place, f"not all variables are written out: {written(value)}")
        for name, each in value.fields.items():
            place = value.key_place(name)
            inner = _as_text(each)
            if inner is None:
                self._gap("environment", name, place, f"its value isn't written out: {written(each)}")
            else:
                yield name, (inner, place)

    def _ready(self, module: Module, value: Value | None) -> Ready | None:
        if value is None:
            return None
        function, grace, display = value.get("fn"), value.get("gracePeriod"), value.get("display")
        port = url = None
        only = function.returned[0] if function and len(function.returned) == 1 else None
        step = only.chain.last if only and only.chain else None
        if step and step.name in _CHECKS and (target := step.argument(1)):
            if step.name == "checkPortListening" and isinstance(target.number, int):
                port = target.number
            elif step.name == "checkWebUrl":
                url = target.text
        place = value.place
        if port is None and url is None and not _always_succeeds(only):
            place = self._checked(module, function) or place
            self._gap("health_check", "", place, "the health check is a function that no answer can express")
        number = grace.number if grace else None
        return Ready(port, url, int(number) if number is not None else None, display is not None, place)

    def _checked(self, module: Module, function: Value | None) -> Place | None:
        """Return where a function calls a check of the SDK, as a part of something else."""
        for step in self._code.project.calls(module, *_CHECKS) if function else ():
            if function and step.source is function.source and function.start <= step.start < function.end:
                return step.place
        return None


def _always_succeeds(value: Value | None) -> bool:
    result = value.get("result") if value else None
    return result is not None and result.text == "success"


def _as_text(value: Value) -> str | None:
    """Return the text of a value, also of `String(8080)` and of numbers, or None."""
    if value.chain and value.chain.path == "String" and (inner := value.chain.last.argument(0)):
        value = inner
    if value.kind in ("text", "number"):
        return str(value.value)
    return None
