"""Derive from answers what a package for StartOS 0.4 must be and do, independently of the template.

`expected` and `found` return the same facts, one from the answers and one from what evaluate.py saw.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

#: What StartOS calls in a bundle.
EXPORTS = ["actions", "createBackup", "init", "main", "manifest", "uninit"]
_LOCALES = ["en_US", "es_ES", "de_DE", "pl_PL", "fr_FR"]
_STATUSES = {("running",): "only-running", ("stopped",): "only-stopped"}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
#: What a custom health check's exit code means, as StartOS 0.3.5 read it.
EXITS = {0: "success", 59: "disabled", 60: "starting", 61: "loading", 1: "failure", 127: "failure"}
Answers = Mapping[str, Any]
Facts = dict[str, Any]


def exver(version: str) -> str:
    """Return the ExVer form of a version: the fourth number is the revision."""
    if ":" in version:
        return version
    numbers = version.split(".")
    return f"{'.'.join(numbers[:3])}:{numbers[3] if len(numbers) == 4 else 0}"


def exver_range(emver: str) -> str:
    """Return the ExVer form of a range of versions of StartOS 0.3.5."""
    products = [product.split() for product in emver.split("||")]
    atoms = [
        [re.sub(r"[0-9][0-9.]*", lambda number: exver(number[0]), atom) for atom in product] for product in products
    ]
    return " || ".join(" && ".join(product) for product in atoms)


def with_defaults(answers: Answers) -> dict[str, Any]:
    """Return answers with what the questions give by default."""
    answers = {name: answer for name, answer in answers.items() if answer is not None}
    service = answers.get("service_id", "hello-world")
    title = answers.get("title", service.replace("-", " ").title()[:29].strip())
    short = answers.get("short_description", f"{title} for StartOS")
    user = f"github.com/{answers['github_user']}" if answers.get("github_user") else "example.com"
    usual: dict[str, Any] = {
        "service_id": service, "title": title, "short_description": short, "long_description": short, "version": "0.1.0",
        "license": "MIT", "license_name": "see LICENSE", "wrapper_repo": f"https://{user}/{service}-startos",
        "upstream_repo": f"https://{user}/{service}", "marketing_site": "", "donation_url": "", "base": "golang",
        "volumes": {"main": f"/root/.{service}"}, "ui_port": 8080, "interfaces": {}, "pointers": {}, "certificates": {},
        "config": "none", "properties": "as-config", "arches": ["aarch64", "x86_64"], "dependencies": {}, "actions": {},
        "assets": {}, "health_checks": {},
        "health_check": "http" if answers.get("ui_port", 8080) else "process", "health_options": {}, "container": {},
        "sigterm_timeout": "30s", "environment": {}, "secrets": {}, "oneshots": {}, "backup": {}, "run": service,
    }  # fmt: skip
    return usual | answers


def expected(answers: Answers) -> Facts:
    """Return the facts that follow from answers."""
    given = with_defaults(answers)
    ports = list(_ports(given))
    return {
        "exports": EXPORTS,
        "manifest": _manifest(given),
        "bindings": {(port["host"], port["port"]): _binding(port) for port in ports},
        "interfaces": {port["id"]: _interface(port) for port in ports},
        "chain": _chain(given),
        "checked": _checked(given),
        "dependencies": _dependencies(given),
        "actions": _actions(given),
        "runs": _runs(given),
        "tasks": _tasks(given),
        "backup": _backup(given),
        "data version": exver(given["version"]),
    }


def _texts(text: str) -> dict[str, str]:
    return dict.fromkeys(_LOCALES, text)


def _manifest(given: Answers) -> Facts:
    published = given["container"].get("as-is", False)
    image = {"source": {"dockerTag": given.get("upstream_image")} if published else {"dockerBuild": {}}}
    return {
        "id": given["service_id"],
        "title": given["title"],
        "version": exver(given["version"]),
        "license": given["license_name"] if given["license"] == "other" else given["license"],
        "packageRepo": given["wrapper_repo"],
        "upstreamRepo": given["upstream_repo"],
        "marketingUrl": given["marketing_site"] or given["upstream_repo"],
        "donationUrl": given["donation_url"] or None,
        "description": {"short": _texts(given["short_description"]), "long": _texts(given["long_description"])},
        "volumes": list(given["volumes"]) or ["startos"],
        "images": {"main": image | {"arch": sorted(given["arches"])}},
        "dependencies": {
            name: {
                "description": _texts(one.get("description", f"{given['title']} needs it.")),
                "optional": one["requirement"] != "required",
                "s9pk": None,
            }
            for name, one in given["dependencies"].items()
        },
        "hardwareAcceleration": given["container"].get("gpu-acceleration", False),
        "canMigrateFrom": f"<={exver(given['version'])}",
        "canMigrateTo": f"={exver(given['version'])}",
    }


def _ports(given: Answers) -> Iterator[Facts]:
    """Yield each port that can be reached, with its interface."""
    interfaces = given["interfaces"]
    if not interfaces and given["ui_port"]:
        about = f"The web pages of {given['title']}."
        interfaces = {"main": {"name": "Web Interface", "description": about, "ui": True, "port": given["ui_port"]}}
    for name, one in interfaces.items():
        web = "http" in one.get("protocols", ["tcp", "http"])
        # Internal port -> the port outside that was asked for, and whether StartOS adds TLS.
        asked: dict[int, tuple[int | None, bool]] = {}
        if "port" in one:
            asked[one["port"]] = (one.get("external"), one.get("tls", False))
        else:
            lan = {target["internal"]: (outside, target["ssl"]) for outside, target in one.get("lan", {}).items()}
            tor = {inside: (outside, False) for outside, inside in one.get("tor", {}).items()}
            asked = {**lan, **{inside: found for inside, found in tor.items() if inside not in lan}}
        for number, (port, (outside, tls)) in enumerate(asked.items()):
            if web and outside in (80, 443):
                outside = None
            yield {
                **one, "host": name, "port": port, "http": web, "external": outside, "tls": tls and not web,
                "id": name if number == 0 else f"{name}-{port}",
                "name": one["name"] if number == 0 else f"{one['name']} ({port})",
                "type": one.get("type", "ui" if one.get("ui") else "api"),
            }  # fmt: skip


def _binding(port: Facts) -> Facts:
    if port["http"]:
        return {"external": port["external"] or 80, "tls": 443}
    external = port["external"] or port["port"]
    return {"external": external, "tls": external if port["tls"] else None}


def _interface(port: Facts) -> Facts:
    web = ("http", "https") if port["http"] else (None, None)
    return {
        "name": port["name"],
        "description": port["description"],
        "type": port["type"],
        "masked": port.get("masked", False),
        "host": port["host"],
        "port": port["port"],
        "schemes": (port["scheme"],) * 2 if "scheme" in port else web,
        "username": port.get("username"),
        "path": port.get("path", ""),
        "query": port.get("query", {}),
    }


def _mounts(given: Answers) -> Facts:
    """What each container sees where, when no other package is installed that needn't be."""
    volumes = given["volumes"]
    mounts: Facts = {path: {"volume": name, "readonly": False} for name, path in volumes.items()}
    mounts |= {path: {"assets": name} for name, path in given["assets"].items() if path}
    data = data_volume(volumes)
    for name, certificate in given["certificates"].items():
        if certificate["mount"]:
            folder = f"start9/certificates/{name}"
            mounts[certificate["mount"]] = {"volume": data, "subpath": folder, "readonly": True}
    for pointer in given["pointers"].values():
        if given["dependencies"][pointer["package"]]["requirement"] == "required":
            mounts[pointer["mount"]] = _pointer(pointer)
    return mounts


