"""The manifest's schema refuses what the oracle refuses, at the right place, and says what to write instead."""

import copy
import json
import random
import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from startos_wrapper import data
from startos_wrapper.check.registry import Finding, is_error
from startos_wrapper.check.rules import manifest_schema
from startos_wrapper.files.documents import read_document
from startos_wrapper.files.manifest import schema
from startos_wrapper.files.source import Edit, Source
from startos_wrapper.files.wrapper import Wrapper
from tests.support import oracle, oracle_values
from tests.support.limits import little_cpu
from tests.support.tools import MANIFESTS

# Errors that the oracle attributes to verify instead of the parser.
OF_VERIFY = {"E307", "E315"}

DOCKER = {"type": "docker", "image": "main", "entrypoint": "run.sh", "args": ["-v"], "io-format": "json"}
SCRIPT = {"type": "script", "args": [1, {"a": None}]}
TEXT = {"type": "string", "name": "T", "nullable": False}
OF_LIST = {"name": "L", "type": "list", "range": "[0,*)"}
POINTER = {"type": "pointer", "subtype": "package", "name": "P", "package-id": "bitcoind"}
INPUT = {
    "yes": {"type": "boolean", "name": "B", "default": True, "description": None, "warning": "Careful"},
    "one": {"type": "enum", "name": "E", "values": ["a", "b"], "value-names": {"a": "A"}, "default": "a"},
    "number": {"type": "number", "name": "N", "nullable": True, "range": "[1,100]", "integral": True, "units": "MB",
               "placeholder": 5, "default": 2.0},
    "text": {**TEXT, "pattern": "^a+$", "pattern-description": "Only a", "textarea": False, "copyable": True,
             "masked": False, "placeholder": "a", "default": {"charset": "a-z,0-9", "len": 10}},
    "plain": {**TEXT, "default": "a"},
    "object": {"type": "object", "name": "O", "spec": {"in": TEXT}, "display-as": "{{in}}", "unique-by": "in"},
    "union": {"type": "union", "name": "U", "tag": {"id": "kind", "name": "Kind", "variant-names": {"a": "A"}},
              "variants": {"a": {"in": TEXT}, "b": {}}, "default": "a", "unique-by": {"any": ["in", {"all": [None]}]}},
    "texts": {**OF_LIST, "subtype": "string", "default": [None, "a", {"len": 5}], "spec": {"masked": True}},
    "numbers": {**OF_LIST, "subtype": "number", "default": [1, 2.5], "spec": {"range": "(*,5)"}},
    "enums": {**OF_LIST, "subtype": "enum", "default": ["a"], "spec": {"values": ["a"]}},
    "objects": {**OF_LIST, "subtype": "object", "default": [{"in": "a"}], "spec": {"spec": {"in": TEXT}}},
    "unions": {**OF_LIST, "subtype": "union", "default": ["a"], "spec": {"tag": "t", "variants": {"a": {}}, "default": "a"}},
    "tor": {**POINTER, "target": "tor-address", "interface": "peer"},
    "config": {**POINTER, "target": "config", "selector": "$.a", "multi": False},
}  # fmt: skip
# A manifest with every possible key.
FULL: dict[str, Any] = {
    "eos-version": "0.3.5", "id": "hello-world", "git-hash": None, "title": "Hello", "version": "1.2.3.4",
    "description": {"short": "Says hello", "long": "Says hello to the world."},
    "assets": {"license": "LICENSE", "instructions": None, "icon": "icon.png", "docker-images": "docker-images",
               "assets": "assets", "scripts": "scripts"},
    "build": ["make"], "release-notes": "First.", "license": "MIT", "wrapper-repo": "https://example.com/wrapper",
    "upstream-repo": "https://example.com", "support-site": None, "marketing-site": "https://example.com/a",
    "donation-url": "https://example.com/b",
    "alerts": {"install": "a", "uninstall": None, "restore": "c", "start": "d", "stop": "e"},
    "main": {**DOCKER, "system": False, "inject": False, "mounts": {"main": "/data"}, "sigterm-timeout": "30s",
             "shm-size-mb": 256, "gpu-acceleration": True},
    "health-checks": {"web": {"name": "Web", "success-message": "Up", "timeout": "5s", **DOCKER, "inject": True},
                      "script": {"name": "Script", **SCRIPT}},
    "config": {"get": SCRIPT, "set": DOCKER}, "properties": SCRIPT,
    "volumes": {"main": {"type": "data"}, "compat": {"type": "assets"}, "cert": {"type": "certificate", "interface-id": "web"},
                "other": {"type": "pointer", "package-id": "bitcoind", "volume-id": "main", "path": "/", "readonly": True},
                "kept": {"type": "backup", "readonly": False}},
    "interfaces": {"web": {"name": "Web", "description": "The page", "tor-config": {"port-mapping": {"80": "8080"}},
                           "lan-config": {"443": {"ssl": True, "internal": 8080}, "80": {"ssl": False, "internal": 80}},
                           "ui": True, "protocols": ["tcp", "http"]}},
    "backup": {"create": {**DOCKER, "mounts": {"BACKUP": "/mnt/backup"}}, "restore": DOCKER},
    "migrations": {"from": {"*": SCRIPT}, "to": {">=1.0.0 <2.0.0": DOCKER}},
    "actions": {"reset": {"name": "Reset", "description": "Resets", "warning": None, "implementation": DOCKER,
                          "allowed-statuses": ["running", "stopped"], "input-spec": INPUT}},
    "dependencies": {"bitcoind": {"version": "^25.0.0", "requirement": {"type": "opt-in", "how": "Choose it"},
                                  "description": "Blocks", "config": {"check": SCRIPT, "auto-configure": SCRIPT}},
                     "lnd": {"version": "=1.0.0", "requirement": {"type": "required"}, "config": None}},
    "containers": {"main": {"image": "main", "mounts": {"main": "/data"}}}, "replaces": ["hello"],
    "hardware-requirements": {"device": {"processor": "^Intel"}, "ram": 8589934592, "arch": ["x86_64"]},
}  # fmt: skip


