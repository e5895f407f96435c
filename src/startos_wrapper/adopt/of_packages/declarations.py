"""Read what a package declares besides its containers: interfaces, dependencies and backups."""

from typing import Any

from startos_wrapper.adopt.of_packages.package_parts import Backups, Dependency, Gap, Interface, written
from startos_wrapper.adopt.of_packages.typescript_code import PackageCode
from startos_wrapper.files.source import Place
from startos_wrapper.files.typescript.expression import Chain, Step, Value
from startos_wrapper.files.typescript.module import Module

_DUMPS = {"withPgDump": "postgres", "withMysqlDump": "mysql"}
_HOOKS = ("setPreBackup", "setPostBackup", "setPreRestore", "setPostRestore", "addSync")


class DeclarationReader:
    """Read the declarations of a package. `gaps` has what isn't written out."""

    def __init__(self, code: PackageCode) -> None:
        """Use a package's code."""
        self._code = code
        self.gaps: list[Gap] = []

    def _gap(self, answer: str, item: str, place: Place, why: str) -> None:
        self.gaps.append(Gap(answer, item, place, why))

    # --- Interfaces --------------------------------------------------------------------------------------------------

    def interfaces(self) -> list[Interface]:
        """Return the interfaces that are exported, each id once."""
        module = self._code.module("interfaces")
        found: dict[str, Interface] = {}
        exported: set[int] = set()
        for value in self._code.chains(module, "export") if module else ():
            chain = value.chain
            listed = chain.last.argument(0) if chain else None
            for item in listed.items if listed and chain else ():
                if item.chain and item.chain.last.name == "createInterface" and chain:
                    exported.add(item.chain.last.start)
                    if interface := self._interface(chain, item.chain.last):
                        found.setdefault(interface.id, interface)
        for value in self._code.chains(module, "createInterface") if module else ():
            if value.chain and value.chain.last.start not in exported:
                self._gap("interfaces", "", value.place, "where this interface is exported isn't written out")
        return list(found.values())

    def _interface(self, export: Chain, created: Step) -> Interface | None:
        fields = created.argument(1)
        id = fields.get("id") if fields else None
        if fields is None or id is None or id.text is None:
            what = written(id) if id else "missing"
            self._gap("interfaces", "", created.place, f"the id of the interface isn't written out: {what}")
            return None
        bound, host = export.step("bindPort"), self._host(export)
        port = bound.argument(0) if bound else None
        binding = bound.argument(1) if bound else None
        if bound is None or port is None or not isinstance(port.number, int) or binding is None:
            what = written(port) if port else "missing"
            self._gap("interfaces", id.value, created.place, f"the port of the interface isn't written out: {what}")
            return None
        certain = self._code.is_certain(created.source, created.start)
        certain &= self._code.is_certain(export.last.source, export.last.start)
        return Interface(id.value, host, port.value, binding, fields, certain, created.place)

    @staticmethod
    def _host(export: Chain) -> str:
        multi = next((number for number, step in enumerate(export.steps) if step.name == "MultiHost"), None)
        step = export.steps[multi + 1] if multi is not None and multi + 1 < len(export.steps) else None
        id = step.argument(1) if step else None
        return id.text or "" if id else ""

    # --- Dependencies ------------------------------------------------------------------------------------------------

    def dependencies(self, manifest: Value) -> list[Dependency]:
        """Return the dependencies of the manifest, with what `setDependencies` requires of them."""
        required = self._required()
        found = []
        declared = manifest.get("dependencies")
        for id, value in declared.fields.items() if declared else ():
            optional = value.get("optional")
            needed, certain = required.get(id, (None, False))
            kind, versions, checks = (
                needed.get(name) if needed else None for name in ("kind", "versionRange", "healthChecks")
            )
            if needed is None:
                why = "which versions are needed isn't written out in setDependencies"
                self._gap("dependencies", id, value.place, why)
            found.append(
                Dependency(
                    id,
                    bool(optional and optional.value is True),
                    english(value.get("description")) or "",
                    kind.text if kind else None,
                    versions.text if versions else None,
                    tuple(checks.texts()) if checks else (),
                    certain,
                    needed.place if needed else value.place,
                )
            )
        return found

    def _required(self) -> dict[str, tuple[Value, bool]]:
        """Return what `setDependencies` says about each dependency, and whether it always does."""
        module = self._code.module("dependencies")
        if module is None:
            return {}
        found: dict[str, tuple[Value, bool]] = {}
        for value in self._code.chains(module, "setupDependencies"):
            function = value.chain.last.argument(0) if value.chain else None
            for each in function.returned if function else ():
                for id, needed in each.fields.items():
                    if needed.kind == "object":
                        found.setdefault(id, (needed, self._is_certain(module, each.start)))
        for name, value in self._code.assigned_fields(module):
            if value.kind == "object" and value.get("versionRange"):
                found.setdefault(name, (value, self._is_certain(module, value.start)))
        return found

    def _is_certain(self, module: Module, start: int) -> bool:
        return self._code.is_certain(module.source, start)

    # --- Backups -----------------------------------------------------------------------------------------------------

    def backups(self) -> Backups | None:
        """Return what the backups contain, or None if that isn't written out."""
        module = self._code.module("backups")
        found = self._code.chains(module, "ofVolumes", "addVolume", "setOptions", *_DUMPS, *_HOOKS) if module else []
        steps = [value.chain.last for value in found if value.chain]
        if module is None or not any(step.name in ("ofVolumes", *_DUMPS) for step in steps):
            if module:
                self._gap("backup", "", Place(module.source.file), "what is backed up isn't written out")
            return None
        volumes: list[str] = []
        exclude: list[str] = []
        dumps: dict[str, dict[str, Any]] = {}
        for step in steps:
            if step.name in ("ofVolumes", "addVolume"):
                given = step.arguments or []
                for each in given if step.name == "ofVolumes" else given[:1]:
                    volumes += [each.value] if each.text else []
                    if each.text is None:
                        self._gap("backup", "volumes", each.place, f"the volume isn't written out: {written(each)}")
                exclude += self._excluded(step.argument(1)) if step.name == "addVolume" else []
            elif step.name == "setOptions":
                exclude += self._excluded(step.argument(0))
            elif step.name in _DUMPS:
                dumps[_DUMPS[step.name]] = self._dump(step)
            elif step.name in _HOOKS:
                self._gap("backup", step.name, step.place, "no answer can express it")
        return Backups(tuple(volumes), tuple(exclude), dumps, steps[0].place)

    def _excluded(self, options: Value | None) -> list[str]:
        value = options.get("exclude") if options else None
        if value is not None and not value.is_known:
            self._gap("backup", "exclude", value.place, f"what is left out isn't written out: {written(value)}")
        return value.texts() if value else []

    def _dump(self, step: Step) -> dict[str, Any]:
        options = step.argument(0)
        plain = options.plain() if options and options.kind == "object" else {}
        password = options.get("password") if options else None
        return {name: each for name, each in plain.items() if each is not None} | (
            {"password": written(password)} if password else {}
        )


def english(value: Value | None) -> str | None:
    """Return a text for people in English: a plain text, the argument of `i18n`, or the locale en_US of a map."""
    if value is None:
        return None
    if value.chain and value.chain.last.name == "i18n":
        value = value.chain.last.argument(0)
    elif value.kind == "object":
        value = value.get("en_US") or next(iter(value.fields.values()), None)
    return value.text if value else None
