"""Configure the service, as StartOS does when the user saves the config. S/manager/mod.rs:336-563"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import SystemRandom
from typing import Any

from startos_wrapper.files.manifest.procedure import Procedure
from startos_wrapper.files.manifest.schema_faults import spec_faults
from startos_wrapper.rehearse.calling import call_for, log_of
from startos_wrapper.rehearse.config_spec import Addresses, MisfitError, fill, fit, generate, validate
from startos_wrapper.rehearse.outcome import Outcome, StepFailedError, sentence
from startos_wrapper.rehearse.package import Package
from startos_wrapper.rehearse.procedure_runner import run_procedure
from startos_wrapper.rehearse.rehearsal import Rehearsal
from startos_wrapper.rehearse.result_shapes import wrong_get_result, wrong_set_result

# The codes of a container that can't be started, of a program that can't be run, and of a script with a wrong result.
_UNUSABLE = {"docker": (125, 126, 127), "script": (4, 6)}
_MISSING_EXPORT = "Expecting /"


@dataclass(frozen=True)
class Form:
    """What config.get returned: the spec of the config, and the stored config, or None."""

    spec: Mapping[str, Any]
    config: dict[str, Any] | None


def get_form(rehearsal: Rehearsal) -> Form:
    """Run config.get, and check its result. Raises: StepFailedError."""
    procedure = _procedure(rehearsal, "get")
    found = call_for(rehearsal, procedure, wrong_get_result)
    place = rehearsal.place(*procedure.path)
    spec = found.document.get("spec") if found.document else None
    if spec is not None and found.source is not None:
        for fault in spec_faults(found.source, spec):
            what = f"config.get: StartOS can't read its spec: {fault.what}"
            raise StepFailedError(what, todo=sentence(fault.todo), place=place)
    form = Form(found.value["spec"], found.value.get("config"))
    try:
        validate(form.spec, {rehearsal.package.id, *dependencies_of(rehearsal.package)})
    except MisfitError as error:
        todo = "Add the dependency to the manifest, or correct the spec."
        raise StepFailedError(f"config.get: {error}", todo=todo, place=place) from error
    return form


def configure(rehearsal: Rehearsal, config: dict[str, Any] | None = None, source: str = "") -> None:
    """Save a config: this one, or the stored one, or one from the spec's defaults. Raises: StepFailedError.

    `source` is how messages call this config. The service is started again if it runs. S/manager/mod.rs:181-188
    """
    form = get_form(rehearsal)
    if config is None:
        config, source = form.config, "the stored config"
    if config is None:
        config, source = _defaults(rehearsal, form), "the default config"
    try:
        fit(form.spec, config)
        config = fill(form.spec, config, _addresses(rehearsal.package))
    except MisfitError as error:
        file = rehearsal.settings.files.get(source)
        what = f"{file.path if file else f'config.get: {source}'} doesn't fit the spec: {error}"
        place = file.place(error.path) if file else rehearsal.place("config", "get")
        raise StepFailedError(what, todo=_todo(source, error), place=place) from error
    _save(rehearsal, config)
    _read_again(rehearsal, config)
    rehearsal.is_configured = True
    if rehearsal.service.is_started:
        rehearsal.service.stop()
        rehearsal.service.start()


def dependencies_of(package: Package) -> list[str]:
    """Return the ids of the packages that a package depends on."""
    node = package.manifest.get("dependencies")
    return list(node.fields) if node else []


def _todo(source: str, error: MisfitError) -> str:
    if source == "--config":
        return "Correct the file."
    if error.is_missing and source == "the default config":
        return "Give it a default, make it nullable, or pass a value with --config FILE."
    if error.is_missing:
        return "Let the migration add the key, or let config.get return a value for it."
    return (
        "Correct the default or the spec." if source == "the default config" else "Let the migration change the value."
    )


def _procedure(rehearsal: Rehearsal, name: str) -> Procedure:
    procedure = rehearsal.package.procedure("config", name)
    if procedure is None:
        what = f"the manifest's config has no {name}"
        raise StepFailedError(what, todo="Add both get and set.", place=rehearsal.place("config"))
    return procedure


def _defaults(rehearsal: Rehearsal, form: Form) -> dict[str, Any]:
    try:
        return generate(form.spec, SystemRandom())
    except MisfitError as error:
        place = rehearsal.place("config", "get")
        what = f"config.get: the spec makes no default config: {error}"
        raise StepFailedError(what, todo="Correct the default.", place=place) from error


def _addresses(package: Package) -> Addresses:
    node = package.manifest.get("interfaces")
    kinds = {"tor-address": "tor-config", "lan-address": "lan-config"}
    return Addresses(
        package.id,
        {
            id: [kind for kind, key in kinds.items() if interface.get(key) is not None]
            for id, interface in (node.fields if node else {}).items()
        },
    )


def _save(rehearsal: Rehearsal, config: dict[str, Any]) -> None:
    """Run config.set, and what follows it: the checks of dependencies."""
    procedure = _procedure(rehearsal, "set")
    found = call_for(rehearsal, procedure, wrong_set_result, given=config)
    known = dependencies_of(rehearsal.package)
    for package in found.value["depends-on"]:
        if package not in known:
            what = f"config.set depends on {package}, which StartOS ignores: it isn't among the dependencies"
            rehearsal.warn(what, rehearsal.place("config", "set"))
    for package in known:
        check = rehearsal.package.procedure("dependencies", package, "config", "check")
        if check is not None:
            _check_dependency(rehearsal, check)


def _check_dependency(rehearsal: Rehearsal, check: Procedure) -> None:
    """Run the check of a dependency that isn't installed. If it refuses, the UI says so. S/dependencies.rs:334-354"""
    outcome = run_procedure(rehearsal, check, given={}, timeout=rehearsal.settings.wait, is_sandboxed=True)
    unusable = _UNUSABLE.get(check.kind or "", ())
    if outcome.code is None or outcome.code in unusable or outcome.errors.startswith(_MISSING_EXPORT):
        reason = "it takes too long" if outcome.code is None else log_of(outcome).replace("\n", " ")
        rehearsal.warn(f"{check.name} can't run: {reason}", rehearsal.place(*check.path))


def _read_again(rehearsal: Rehearsal, config: dict[str, Any]) -> None:
    """Compare what config.get returns now with what was saved."""
    form, place = get_form(rehearsal), rehearsal.place("config", "set")
    if form.config is None:
        what = "config.get: it returns no config after config.set, so StartOS asks for the config again and again"
        raise StepFailedError(what, todo="Let config.set save the config where config.get reads it.", place=place)
    changed = first_difference(config, form.config, tuple(form.spec))
    if changed:
        what = f"config.get: it returns another value for `{changed}` than config.set was given"
        todo = "Let config.set save the config as it is, where config.get reads it."
        raise StepFailedError(what, todo=todo, outcome=_compared(config, form.config), place=place)
    rehearsal.config = form.config


def first_difference(before: Any, after: Any, names: tuple[str, ...]) -> str:
    """Return the path of the first key with different values, or an empty text. Missing and null are the same."""
    for name in names:
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            inner = first_difference(old, new, tuple(dict.fromkeys([*old, *new])))
            if inner:
                return f"{name}.{inner}"
        elif old != new:
            return name
    return ""


def _compared(before: Any, after: Any) -> Outcome:
    import json

    return Outcome("config.get", 0, errors=f"saved    {json.dumps(before)}\nreturned {json.dumps(after)}")