def wrapper_of(manifest: Any, tmp_path: Path = Path("nowhere"), file: str = "manifest.json") -> Wrapper:
    """Return a wrapper with a manifest that is only in memory, given as values or as the text of a file."""
    text = manifest if isinstance(manifest, str) else json.dumps(manifest, indent=1)
    wrapper = Wrapper(tmp_path)
    source = Source(file, text.encode())
    wrapper.__dict__ |= {"manifest_file": file, "manifest_source": source, "manifest": read_document(source)}
    return wrapper


def found_in(manifest: Any, file: str = "manifest.json") -> list[Finding]:
    return list(manifest_schema.breaches(wrapper_of(manifest, file=file)))


def yaml_with(text: str, **changed: Any) -> str:
    """Return YAML of the full manifest in which a text replaces some top-level keys."""
    rest = {name: value for name, value in FULL.items() if name not in changed.get("without", [])}
    return text + "".join(f"{name}: {json.dumps(value)}\n" for name, value in rest.items())


def one(text: str, *without: str) -> tuple[Finding, str]:
    """Return the only finding in a manifest in which a text replaces some keys, and the text that it points at."""
    manifest = yaml_with(text, without=without)
    [finding] = found_in(manifest, "manifest.yaml")
    return finding, manifest.splitlines()[finding.place.line - 1][finding.place.column - 1 :]


def fixed(text: str, *without: str) -> str:
    """Return the first lines of a manifest after applying the fixes of its only finding."""
    finding, _ = one(text, *without)
    manifest = yaml_with(text, without=without)
    for edit in finding.fixes:
        assert isinstance(edit, Edit)
        manifest = manifest[: edit.start] + edit.text + manifest[edit.end :]
    return "\n".join(manifest.splitlines()[: len(text.splitlines())]) + "\n"


# --- The schema and the oracle ---------------------------------------------------------------------------------------


def corpus() -> list[dict[str, Any]]:
    return [oracle.read_manifest(path) for path in MANIFESTS]


def test_the_schema_is_one() -> None:
    jsonschema_rs.meta.validate(schema.schema())


def test_every_key_is_described_or_named_alike() -> None:
    """Editors show descriptions on hover. People look up the keys of the top level and of procedures."""
    parts = schema.schema()
    for properties in (parts["properties"], parts["definitions"]["docker"]["properties"]):
        assert [name for name, part in properties.items() if part is not True and "description" not in part] == []


