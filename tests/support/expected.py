"""Derive from the answers about procedures what the manifest must contain, independently of the template."""

from pathlib import PurePosixPath
from typing import Any

SCRIPT = {"type": "script"}


def said(answers: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of the manifest that depend only on the answers about procedures and documents."""
    volumes = answers["volumes"]
    documents = {"license": "LICENSE", "icon": "icon.png", "instructions": "instructions.md"}
    main = {"entrypoint": "docker_entrypoint.sh", "args": []} | answers["container"]
    parts: dict[str, Any] = {
        "license": answers.get("license_name", answers["license"]), "assets": documents | answers["files"],
        "actions": {id: _action(action) for id, action in answers["actions"].items()},
        "properties": _type(answers, "properties"), "migrations": _type(answers, "migrations"),
        "backup": {step: _backup(answers["backup"], step, volumes, answers["assets"]) for step in ("create", "restore")},
    }  # fmt: skip
    if answers["health_checks"]:
        parts["health-checks"] = {id: _check(check) for id, check in answers["health_checks"].items()}
    parts |= {f"main.{key}": value for key, value in main.items()}
    for id, dependency in answers["dependencies"].items():
        config = dependency.get("config")
        parts[f"dependencies.{id}.config"] = (
            {"check": SCRIPT, "auto-configure": SCRIPT} if config == "script" else config
        )
    return parts


def found(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the same parts of an actual manifest."""
    parts = {key: manifest[key] for key in ("license", "assets", "backup", "health-checks")}
    parts["actions"] = manifest.get("actions", {})
    parts |= {f"main.{key}": value for key, value in manifest["main"].items()}
    parts["properties"] = manifest["properties"]["type"] if "properties" in manifest else None
    migrations = manifest.get("migrations")
    parts["migrations"] = migrations["to"]["*"]["type"] if migrations else None
    for id, dependency in manifest.get("dependencies", {}).items():
        parts[f"dependencies.{id}.config"] = dependency.get("config")
    return parts


def _type(answers: dict[str, Any], name: str) -> str | None:
    way = answers["config"] if answers[name] == "as-config" else answers[name]
    return {"none": None, "script": "script", "compat": "docker"}[way]


def _procedure(item: dict[str, Any], inject: bool) -> dict[str, Any]:
    if "entrypoint" not in item:
        return SCRIPT
    given = {key: item[key] for key in ("entrypoint", "args", "inject", "io-format", "mounts") if key in item}
    return {"type": "docker", "image": "main", "args": [], "inject": inject, "io-format": "json"} | given


def _check(check: dict[str, Any]) -> dict[str, Any]:
    texts = {key: check[key] for key in ("name", "success-message") if key in check}
    return texts | _procedure(check, True)


def _action(action: dict[str, Any]) -> dict[str, Any]:
    keys = ("name", "description", "warning", "allowed-statuses", "input-spec")
    return {key: action[key] for key in keys if key in action} | {"implementation": _procedure(action, False)}


def _backup(backup: dict[str, Any], step: str, volumes: dict[str, str], assets: dict[str, Any]) -> dict[str, Any]:
    if backup.get("type") == "script":
        return SCRIPT
    procedure: dict[str, Any] = {"type": "docker", "image": "compat", "system": True}
    procedure |= {key: backup[key] for key in ("io-format",) if key in backup}
    drive = {"BACKUP": "/mnt/backup"}
    if "entrypoint" in backup:
        seen = volumes | {id: path for id, path in assets.items() if path is not None}
        program = backup.get("restore-entrypoint" if step == "restore" else "entrypoint", backup["entrypoint"])
        mounts = drive | backup.get("mounts", seen)
        return procedure | {"entrypoint": program, "args": backup.get(f"{step}-args", []), "mounts": mounts}
    if not volumes:
        return procedure | {"entrypoint": "true"}
    several = len(volumes) > 1
    only = next(iter(volumes.values())) if "mounts" in backup and not several else "/mnt/data"
    asked = PurePosixPath(backup.get("root", only))
    # compat's own home is /root, where duplicity and gpg write.
    homes = [PurePosixPath("/root/.cache"), PurePosixPath("/root/.gnupg")]
    hides = any(asked.is_relative_to(home) or home.is_relative_to(asked) for home in homes)
    root = PurePosixPath("/mnt/data") if hides else asked
    usual = {id: asked / id if several else asked for id in volumes}
    mounts = {
        id: str(root / PurePosixPath(path).relative_to(asked)) for id, path in backup.get("mounts", usual).items()
    }
    args = ["duplicity", step, "/mnt/backup", str(root)]
    return procedure | {"entrypoint": "compat", "args": args, "mounts": drive | mounts}
