"""Generate random valid answers: texts as hostile as the rules allow, and every shape of the other answers."""

import re
from typing import Any

from hypothesis import strategies as st

# What shells, make, Docker, YAML, Jinja, Markdown or JSON interpret.
NASTY = [
    "{{ 7 * 7 }}", "{% raw %}", "{# x #}", "$(touch PWNED)", "`touch PWNED`", "; touch PWNED", "| tee PWNED", "$HOME",
    "${PATH}", "$$", "$(shell touch PWNED)", "'", '"', '"""', "\\", "\\n", "%s", "!important", "&amp;", "<b>", "-->",
    ": ", " #", "#", "*", "**", "_", "[x](y)", "![x](y)", "- ", "1. ", "> ", "---", "|", "~", "@name", ":smile:", "!!str",
    "&a", "*a", "yes", "null", "1e3", "0x10", "🚀", "👩‍👩‍👧", "שלום עולם", "مرحبا", "\u202eabc", "\u00a0", "é", "ﷺ", "x" * 200,
]  # fmt: skip

_plain = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff")
_piece = st.one_of(st.sampled_from(NASTY), st.text(_plain, max_size=12))

#: A single line of text.
lines = st.lists(_piece, min_size=1, max_size=4).map(lambda parts: "".join(parts).strip()).filter(bool)
#: Multiline text, with line breaks and tabs where they hurt.
texts = st.lists(
    st.one_of(_piece, st.sampled_from(["\n", "\n\n", "\t", "  ", "\n  - x", "\n#", "\n\t", "---\n"])), max_size=8
).map("".join).filter(lambda text: bool(text.strip()))  # fmt: skip
#: Values of environment variables: any text that the shell can hold.
values = st.one_of(texts, st.just(""), st.text(_plain | st.sampled_from("\n\t\u2028"), max_size=20))

titles = lines.map(lambda text: text.encode()[:29].decode(errors="ignore").strip()).filter(bool)
ids = st.from_regex(r"[a-z]{1,8}(-[a-z]{1,8}){0,2}", fullmatch=True) | st.sampled_from(
    ["no", "yes", "null", "true", "y"]
)
segments = st.from_regex(r"[A-Za-z0-9._+@=~%-]{1,10}", fullmatch=True).filter(lambda s: s not in {".", ".."})
ports = st.integers(1, 65535)
urls = st.builds(
    "https://{}.example.com{}".format,
    st.from_regex(r"[a-z]{1,8}", fullmatch=True),
    st.from_regex(r"(/[A-Za-z0-9$&()*+,;=:@!~_.%#?-]{0,12})?", fullmatch=True),
)
words = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="'\ufeff\ufffe\uffff"), max_size=10)


@st.composite
def commands(draw: st.DrawFn, program: str) -> str | list[str]:
    """Return a command line of `program` with arbitrary quoted words, as a list where YAML would misread the text."""
    command = " ".join([program, *(f"'{word}'" for word in draw(st.lists(words, max_size=3)))])
    return [command] if re.search(r": |:$| #", command) else command


@st.composite
def _interface(draw: st.DrawFn) -> dict[str, Any]:
    interface: dict[str, Any] = {"name": draw(lines), "description": draw(texts)}
    kind = draw(st.sampled_from(["port", "tor", "lan", "both"]))
    if kind == "port":
        interface["port"] = draw(ports)
    if kind in {"tor", "both"}:
        interface["tor"] = draw(st.dictionaries(ports, ports, min_size=1, max_size=2))
    if kind in {"lan", "both"}:
        external = draw(ports.filter(lambda port: port not in {80, 443}))
        interface["lan"] = {external: {"ssl": draw(st.booleans()), "internal": draw(ports)}}
    if draw(st.booleans()):
        interface["ui"] = draw(st.booleans())
        interface["protocols"] = ["tcp", "http", *draw(st.lists(lines, max_size=2, unique=True))]
    return interface


IMAGES = st.sampled_from(["nginx:1.27.3", "host.example:5000/a/b:v1", "x@sha256:" + "0" * 64])
PATHS = segments.map("/opt/{}".format)
FORMATS = st.sampled_from(["json", "json-pretty", "yaml", "cbor", "toml", "toml-pretty"])
SCRIPT = {"type": "script"}
ARGUMENTS = st.lists(values, max_size=3)
FILES = {"license": ["COPYING", "doc/LICENSE.md"], "icon": ["icon.svg", "art/x+y.png"], "instructions": ["doc/use.md"]}


@st.composite
def _program(draw: st.DrawFn, mounts: dict[str, str], inject: bool) -> dict[str, Any]:
    """Return what a health check or an action runs in the main image."""
    program: dict[str, Any] = {"entrypoint": draw(lines)} | draw(
        st.fixed_dictionaries({}, optional={"args": ARGUMENTS, "io-format": FORMATS, "type": st.just("docker")})
    )
    if inject or draw(st.booleans()):
        program["inject"] = inject
    # Health checks are injected by default.
    if not inject and mounts and draw(st.booleans()):
        program |= {"inject": False, "mounts": mounts}
    return program