def test_a_rule_stands_beside_every_grammar_and_limit() -> None:
    """A keyword without a code would raise KeyError."""
    for part in schema._parts(schema.schema()):
        named = {name: value for name, value in part.items() if not isinstance(value, dict)}
        if {"pattern", "format", "maxLength", "maxItems"} & set(named) and "type" in part:
            assert re.fullmatch("E[0-9]{3}", part["x-rule"]), part


def test_each_format_is_known() -> None:
    used = {part["format"] for part in schema._parts(schema.schema()) if isinstance(part.get("format"), str)}
    assert used == set(schema.FORMATS)


def test_the_questions_know_the_same_ids_and_limits() -> None:
    parts, limits = schema.schema(), data.load("limits")
    id = data.pattern("id").pattern
    assert parts["definitions"]["id"]["pattern"] == f"^{id}$"
    assert parts["definitions"]["volume-id"]["pattern"] == f"^(BACKUP|{id})$"
    assert parts["properties"]["description"]["properties"]["short"]["maxLength"] == limits["short_description"]
    assert parts["properties"]["description"]["properties"]["long"]["maxLength"] == limits["long_description"]
    assert parts["definitions"]["lan-port-number"]["maximum"] == limits["port"]


def test_the_pattern_of_ports_ends_where_the_oracle_does() -> None:
    pattern = re.compile(schema.schema()["definitions"]["port"]["pattern"])
    for number in range(70_000):
        assert bool(pattern.fullmatch(str(number))) is (number <= 65535)


def test_the_full_manifest_breaks_nothing() -> None:
    assert oracle.parse_faults(FULL) == []
    assert found_in(FULL) == []


def test_the_full_manifest_has_every_key_of_the_schema() -> None:
    text = json.dumps(FULL)
    assert [name for name in schema._words() if f'"{name}":' not in text] == ["mapping"]


def test_a_real_manifest_has_no_error_and_the_unknown_keys_that_the_oracle_sees() -> None:
    for manifest in corpus():
        assert_like_the_oracle(manifest)
        assert [finding for finding in found_in(manifest) if is_error(finding.code)] == []


def assert_like_the_oracle(manifest: dict[str, Any]) -> bool:
    """Fail unless schema and oracle agree on faults and unknown keys. Return whether there are faults."""
    text = json.dumps(manifest, indent=1)
    findings = found_in(text)
    faults = [finding for finding in findings if is_error(finding.code) and finding.code not in OF_VERIFY]
    expected = oracle.parse_faults(manifest)
    assert bool(faults) is bool(expected), (faults, expected)
    lines = text.splitlines()
    warned = [finding for finding in findings if finding.code == "W515" and not PASSED_BY.search(finding.what)]
    keys = [
        json.loads(lines[finding.place.line - 1][finding.place.column - 1 :][: finding.place.length])
        for finding in warned
    ]
    unknown = [path for path in oracle.unknown_keys(_canonical(manifest)) if not PASSED_BY.search(path)]
    assert sorted(_comparable(keys)) == sorted(_comparable(unknown)), (findings, unknown)
    return bool(expected)


# Where neither the oracle nor StartOS checks for unknown keys: inside lists, and next to refused values.
PASSED_BY = re.compile(r"\.default\.[0-9]+\.|\.unique-by\.")
# Keys that StartOS drops if they are null, so that the oracle counts them as unknown, which is harmless. The last one,
# the empty key, is unknown, but not to the oracle.
NOT_COMPARED = {"units", "placeholder", "warning", ""}


def _comparable(paths: list[str]) -> list[str]:
    names = [path.rpartition(".")[2] for path in paths]
    return [name for name in names if name not in NOT_COMPARED]