def _pointer(pointer: Answers) -> Facts:
    folder = pointer["path"].strip("/")
    return {
        "package": pointer["package"], "volume": pointer["volume"], "readonly": pointer.get("readonly", True),
        **({"subpath": folder} if folder else {}),
    }  # fmt: skip


def maybe_mounted(answers: Answers) -> Facts:
    """What containers see only while other packages are installed."""
    given = with_defaults(answers)
    pointers = given["pointers"].values()
    return {
        pointer["mount"]: _pointer(pointer)
        for pointer in pointers
        if given["dependencies"][pointer["package"]]["requirement"] != "required"
    }


def data_volume(volumes: Mapping[str, str]) -> str:
    """Return the id of the volume that keeps the settings."""
    return "main" if "main" in volumes else next(iter(volumes), "startos")


def _chain(given: Answers) -> list[Facts]:
    """What runs, in order."""
    seconds = int(given["sigterm_timeout"][:-1]) * _SECONDS[given["sigterm_timeout"][-1]]
    container, mounts = given["container"], _mounts(given)
    chain: list[Facts] = []
    before: list[str] = []
    for name, command in given["oneshots"].items():
        run = ["docker_entrypoint.sh", "sh", "-c", f"exec {command}"]
        chain.append({"kind": "oneshot", "id": name, "requires": before, "command": run, "mounts": mounts})
        before = [name]
    names: list[str] = []
    for name, command in _daemons(given, container):
        names.append(name)
        published = container.get("as-is", False)
        chain.append(
            {
                "kind": "daemon", "id": name, "requires": before, "command": command, "mounts": mounts,
                "sigterm": seconds * 1000, "env": given["environment"] if published else {},
                **_ready(given, several=isinstance(given["run"], list) and len(given["run"]) > 1),
            }
        )  # fmt: skip
    display, grace = _display(given)
    if len(names) > 1 and not given["health_checks"] and given["health_check"] in ("http", "tcp"):
        chain.append({"kind": "health", "id": "main", "requires": names, "display": display, "grace": grace})
    for name, check in given["health_checks"].items():
        chain.append({"kind": "health", "id": name, "requires": names, "display": check["name"], "grace": None})
    return chain