@st.composite
def _action(draw: st.DrawFn, mounts: dict[str, str]) -> dict[str, Any]:
    inject = draw(st.booleans())
    action: dict[str, Any] = {
        "name": draw(lines), "description": draw(texts),
        "allowed-statuses": ["running"] if inject else draw(st.sampled_from([["running"], ["stopped", "running"]])),
    }  # fmt: skip
    setting = st.fixed_dictionaries(
        {"type": st.just("string"), "name": lines, "nullable": st.just(True), "masked": st.booleans()},
        optional={"description": texts, "default": values},
    )
    action |= draw(
        st.fixed_dictionaries(
            {}, optional={"warning": texts, "input-spec": st.dictionaries(lines, setting, max_size=2)}
        )
    )
    return action | draw(st.just(SCRIPT) | _program(mounts, inject))


@st.composite
def _backup(draw: st.DrawFn, data: dict[str, str], mounts: dict[str, str]) -> dict[str, Any]:
    if (kind := draw(st.sampled_from(["usual", "script", "program", "root", "mounts"]))) == "script":
        return SCRIPT
    backup: dict[str, Any] = draw(st.fixed_dictionaries({}, optional={"io-format": FORMATS})) if data else {}
    if kind == "program":
        backup["entrypoint"] = draw(lines)
        backup |= draw(
            st.fixed_dictionaries(
                {}, optional={"restore-entrypoint": lines, "create-args": ARGUMENTS, "restore-args": ARGUMENTS}
            )
        )
        if set(data) <= set(mounts) and draw(st.booleans()):
            backup["mounts"] = mounts
    elif data and kind != "usual":
        backup["root"] = f"/saved/{draw(segments)}"
        if kind == "mounts":
            backup["mounts"] = {id: f"{backup['root']}/{number}" for number, id in enumerate(data)}
    return backup


@st.composite
def _procedures(draw: st.DrawFn, answers: dict[str, Any]) -> dict[str, Any]:
    """Return the answers about procedures, given a wrapper's volumes and dependencies."""
    data = answers["volumes"]
    mounts = data | {id: path for id, path in answers["assets"].items() if path is not None}
    drawn: dict[str, Any] = {
        "actions": draw(st.dictionaries(ids, _action(mounts), max_size=2)), "backup": draw(_backup(data, mounts)),
        "container": draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "entrypoint": lines.map(lambda line: f"{line}/docker_entrypoint.sh"), "args": ARGUMENTS, "io-format": FORMATS, "gpu-acceleration": st.booleans(),
                    "shm-size-mb": st.integers(1, 9999),
                },
            )
        ),
        "files": draw(st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in FILES.items()})),
    }  # fmt: skip
    packed = "script" in (answers["config"], answers["properties"], answers["migrations"], drawn["backup"].get("type"))
    packed = packed or any("entrypoint" not in action for action in drawn["actions"].values())
    kinds = [_program(mounts, True), _program(mounts, False), *([st.just(SCRIPT)] if packed else [])]
    check = st.fixed_dictionaries({"name": lines}, optional={"success-message": texts})
    drawn["health_checks"] = {
        id: draw(check) | draw(st.one_of(kinds)) for id in draw(st.lists(ids, max_size=2, unique=True))
    }
    whole = st.fixed_dictionaries(
        {"type": st.just("docker"), "image": st.just("compat"), "system": st.just(True), "entrypoint": lines,
         "io-format": FORMATS},
        optional={"args": ARGUMENTS, "mounts": st.just(mounts)},
    )  # fmt: skip
    config = st.fixed_dictionaries({"check": whole, "auto-configure": whole})
    drawn["dependencies"] = {
        id: dependency | draw(st.sampled_from([{}, {"config": "script"} if packed else {}, {"config": draw(config)}]))
        for id, dependency in answers["dependencies"].items()
    }
    return drawn


def listening_ports(interface: dict[str, Any]) -> list[int]:
    """Return the ports of the container that an interface leads to."""
    lan = [each["internal"] for each in interface.get("lan", {}).values()]
    return [*([interface["port"]] if "port" in interface else []), *interface.get("tor", {}).values(), *lan]