def _canonical(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest with ranges and ports that are keys written as StartOS writes them."""
    manifest = copy.deepcopy(manifest)
    _rename(manifest.get("migrations"), "from", oracle_values.version_range)
    _rename(manifest.get("migrations"), "to", oracle_values.version_range)
    interfaces = manifest.get("interfaces")
    for interface in interfaces.values() if isinstance(interfaces, dict) else ():
        if isinstance(interface, dict):
            _rename(interface, "lan-config", oracle_values.port)
            _rename(interface.get("tor-config"), "port-mapping", oracle_values.port)
    return manifest


def _rename(parent: Any, name: str, grammar: oracle_values.Grammar) -> None:
    if isinstance(parent, dict) and isinstance(parent.get(name), dict):
        parent[name] = {_as_written(grammar, key): value for key, value in parent[name].items()}


def _as_written(grammar: oracle_values.Grammar, text: str) -> str:
    try:
        return grammar(text)
    except ValueError:
        return text


NASTY: list[Any] = [
    None, True, False, 0, 1, -1, 8080, 65535, 65536, 2**63, 2**64 - 1, 1.0, 0.5, 1e300, "", " ", "yes", "true", "docker",
    "script", "data", "main", "Main", "web1", "a--b", "BACKUP", "a_b", "1", "1.0", "1.2.3.4.5", "1.2.3-beta", "v1", "*",
    ">=1.0", "^1 || =2", "(=1)", "(=1", "30s", "5 m", "1h30m", "-1s", "80", "080", "+80", "65536", "https://a.b",
    "github.com/a", "https:/", "[1,5]", "(*,5)", "[0,*)", "a-z,0-9", "z-a", "required", "opt-in", "enum", "json", "\n",
    "🚀", "a\n", "main\n", "80\n", [], ["a"], [1], [None], {}, {"a": 1}, {"type": "docker"}, {"": ""}, {"0": {"00": 0}},
]  # fmt: skip
NAMES = [
    "type", "main", "a", "A", "web1", "", "80", "080", "+80", "99999", "*", "1.0", ">=1", "description", "readonly", "mapping",
    "internal", "warning", "<<", "how", "any", "all", "name", "a/b", "~1", "subtype", "default",
]  # fmt: skip


def _containers(value: Any) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _containers(inner)


def _mutate(manifest: dict[str, Any], pool: list[Any], chance: random.Random) -> None:
    """Change something somewhere: drop, replace, add, rename or graft a value."""
    where = chance.choice([each for each in _containers(manifest) if each])
    at = chance.choice(list(where)) if isinstance(where, dict) else chance.randrange(len(where))
    match chance.randrange(6):
        case 0:
            del where[at]
        case 1 | 2:
            where[at] = copy.deepcopy(chance.choice(NASTY))
        case 3:
            where[at] = copy.deepcopy(chance.choice(pool))
        case 4 if isinstance(where, dict):
            where[chance.choice(NAMES)] = copy.deepcopy(chance.choice([*NASTY, where[at]]))
        case _ if isinstance(where, dict):
            where[chance.choice(NAMES)] = where.pop(at)


@pytest.mark.parametrize("seed", range(8))
def test_a_mutated_manifest_is_refused_where_the_oracle_refuses_it(seed: int) -> None:
    chance = random.Random(seed)
    manifests = [*corpus(), *[FULL] * 60]
    pool = [each for manifest in manifests for each in _containers(manifest)]
    refused = 0
    for _ in range(500):
        manifest = copy.deepcopy(chance.choice(manifests))
        for _ in range(chance.choice([1, 1, 1, 2, 4])):
            _mutate(manifest, pool, chance)
        if "(?" not in json.dumps(manifest):  # The oracle only checks regular expressions roughly.
            refused += assert_like_the_oracle(manifest)
    assert 100 < refused < 450


# --- Places and messages of findings ---------------------------------------------------------------------------------

MAIN = "main:\n  type: docker\n  image: main\n  entrypoint: run.sh\n"
INTERFACE = "interfaces:\n  web:\n    name: Web\n    description: Page\n    ui: true\n    protocols: [tcp]\n"
TOR, LAN = f"{INTERFACE}    tor-config:\n      port-mapping:\n", f"{INTERFACE}    lan-config:\n"


@pytest.mark.parametrize(
    ("text", "code", "at", "what", "todo"),
    [
        ("", "E110", "id:", "The manifest has no title", "add `title: Hello World`"),
        ("description:\n  short: x\n", "E110", "description:", "description has no long", "add `long: Says hello to the world.`"),
        ("main:\n  image: x\n", "E110", "main:", "main has no type", "add `type: docker` or `type: script`"),
        (f"{MAIN}  inject: yes\n", "E111", "yes", "main.inject: `yes` is text, but must be a boolean", "write true"),
        (f"{MAIN}  inject: perhaps\n", "E111", "perhaps", "main.inject: `perhaps` is text, but must be a boolean", "write true or false"),
        (f"{TOR}        80: 80\n", "E111", "80", "interfaces.web.tor-config.port-mapping.80: `80` is a number, but must be text",
         'add quotes: "80"'),
        (f'{LAN}      443: {{ssl: true, internal: "80"}}\n', "E111", '"80"',
         'interfaces.web.lan-config.443.internal: `"80"` is text, but must be a whole number', "write 80 without quotes"),
        (f"{MAIN}  shm-size-mb: 1.0\n", "E111", "1.0",
         "main.shm-size-mb: `1.0` is a number with a fraction, but must be a whole number", "write 1"),
        (f"{MAIN}  args: [a, 1]\n", "E111", "1]", "main.args.1: `1` is a number, but must be text", 'add quotes: "1"'),
        (f"{MAIN}  args: run\n", "E111", "run", "main.args: `run` is text, but must be a list", "write a list: [run]"),
        (f"{MAIN}  args:\n", "E111", "args:", "main.args is empty (null), but must be a list", "remove args, or write a list"),
        (f"{MAIN}  sigterm-timeout: 30\n", "E111", "30", "main.sigterm-timeout: `30` is a number, but must be text",
         "add the unit, e.g. 30s for seconds"),
        ("version: 1.0\n", "E111", "1.0", "version: `1.0` is a number, but must be text", 'add quotes: "1.0"'),
        ("title:\n", "E111", "title:", "title is empty (null), but must be text", "write `title: Hello World`"),
        ("version:\n", "E111", "version:", "version is empty (null), but must be text", "write text"),
        ("volumes:\n", "E111", "volumes:", "volumes is empty (null), but must be a mapping", "write volumes, which may be {}"),
        ("main:\n  type: ~\n", "E111", "type", "main.type is empty (null), but must be text", "write `type: docker` or `type: script`"),
        ("build: [~]\n", "E111", "~", "build.0 is empty (null), but must be text", "write text, or remove the item"),
        ("volumes: []\n", "E111", "[]", "volumes is a list, but must be a mapping", "write a mapping"),
        ("backup: duplicity\n", "E111", "duplicity", "backup: `duplicity` is text, but must be a mapping",
         "write a mapping with create and restore"),
        ("id: Hello_World\n", "E112", "Hello_World",
         "id: `Hello_World` isn't a valid id: use lowercase letters in groups joined by single hyphens", "write hello-world"),
        ("volumes:\n  db1: {type: data}\n", "E112", "db1:",
         "volumes: `db1` isn't a valid id: use lowercase letters in groups joined by single hyphens, and no digits",
         "choose an id with the letters a to z and single hyphens"),
        ("version: v1.2.3\n", "E113", "v1.2.3", "version: `v1.2.3` isn't a valid version: use one to four numbers joined by dots",
         'write "1.2.3"'),
        ("version: 1.2.3.4.5\n", "E113", "1.2.3.4.5",
         "version: `1.2.3.4.5` isn't a valid version: use one to four numbers joined by dots", "remove the numbers after the fourth"),
        ("dependencies:\n  lnd: {version: 1.2.3, requirement: {type: required}}\n", "E114", "1.2.3",
         "dependencies.lnd.version: `1.2.3` is a version, not a range",
         'write "=1.2.3" for only this version, or ">=1.2.3" or "^1.2.3"'),
        ("dependencies:\n  lnd: {version: '>= 1.2.3', requirement: {type: required}}\n", "E114", "'>= 1.2.3'",
         "dependencies.lnd.version: `>= 1.2.3` isn't a valid version range", 'write ">=1.2.3", without a space after the operator'),
        ("migrations:\n  from:\n    latest: {type: script}\n  to: {}\n", "E114", "latest",
         "migrations.from: `latest` isn't a valid version range",
         'write "*" or operators with versions, e.g. ">=1.2.0 <2.0.0"'),
        (f"{MAIN}  sigterm-timeout: 5 min\n", "E115", "5 min",
         "main.sigterm-timeout: `5 min` isn't a valid duration: use one number and one unit", "write 5m"),
        (f"{MAIN}  sigterm-timeout: 1h30m\n", "E115", "1h30m",
         "main.sigterm-timeout: `1h30m` isn't a valid duration: use one number and one unit",
         "write one number with d, h, m or s, e.g. 30s"),
        (f'{TOR}        80: "70000"\n', "E116", '"70000"',
         "interfaces.web.tor-config.port-mapping.80: `70000` isn't a valid port", "write a number up to 65535"),
        (f"{LAN}      https: {{ssl: true, internal: 80}}\n", "E116", "https",
         "interfaces.web.lan-config: `https` isn't a valid port", "write a number up to 65535"),
        ("support-site: example.com/help\n", "E117", "example.com/help",
         "support-site: `example.com/help` isn't an absolute URL", "write https://example.com/help"),
        ('support-site: ""\n', "E117", '""', "support-site: empty text isn't a URL",
         "write a URL, or remove the key if it's optional"),
        ("main:\n  type: dokcer\n", "E118", "dokcer", "main.type: unknown value `dokcer`", "write docker"),
        (f"{MAIN}  io-format: xml\n", "E118", "xml", "main.io-format: unknown value `xml`",
         "write json, json-pretty, yaml, cbor, toml or toml-pretty"),
        (f"{LAN}      443: {{ssl: true, internal: 70000}}\n", "E119", "70000",
         "interfaces.web.lan-config.443.internal: 70000 isn't a number from 0 to 65535",
         "write a whole number from 0 to 65535"),
        (f"{MAIN}  shm-size-mb: -1\n", "E119", "-1", "main.shm-size-mb: -1 isn't a number of at least 0",
         "write a whole number of at least 0"),
        ("hardware-requirements:\n  device:\n    display: (?=a)\n", "E120", "(?=a)",
         "hardware-requirements.device.display: `(?=a)` isn't a valid regular expression in Rust: look-around, including "
         "look-ahead and look-behind, is not supported", "write it without look-around and backreferences"),
        (f"description:\n  short: {'é' * 171}\n  long: x\n", "E307", "short:",
         "description.short has 171 characters, but StartOS allows at most 160", "shorten it by 11"),
        (f"replaces: [{'a,' * 12}]\n", "E315", "replaces:", "replaces has 12 entries, but StartOS allows at most 9",
         "remove 3"),
        ("min-os-version: 0.3.5\n", "W515", "min-os-version", "min-os-version is unknown, so StartOS ignores it",
         "remove it: eos-version is already set"),
        ("alerts:\n  install-alert: x\n", "W515", "install-alert",
         "alerts.install-alert is unknown, so StartOS ignores it", "rename it to install"),
        (f"{MAIN}  sigtermTimeout: 30s\n", "W515", "sigtermTimeout",
         "main.sigtermTimeout is unknown, so StartOS ignores it", "rename it to sigterm-timeout"),
        (f"{MAIN}  entrypiont: x\n", "W515", "entrypiont",
         "main.entrypiont is unknown, so StartOS ignores it", "remove it"),
        (f"{MAIN}  mouts: {{}}\n", "W515", "mouts",
         "main.mouts is unknown, so StartOS ignores it", "rename it to mounts if you meant that, or remove it"),
        (f"{MAIN}  <<: {{inject: true}}\n", "W515", "<<",
         "main.<<: StartOS doesn't support merge keys, so everything under << has no effect",
         "write the keys out, or use an alias (*name) for the whole mapping"),
        ("volumes:\n  main: {type: data, readonly: true}\n", "W515", "readonly",
         "volumes.main.readonly is unknown, so StartOS ignores it",
         "remove it: only a volume of type pointer can be read-only"),
    ],
)  # fmt: skip
def test_a_finding_points_at_the_fault_and_says_what_to_write(
    text: str, code: str, at: str, what: str, todo: str
) -> None:
    finding, there = one(text, *([text.partition(":")[0]] if text else ["title"]))
    if code == "E110" and not text:
        assert (finding.place.line, finding.place.column) == (1, 1)
    else:
        assert there.startswith(at)
    assert (finding.code, finding.what, finding.todo) == (code, what, todo)


ACTION = "actions:\n  go:\n    name: Go\n    description: Goes\n    implementation: {type: script}\n    allowed-statuses: []\n"


@pytest.mark.parametrize(
    ("spec", "at", "what", "todo"),
    [
        ("type: number, name: N, nullable: true, range: 1-5", "1-5",
         "actions.go.input-spec.x.range: `1-5` isn't a valid range of numbers", "write brackets at both ends, e.g. [1,100] or (*,5)"),
        ("type: list, subtype: string, name: N, default: [], spec: {}, range: '*'", "'*'",
         "actions.go.input-spec.x.range: `*` isn't a valid range of whole numbers", "write brackets at both ends, e.g. [1,5] or [0,*)"),
        ("type: string, name: N, nullable: true, default: {charset: z-a, len: 1}", "z-a",
         "actions.go.input-spec.x.default.charset: `z-a` isn't a valid charset",
         "separate characters and ascending ranges with commas, e.g. a-z,0-9"),
        ("type: string, name: N, nullable: true, pattern: a", "pattern",
         "actions.go.input-spec.x has pattern without pattern-description", "add pattern-description, or remove pattern"),
        ("type: string, name: N, nullable: true, pattern-description: a", "pattern-description",
         "actions.go.input-spec.x has pattern-description without pattern", "add pattern, or remove pattern-description"),
        ("type: object, name: N, spec: {}, unique-by: {any: [], all: []}", "unique-by",
         "actions.go.input-spec.x.unique-by has both any and all", "keep one of them"),
        ("type: object, name: N, spec: {}, unique-by: {any: [], a: 1}", "a: 1",
         "actions.go.input-spec.x.unique-by.a follows any or all, but StartOS allows no more keys there", "remove it"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_form(spec: str, at: str, what: str, todo: str) -> None:
    finding, there = one(f"{ACTION}    input-spec:\n      x: {{{spec}}}\n", "actions")
    assert there.startswith(at)
    assert (finding.code, finding.what, finding.todo) == ("E121", what, todo)


def test_keys_under_a_merge_are_missing_and_it_is_said_why() -> None:
    text = f"{MAIN}health-checks:\n  web:\n    <<: {{type: script}}\n    name: Web\n"
    findings = found_in(yaml_with(text, without=["main", "health-checks"]), "manifest.yaml")
    assert [(finding.code, finding.todo) for finding in findings] == [
        ("E110", "write type here, because StartOS doesn't support merge keys (<<)"),
    ]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (f"{TOR}        80: 80 # web\n", f'{TOR}        80: "80" # web\n'),
        (f"{TOR}        80: 70000\n", None),
        (f"{LAN}      443: {{ssl: true, internal: '80'}}\n", f"{LAN}      443: {{ssl: true, internal: 80}}\n"),
        (f"{LAN}      443: {{ssl: true, internal: '70000'}}\n", None),
        (f"{LAN}      443: {{ssl: True, mapping: 80}}\n", f"{LAN}      443: {{ssl: True, internal: 80}}\n"),
        (f"{LAN}      443: {{ssl: on, internal: 80}}\n", f"{LAN}      443: {{ssl: true, internal: 80}}\n"),
        (f"{LAN}      443: {{ssl: 'false', internal: 80}}\n", f"{LAN}      443: {{ssl: false, internal: 80}}\n"),
        (f"{MAIN}  inject: |-\n    no\n", None),
        ("version: 1.0\n", 'version: "1.0"\n'),
        ("version: 1.10\n", 'version: "1.10"\n'),
        ("version: -1\n", None),
        (f"{MAIN}  args: [1, a]\n", f'{MAIN}  args: ["1", a]\n'),
        (f"{MAIN}  args: [true]\n", f'{MAIN}  args: ["true"]\n'),
        (f"{MAIN}  args: [~]\n", None),
        (f"{MAIN}  args: [&x 1]\n", None),
        (f"{MAIN}  sigterm-timeout: 30\n", None),
        (f'{MAIN}  "sigterm_timeout": 30s\n', f'{MAIN}  "sigterm-timeout": 30s\n'),
        (f"{MAIN}  mouts: {{}}\n", None),
        ("alerts: {start-alert: x}\n", "alerts: {start: x}\n"),
        ("alerts: {start-alert: x, start: y}\n", None),
    ],
)
def test_only_what_has_one_right_answer_is_fixed(text: str, after: str | None) -> None:
    without = text.partition(":")[0]
    finding, _ = one(text, without)
    assert (fixed(text, without) if finding.fixes else None) == after


def test_a_fix_of_json_keeps_its_quotes_and_one_of_toml_its_tables() -> None:
    [finding] = found_in({**FULL, "interfaces": {}, "alerts": {"start-alert": "x"}})
    assert [edit.text for edit in finding.fixes if isinstance(edit, Edit)] == ['"start"']
    toml = "title = 1\n[health_checks.a]\nx = 1\n[health_checks.b]\ny = 1\n"
    findings = {finding.code: finding for finding in found_in(toml, "manifest.toml") if finding.code != "E110"}
    assert findings["W515"].fixes == () and findings["W515"].todo == "rename it to health-checks"
    assert [edit.text for edit in findings["E111"].fixes if isinstance(edit, Edit)] == ['"1"']


def test_a_date_of_toml_is_called_one() -> None:
    [finding] = [each for each in found_in("version = 2023-11-02\n", "manifest.toml") if each.code == "E111"]
    assert finding.what == "version is a date, but must be text"


def test_a_bad_key_does_not_make_its_neighbours_bad() -> None:
    text = 'migrations:\n  from:\n    x: {type: script}\n    "*\\n": {type: script}\n  to: {}\n'
    finding, there = one(text, "migrations")
    assert (finding.code, there) == ("E114", "x: {type: script}")


def test_a_manifest_that_cannot_be_read_is_left_to_other_rules(tmp_path: Path) -> None:
    assert list(manifest_schema.breaches(Wrapper(tmp_path))) == []
    for text in ("a: b: c\n", "- a\n", ""):
        (tmp_path / "manifest.yaml").write_text(text)
        assert list(manifest_schema.breaches(Wrapper(tmp_path))) == []


def test_an_empty_map_lacks_all(tmp_path: Path) -> None:
    for file, text in (("manifest.yaml", "{}"), ("manifest.toml", "")):
        (tmp_path / file).write_text(text)
        found = {finding.what.rpartition(" ")[2] for finding in manifest_schema.breaches(Wrapper(tmp_path))}
        assert found == set(schema.schema()["required"])


def test_one_fault_is_one_finding() -> None:
    """A range violates both the rough pattern and the exact format, and two aliases share a bad value."""
    shared = "actions:\n  a: &a {name: A, description: A, implementation: {type: script}, allowed-statuses: [Running]}\n  b: *a\n"
    findings = found_in(yaml_with(shared, without=["actions"]), "manifest.yaml")
    assert [finding.code for finding in findings] == ["E118"]
    assert one("version: x\n", "version")[0].code == "E113"


@pytest.mark.parametrize(
    "hostile",
    [
        "".join(f"k{number}: 0\n" for number in range(100_000)),
        "volumes:\n" + "".join(f" {number}: 0\n" for number in range(100_000)),
        "migrations:\n from:\n" + "".join(f"  k{number}: 0\n" for number in range(80_000)),
        "main:\n type: docker\n args: [" + "1," * 190_000 + "]\n",
        "hardware-requirements:\n device:\n"
        + "".join(f"  k{number}: '(a{{1000}}){{{number}}}'\n" for number in range(30_000)),
        "actions: {a: {input-spec: "
        + "{a: {type: object, spec: " * 40
        + "{b: {"
        + "x: 1, " * 100_000
        + "}}"
        + "}}" * 40
        + "}}\n",
        "title: " + "x" * 1_000_000,
        "wrapper-repo: " + "é" * 500_000,
        "version: " + "1." * 500_000,
    ],
    ids=lambda text: text[:30].replace("\n", ""),
)
def test_a_hostile_manifest_costs_little_time_and_memory(hostile: str) -> None:
    wrapper = wrapper_of(hostile, file="manifest.yaml")
    tracemalloc.start()
    with little_cpu():
        findings = list(manifest_schema.breaches(wrapper))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0 < len(findings) <= 1000
    assert any(is_error(finding.code) for finding in findings)
    assert max(len(finding.what) + len(finding.todo) for finding in findings) < 1500
    assert peak < 50 * 2**20