def _daemons(given: Answers, container: Answers) -> Iterator[tuple[str, Any]]:
    """Yield the id and command of each daemon."""
    if not isinstance(given["run"], list) or len(given["run"]) == 1:
        replaced = container.get("args") if container.get("as-is") else None
        yield "main", {"entrypoint": replaced}
        return
    seen: list[str] = []
    for command in given["run"]:
        program = re.sub(r"[\"']", "", command.split()[0]).rsplit("/", 1)[-1]
        name = re.sub(r"[^a-z0-9]+", "-", program.lower()).strip("-")
        seen.append(name)
        number = seen.count(name)
        yield name if number == 1 else f"{name}-{number}", ["docker_entrypoint.sh", "sh", "-c", f"exec {command}"]


def _checked_port(given: Answers) -> int:
    return int(given["ui_port"] or next(_ports(given))["port"])


def _display(given: Answers) -> tuple[str | None, int | None]:
    """What the check of the whole service is called, and how long it may fail after the start."""
    grace = given["health_options"].get("grace", 60) * 1000
    match given["health_check"]:
        case "http":
            return "Web Interface", grace
        case "tcp":
            return f"Port {_checked_port(given)}", grace
        case "process":
            return "Process", None
    return None, None


def _ready(given: Answers, several: bool) -> Facts:
    if several or given["health_checks"]:
        return {"display": None, "grace": None}
    display, grace = _display(given)
    return {"display": display, "grace": grace}


def _checked(given: Answers) -> Facts:
    """The results of all checks: with nothing that listens, and with the checked port; and the page that is asked for."""
    chain = [entry for entry in _chain(given) if entry["kind"] != "oneshot"]
    kind = given["health_check"]
    by_port = kind in ("http", "tcp") and not given["health_checks"]
    checking = chain[-1]["id"] if by_port else None
    own = dict.fromkeys(given["health_checks"], "success")
    nothing = {entry["id"]: "failure" if entry["id"] == checking else "success" for entry in chain}
    starter = given["base"] != "image" and given.get("source", "starter") == "starter"
    starter = starter and (given["base"] != "alpine" or given["run"] in (given["service_id"], [given["service_id"]]))
    page = given["health_options"].get("path", "/health" if starter else "/")
    port = _checked_port(given) if by_port else None
    return {
        "nothing listens": nothing,
        "it listens": {entry["id"]: "success" for entry in chain},
        "page": (port, page) if kind == "http" and by_port else None,
        "exits": dict.fromkeys(own, EXITS),
        "commands": {
            name: [check["entrypoint"], *check.get("args", [])] for name, check in given["health_checks"].items()
        },
    }


def listening(answers: Answers) -> list[int]:
    """Return the port that the check asks for, if it asks for one."""
    given = with_defaults(answers)
    return [_checked_port(given)] if given["health_check"] in ("http", "tcp") and not given["health_checks"] else []


def _dependencies(given: Answers) -> list[Facts]:
    return [
        {
            "id": name, "kind": one.get("kind", "running"), "range": exver_range(one["version"]),
            "checks": one.get("health-checks", []) if one.get("kind", "running") == "running" else None,
        }
        for name, one in given["dependencies"].items()
    ]  # fmt: skip


def _shown(given: Answers) -> dict[str, str]:
    return {name: secret["name"] for name, secret in given["secrets"].items() if secret.get("show", True)}


def _actions(given: Answers) -> Facts:
    actions: Facts = {}
    if given["config"] != "none":
        actions["config"] = {"statuses": "any", "input": True, "warning": None}
    way = given["config"] if given["properties"] == "as-config" else given["properties"]
    if way != "none" or _shown(given):
        actions["properties"] = {"statuses": "any", "input": False, "warning": None}
    for name, one in given["actions"].items():
        actions[name] = {
            "name": one["name"], "description": one["description"], "warning": one.get("warning"),
            "statuses": _STATUSES.get(tuple(one["allowed-statuses"]), "any"), "input": bool(one.get("input-spec")),
        }  # fmt: skip
    return actions