@st.composite
def answer_sets(draw: st.DrawFn) -> dict[str, Any]:
    """Return the answers of a whole wrapper."""
    base = draw(st.sampled_from(["golang", "rust", "node", "python", "alpine", "image"]))
    answers: dict[str, Any] = {
        "service_id": draw(ids), "title": draw(titles), "short_description": draw(lines)[:160].strip() or "x",
        "long_description": draw(texts), "base": base, "user_name": draw(st.one_of(st.just(""), lines)),
        "version": draw(st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}", fullmatch=True)),
        "license": draw(st.sampled_from(["MIT", "BSD-3-Clause", "other"])),
        "wrapper_repo": draw(urls), "upstream_repo": draw(urls.filter(lambda url: "$" not in url)),
        "ui_port": draw(st.one_of(st.just(0), ports)),
        "config": draw(st.sampled_from(["none", "script", "compat"])),
        "arches": draw(st.lists(st.sampled_from(["aarch64", "x86_64", "armv7"]), min_size=1, unique=True)),
        "environment": draw(st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_]{2,8}", fullmatch=True)
                            .filter(lambda name: name not in {"PWD", "OLDPWD", "IFS", "OPTIND", "LINENO", "PPID", "PATH", "ENV"}),
                            values, max_size=4)),
        "alerts": draw(st.dictionaries(st.sampled_from(["install", "uninstall", "restore", "start", "stop"]), texts)),
        "sigterm_timeout": draw(st.sampled_from(["30s", "5m", "1h"])),
        "ci": draw(st.sampled_from(["github", "none"])), "updates": draw(st.sampled_from(["renovate", "none"])),
        "support_site": draw(st.one_of(st.just(""), urls)), "donation_url": draw(st.one_of(st.just(""), urls)),
        "packages": draw(st.lists(st.sampled_from(["curl", "jq", "bash~5.2"]), unique=True)),
        "interfaces": draw(st.dictionaries(ids, _interface(), max_size=3)),
        "copies": draw(st.dictionaries(IMAGES, st.dictionaries(PATHS, PATHS, min_size=1, max_size=2), max_size=2)),
    }  # fmt: skip
    if base == "image":
        answers["upstream_image"] = draw(IMAGES)
        answers["run"] = draw(commands("service"))
    elif base != "alpine":
        answers["source"] = draw(st.sampled_from(["starter", "upstream", "submodule"]))

    if answers["license"] == "other":
        answers["license_name"] = draw(lines)
    # A service with a config must say what happens to it when another version is installed.
    ways = ["as-config", "script", "compat"] + (["none"] if answers["config"] == "none" else [])
    answers["migrations"] = draw(st.sampled_from(ways))
    answers["properties"] = draw(st.sampled_from(["as-config", "none", "script", "compat"]))
    needed = 1 if {answers[name] for name in ("config", "properties", "migrations")} & {"script", "compat"} else 0
    names = draw(st.lists(ids.filter(lambda name: name != "compat"), min_size=needed, max_size=6, unique=True))
    paths = [f"/srv/{name}-{number}/{draw(segments)}" for number, name in enumerate(names)]
    split = draw(st.integers(needed, len(names)))
    volumes = list(zip(names, paths, strict=True))
    answers["volumes"] = dict(volumes[:split])
    answers["assets"] = {name: draw(st.sampled_from([path, None])) for name, path in volumes[split:]}
    if answers["config"] == "compat":
        answers["assets"]["compat"] = draw(st.sampled_from(["/mnt/assets", None]))
    taken = {*names, "compat"}
    pointed = draw(st.lists(ids.filter(lambda name: name not in taken), max_size=2, unique=True))
    answers["pointers"] = {
        name: {"package": draw(ids), "volume": draw(ids), "path": draw(st.sampled_from(["/", "/public", "a/b"])),
               "mount": f"/point/{number}", **draw(st.sampled_from([{}, {"readonly": False}]))}
        for number, name in enumerate(pointed)
    }  # fmt: skip
    pages = [each for each in answers["interfaces"].values() if each.get("ui")]
    if answers["ui_port"] and (listening := [port for each in pages for port in listening_ports(each)]):
        answers["ui_port"] = draw(st.sampled_from(listening))
    interfaces = list(answers["interfaces"]) or (["main"] if answers["ui_port"] else [])
    if interfaces and "cert" not in {*taken, *pointed} and draw(st.booleans()):
        answers["certificates"] = {"cert": {"interface": draw(st.sampled_from(interfaces)), "mount": "/mnt/cert"}}
    answers["dependencies"] = draw(
        st.dictionaries(ids, st.sampled_from(["required", "opt-in", "opt-out"]).flatmap(_dependency), max_size=2)
    )
    if answers["ui_port"] or answers["interfaces"]:
        answers["health_check"] = draw(st.sampled_from(["http", "tcp", "process", "none"]))
    return answers | draw(_procedures(answers))


def _dependency(requirement: str) -> st.SearchStrategy[dict[str, Any]]:
    ranges = st.sampled_from(["*", ">=1.2.0 <2.0.0", "^1.2", "~1.2.3", "=1.0 || =2.0", "1.x", "!=1.5", "1.0 - 2.0"])
    how = {} if requirement == "required" else {"how": texts}
    return st.fixed_dictionaries(
        {"version": ranges, "requirement": st.just(requirement), **how}, optional={"description": texts}
    )