def filled(spec: Answers) -> Facts:
    """Return an input that an action's form accepts, with something in every field."""
    return {name: _value(field) for name, field in spec.items()}


def _value(field: Answers) -> Any:
    match field["type"]:
        case "string":
            return "a b"
        case "number":
            return 2001
        case "boolean":
            return True
        case "enum":
            return field["values"][-1]
        case "list":
            return [_value({"type": field["subtype"], **field["spec"]})]
    return filled(field["spec"])


def _runs(given: Answers) -> Facts:
    """The command that each action runs, what the container sees, and what it reads."""
    usual = _mounts(given)
    runs: Facts = {}
    for name, one in given["actions"].items():
        own = {path: {"volume": volume} for volume, path in one.get("mounts", {}).items()}
        mounts = own or {path: {k: v for k, v in mount.items() if k != "readonly"} for path, mount in usual.items()}
        spec = one.get("input-spec")
        runs[name] = {
            "command": [one["entrypoint"], *one.get("args", [])], "mounts": mounts, "input": filled(spec) if spec else None,
        }  # fmt: skip
    return runs


def _tasks(given: Answers) -> list[Facts]:
    if given["config"] == "none":
        return []
    return [{"action": "config", "package": given["service_id"], "severity": "critical"}]


def _backup(given: Answers) -> Facts:
    """Which volumes are copied, without which files, and which dumps are made."""
    backup, volumes = given["backup"], list(given["volumes"]) or ["startos"]
    dumps = [backup[kind]["volume"] for kind in ("postgres", "mysql") if kind in backup]
    return {
        "volumes": [name for name in backup.get("volumes", volumes) if name not in dumps],
        "exclude": backup.get("exclude", []),
        "dump": [
            {"postgres": "pg_dump", "mysql": "mysqldump"}[kind] for kind in ("postgres", "mysql") if kind in backup
        ],
    }


def found(evaluated: Facts, answers: Answers) -> Facts:
    """Return the same facts as `expected`, from what `evaluate` saw when it played `steps`."""
    given = with_defaults(answers)
    played = {step["name"]: step for step in evaluated["played"]}
    state = played["main"]["state"]
    return {
        "exports": evaluated["exports"],
        "manifest": _found_manifest(evaluated["manifest"]),
        "bindings": {
            (one["id"], one["internalPort"]): {
                "external": one["preferredExternalPort"],
                "tls": (one["addSsl"] or {}).get("preferredExternalPort"),
            }
            for one in state["bindings"]
        },
        "interfaces": {one["id"]: _found_interface(one) for one in state["interfaces"]},
        "chain": [_found_entry(entry) for entry in played["main"]["result"]],
        "checked": _found_checked(played, given),
        "dependencies": [
            {"id": one["id"], "kind": one["kind"], "range": one["versionRange"], "checks": one.get("healthChecks")}
            for one in state["dependencies"]
        ],
        "actions": {name: _found_action(name, one) for name, one in state["actions"].items()},
        "runs": {name: _found_run(played[f"run {name}"]) for name in given["actions"]},
        "tasks": [
            {"action": one["actionId"], "package": one["packageId"], "severity": one["severity"]}
            for one in state["tasks"]
        ],
        "backup": _found_backup(played["backup"]["commands"]),
        "data version": state["dataVersion"],
    }


def steps(answers: Answers) -> list[Facts]:
    """Return what `evaluate` must play for `found`."""
    given = with_defaults(answers)
    played: list[Facts] = [
        {"name": "init", "do": "init", "kind": "install"},
        {"name": "main", "do": "main"},
        {"name": "nothing listens", "do": "ready", "listening": []},
        {"name": "it listens", "do": "ready", "listening": listening(answers)},
        {"name": "backup", "do": "backup"},
    ]
    if given["health_checks"]:
        played += [
            {
                "name": f"exit {code}", "do": "ready",
                "answers": {
                    check["entrypoint"].rsplit("/", 1)[-1]: {"exit": code, "stdout": "It's so.\n"}
                    for check in given["health_checks"].values()
                },
            }
            for code in EXITS
        ]  # fmt: skip
    for name, one in given["actions"].items():
        said = {one["entrypoint"].rsplit("/", 1)[-1]: {"exit": 0, "stdout": "Done.\n"}}
        step = {"name": f"run {name}", "do": "run", "action": name, "input": filled(one.get("input-spec", {}))}
        played.append(step | {"answers": said})
    return played


def _found_manifest(manifest: Facts) -> Facts:
    names = (
        "id", "title", "version", "license", "packageRepo", "upstreamRepo", "marketingUrl", "donationUrl", "description",
        "volumes", "dependencies", "hardwareAcceleration", "canMigrateFrom", "canMigrateTo",
    )  # fmt: skip
    images = {
        name: {"source": image["source"], "arch": sorted(image["arch"])} for name, image in manifest["images"].items()
    }
    return {name: manifest[name] for name in names} | {"images": images}


def _found_interface(one: Facts) -> Facts:
    address = one["addressInfo"]
    suffix = urlsplit(address["suffix"])
    return {
        "name": one["name"],
        "description": one["description"],
        "type": one["type"],
        "masked": one["masked"],
        "host": address["hostId"],
        "port": address["internalPort"],
        "schemes": (address["scheme"], address["sslScheme"]),
        "username": address["username"],
        "path": suffix.path,
        "query": dict(parse_qsl(suffix.query, strict_parsing=bool(suffix.query))),
    }


def found_mounts(mounts: list[Facts]) -> Facts:
    """Return what is mounted where, as `expected` writes it."""
    result: Facts = {}
    for mount in mounts:
        options = mount["options"]
        subpath = {"subpath": options["subpath"]} if options.get("subpath") else {}
        readonly = {"readonly": options["readonly"]} if "readonly" in options else {}
        match options["type"]:
            case "assets":
                one = {"assets": options["subpath"]}
            case "volume":
                one = {"volume": options["volumeId"], **subpath, **readonly}
            case _:
                one = {"package": options["packageId"], "volume": options["volumeId"], **subpath, **readonly}
        result[mount["mountpoint"]] = one
    return result


def _found_entry(entry: Facts) -> Facts:
    facts: Facts = {name: entry[name] for name in ("kind", "id", "requires")}
    if entry["kind"] != "health":
        assert entry["image"] == "main"
        facts |= {"command": entry["exec"]["command"], "mounts": found_mounts(entry["mounts"])}
    if entry["kind"] == "daemon":
        facts |= {"sigterm": entry["exec"]["sigtermTimeout"], "env": entry["exec"]["env"]}
    if entry["kind"] != "oneshot":
        facts |= {"display": entry["display"], "grace": entry["gracePeriod"]}
    return facts


def _found_checked(played: Facts, given: Answers) -> Facts:
    results = {
        name: {check: result.get("result", result) for check, result in played[name]["result"].items()}
        for name in ("nothing listens", "it listens")
    }
    urls = [urlsplit(url) for url in played["it listens"]["urls"]]
    pages = {(url.port or 80, f"{url.path}?{url.query}" if url.query else url.path) for url in urls}
    own = list(given["health_checks"])
    commands = [command["command"] for command in played["it listens"]["commands"]]
    return results | {
        "page": pages.pop() if pages else None,
        "exits": {name: {code: played[f"exit {code}"]["result"][name].get("result") for code in EXITS} for name in own},
        "commands": dict(zip(own, commands, strict=True)),
    }


def _found_action(name: str, metadata: Facts) -> Facts:
    facts = {"statuses": metadata["allowedStatuses"], "input": metadata["hasInput"], "warning": metadata["warning"]}
    if name in ("config", "properties"):
        return facts
    return facts | {"name": metadata["name"], "description": metadata["description"]}


def _found_run(step: Facts) -> Facts:
    assert step["error"] is None, step["error"]
    [command] = step["commands"]
    mounts = found_mounts(
        [{"mountpoint": one["mountpoint"], "options": _options(one["source"])} for one in command["mounts"]]
    )
    read = command["input"]
    return {"command": command["command"], "mounts": mounts, "input": json.loads(read) if read else None}


def _options(source: Any) -> Facts:
    if not isinstance(source, str):
        return {"type": "pointer", **{name: value for name, value in source.items() if name != "readonly"}}
    kind, *folders = [part for part in source.removeprefix("/media/startos/").split("/") if part]
    if kind == "assets":
        return {"type": "assets", "subpath": "/".join(folders)}
    return {"type": "volume", "volumeId": folders[0], "subpath": "/".join(folders[1:])}


def _found_backup(commands: list[Facts]) -> Facts:
    copied = [command["command"] for command in commands if command["command"][0] == "rsync"]
    excludes = {
        tuple(part.removeprefix("--exclude=") for part in one if part.startswith("--exclude=")) for one in copied
    }
    assert len(excludes) == 1
    return {
        "volumes": [one[-2].removeprefix("/media/startos/volumes/").rstrip("/") for one in copied],
        "exclude": list(excludes.pop()),
        "dump": [command["command"][0] for command in commands if command["command"][0] in ("pg_dump", "mysqldump")],
    }
