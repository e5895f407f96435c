"""The oracle can fail: each rule refuses one change to a good manifest, and no rule refuses what real wrappers do."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import oracle, oracle_values
from tests.support.oracle_values import Grammar
from tests.support.tools import MANIFESTS

# Folder: what the OS refuses, and the reason.
REFUSED = {
    # core/startos/src/net/interface.rs:78 requires http for a lan-config. This interface has a lan-config with only tcp
    # and ssl, which the OS version of its time didn't check.
    "Start9Labs__bwt-wrapper__4b6e97c8": [".interfaces.electrum.protocols: no http, which lan-config needs (V10)"],
}
OLD_ALERTS = [f".alerts.{name}-alert" for name in ("install", "uninstall", "restore", "start")]
UNKNOWN = {
    "Start9Labs__albyhub-startos__a9ecf407": [".environment"],
    "horologger__albyhub-startos__bbe6db46": [".environment"],
    "Start9Labs__bwt-wrapper__4b6e97c8": [
        ".min-os-version", ".dependencies.bitcoind.critical", ".dependencies.btc-rpc-proxy.critical",
        ".interfaces.electrum.lan-config.50001.mapping", ".interfaces.http.lan-config.3060.mapping",
    ],
    "Start9Labs__hello-world-startos__64e7b3bb": [
        ".min-os-version", *OLD_ALERTS, ".dependencies.filebrowser.critical", ".health-checks.main.description",
    ],
    "intrinsicinvestment91__bitagent__03fe1782": [
        ".min-os-version", ".main.environment", ".volumes.main.description",
    ],
    "paulscode__garbageman-nm-startos__0db1d850": [".min-os-version", *OLD_ALERTS],
}  # fmt: skip

SCRIPT = {"type": "script"}
DOCKER = {"type": "docker", "image": "main", "entrypoint": "run.sh", "io-format": "json"}
COMPAT = {"type": "docker", "image": "compat", "system": True, "entrypoint": "compat"}
SAVED = {"mounts": {"BACKUP": "/mnt/backup", "main": "/data"}}
GOOD: dict[str, Any] = {
    "id": "hello-world",
    "title": "Hello World",
    "version": "1.2.3",
    "description": {"short": "Says hello.", "long": "Says hello to the world."},
    "assets": {"license": "LICENSE", "icon": "icon.png", "instructions": "instructions.md"},
    "release-notes": "First.",
    "license": "MIT",
    "wrapper-repo": "https://example.com/wrapper",
    "upstream-repo": "https://example.com/upstream",
    "alerts": {"start": "It starts."},
    "main": {**DOCKER, "mounts": {"main": "/data", "compat": "/assets", "cert": "/cert"}, "sigterm-timeout": "30s"},
    "health-checks": {"web-ui": {"name": "Web", **DOCKER, "inject": True, "timeout": "5s"}},
    "config": {"get": SCRIPT, "set": SCRIPT},
    "properties": DOCKER,
    "volumes": {
        "main": {"type": "data"},
        "compat": {"type": "assets"},
        "cert": {"type": "certificate", "interface-id": "main"},
    },
    "interfaces": {
        "main": {
            "name": "Web", "description": "The page.", "ui": True, "protocols": ["tcp", "http"],
            "tor-config": {"port-mapping": {"80": "8080"}},
            "lan-config": {"443": {"ssl": True, "internal": 8080}},
        },
    },
    "backup": {
        "create": {**COMPAT, **SAVED, "args": ["duplicity", "create", "/mnt/backup", "/data"]},
        "restore": {**COMPAT, **SAVED, "args": ["duplicity", "restore", "/mnt/backup", "/data"]},
    },
    "migrations": {"from": {"*": SCRIPT}, "to": {"*": SCRIPT}},
    "actions": {
        "greet": {
            "name": "Greet", "description": "Says it.", "implementation": DOCKER, "allowed-statuses": ["running"],
            "input-spec": {"loud": {"type": "boolean", "name": "Loud", "default": False}},
        },
    },
    "dependencies": {
        "bitcoind": {
            "version": ">=1.0.0", "requirement": {"type": "required"},
            "config": {"check": SCRIPT, "auto-configure": SCRIPT},
        },
    },
    "hardware-requirements": {"device": {"display": "^Mesa"}, "ram": 1, "arch": ["x86_64"]},
}  # fmt: skip
POINTER = {"type": "pointer", "package-id": "lnd", "volume-id": "main", "path": "/", "readonly": True}

Change = tuple[str, Any]  # keys joined by slashes, and the new value (... removes the key)


def _changed(*changes: Change, manifest: dict[str, Any] = GOOD) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(manifest))
    for path, value in changes:
        *parents, last = path.split("/")
        target: Any = changed
        for key in parents:
            target = target[int(key) if isinstance(target, list) else key]
        if isinstance(target, list):
            target[int(last)] = value
        elif value is ...:
            del target[last]
        else:
            target[last] = copy.deepcopy(value)
    return changed


NAMED = {"name": "It"}
ENUM = {"values": ["a"], "value-names": {"a": "A"}}
STRING = {"pattern": "^a$", "pattern-description": "an a", "masked": True, "placeholder": "a"}
OBJECT = {
    "spec": {"deep": {"type": "boolean", "default": True, **NAMED}},
    "display-as": "x",
    "unique-by": {"any": ["deep"]},
}
TAG = {"id": "t", "name": "T", "variant-names": {}}
UNION = {"tag": TAG, "variants": {"a": {}}, "default": "a", "unique-by": {"all": ["x", None, {"any": []}]}}
SPECS: dict[str, dict[str, Any]] = {
    "boolean": {"type": "boolean", "default": True, "description": None, "warning": "w"},
    "enum": {"type": "enum", "default": "a", **ENUM},
    "number": {"type": "number", "nullable": False, "default": 1.5, "range": "[1,2]", "integral": True, "units": "s"},
    "string": {"type": "string", "nullable": True, "default": {"charset": "a-z", "len": 8}, **STRING},
    "object": {"type": "object", **OBJECT},
    "union": {"type": "union", **UNION},
    "pointer": {"type": "pointer", "subtype": "package", "target": "tor-key", "package-id": "a", "interface": "main"},
    "config": {"type": "pointer", "subtype": "package", "target": "config", "package-id": "a", "selector": "$", "multi": True},
    **{
        f"list-{kind}": {"type": "list", "subtype": kind, "range": "[0,*)", "default": default, "spec": spec}
        for kind, default, spec in (
            ("enum", ["a"], ENUM), ("number", [1, None], {}), ("string", ["a", {"len": 1}], STRING), ("object", [{}], OBJECT),
            ("union", ["a"], UNION),
        )
    },
}  # fmt: skip


CONTAINER = {"image": "main", "mounts": {"main": "/x"}, "shm-size-mb": 1, "sigterm-timeout": "1s"}
SPEC = "actions/greet/input-spec"
FULL = _changed(
    ("volumes/lnd", POINTER), ("volumes/old", {"type": "backup", "readonly": True}), ("containers", {"main": CONTAINER}),
    ("eos-version", "0.3.5.1"), ("git-hash", "abc"), ("build", ["make"]), ("replaces", ["hi"]), ("main/args", ["-v"]),
    ("support-site", "https://example.com"), ("marketing-site", "git:x"), ("donation-url", "https://example.com"),
    ("main/shm-size-mb", 64), ("main/gpu-acceleration", False), ("main/system", False),
    ("dependencies/bitcoind/requirement", {"type": "opt-in", "how": "by hand"}),
    (SPEC, {kind: {**spec, **NAMED} for kind, spec in SPECS.items()}),
)  # fmt: skip


def _dotted(path: str) -> str:
    return "." + path.replace("/", ".")


def _paths(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value in a manifest with its path."""
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield f"{path}{key}", each
        yield from _paths(each, f"{path}{key}/")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A wrapper's folder without faults."""
    for name in ("LICENSE", "icon.png", "instructions.md", "scripts/embassy.js", "assets/compat/config.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    _write(tmp_path)
    return tmp_path


def _write(tree: Path, *changes: Change) -> None:
    (tree / "manifest.yaml").write_text(yaml.safe_dump(_changed(*changes), sort_keys=False))


def test_nothing_is_wrong_with_the_good_wrapper(tree: Path) -> None:
    assert oracle.faults(tree) == []


# --- The file --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("No", "No"), ("on", "on"), ("OFF", "OFF"), ("y", "y"),
        ("true", True), ("True", True), ("TRUE", True), ("tRUE", "tRUE"),
        ("false", False), ("False", False), ("FALSE", False),
        ("~", None), ("", None), ("Null", None), ("nULL", "nULL"), (".inf", None), (".NaN", None),
        ("1", 1), ("+1", 1), ("-1", -1), ("0x10", 16), ("-0x10", -16), ("0o107", 71), ("0o18", "0o18"), ("0b11", 3), ("0", 0), ("-0", 0),
        ("010", "010"), ("019", "019"), ("00", "00"), ("1_000", "1_000"), ("0x", "0x"), ("1:30", "1:30"), ("+-1", "+-1"),
        ("18446744073709551615", 2**64 - 1), ("-9223372036854775808", -(2**63)),
        ("-170141183460469231731687303715884105729", -(2.0**127)),
        ("1.0", 1.0), ("1.", 1.0), (".50", 0.5), ("-.05", -0.05), ("-.5", -0.5), ("1e3", 1000.0), ("0e0", 0.0), ("00.5", 0.5),
        ("1e999", "1e999"), ("inf", "inf"), (".", "."), ("340282366920938463463374607431768211456", 2.0**128),
        ("0.3.5", "0.3.5"), ("2001-01-01", "2001-01-01"), ("=", "="),
        ("'1'", "1"), ('"true"', "true"), ("|\n  1", "1\n"), (">-\n  true", "true"),
        ("!!str 1.0", "1.0"), ("!!int 1", 1), ("!!float 1", 1.0), ("!!bool true", True), ("!!null ~", None),
        ("!!binary aGk=", "aGk="), ("!!map {b: 1}", {"b": 1}),
        ("&x [1, {b: 2}]\nagain: *x", [1, {"b": 2}]),
    ],
)  # fmt: skip
def test_a_yaml_value_is_read_as_the_os_reads_it(text: str, value: Any, tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_text(f"a: {text}\n")
    read = oracle.read_manifest(tmp_path / "manifest.yaml")["a"]
    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize("key", ["80", "0x50", "1.0", "true", "null", "~", "<<", "010", "!own word"])
def test_a_yaml_key_is_its_text(key: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_text(f"{key}: {{a: 1}}\nb: 1\nb: 2\n")
    assert oracle.read_manifest(tmp_path / "manifest.yaml") == {key.removeprefix("!own "): {"a": 1}, "b": 2}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\n---\nb: 2", "another document"), ("a: !own 1", "tag !own"), ("a: !own [1]", "tag !own"),
        ("a: ! 1", "tag !"), ("a: [!own x]", "tag !own"), ("a: !!bool yes", "not a boolean"),
        ("a: !!int 010", "not an integer"), ("a: !!float x", "not a float"), ("a: !!null ''", "not null"),
        ("[a]: 1", "key"), ("a: 18446744073709551616", "too large"), ("a: -9223372036854775809", "too large"),
        ("a: *b", "undefined alias"), ("a: &a [*a]", "too deep"), ("a: [1", "expected"), ("- a", "not a mapping"),
        ("", "not a mapping"), ("a: \x07", "unacceptable"),
    ],
)  # fmt: skip
def test_yaml_that_the_os_refuses_is_refused(text: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_text(text)
    with pytest.raises(ValueError, match=fault):
        oracle.read_manifest(tmp_path / "manifest.yaml")


@pytest.mark.parametrize(
    ("name", "text"), [("manifest.json", '{"a": NaN}'), ("manifest.json", "{"), ("manifest.toml", "a = 1\na = 2")]
)
def test_broken_json_and_toml_are_refused(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=r"JSON|Expecting|overwrite"):
        oracle.read_manifest(tmp_path / name)


def test_toml_goes_before_yaml_before_json(tmp_path: Path) -> None:
    for name, text in (("json", '{"a": 1, "a": 3}'), ("yaml", "a: 2"), ("toml", "a = 1")):
        (tmp_path / f"manifest.{name}").write_text(text)
        found = oracle_values.find_manifest(tmp_path)
        assert (found.suffix, oracle.read_manifest(found)) == (
            f".{name}",
            {"a": {"json": 3, "yaml": 2, "toml": 1}[name]},
        )


def test_a_folder_without_a_manifest_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "manifest.yml").write_text("a: 1")
    assert oracle.faults(tmp_path) == ["none of manifest.toml, manifest.yaml, manifest.json is there"]


# --- The small languages: texts, and what the OS writes back ---------------------------------------------------------

RANGES = {
    "*": "*", "=1": "=1.0.0", ">=1.2": ">=1.2.0", "<=1.2.3.4": "<=1.2.3.4", "!=1.2.3.0": "!=1.2.3", ">0": ">0.0.0",
    "<1 ||  >2": "<1.0.0 || >2.0.0", ">=1 <2": ">=1.0.0 <2.0.0", "(<1 || >2)\t!=3": "(<1.0.0 || >2.0.0) !=3.0.0",
    "^1.2.3": ">=1.2.3 <2.0.0", "^0.2": ">=0.2.0 <0.3.0", "^0.0.3.1": ">=0.0.3.1 <0.0.4", "^0.0.0.4": "=0.0.0.4",
    "~1": ">=1.0.0 <2.0.0", "~1.2": ">=1.2.0 <1.3.0", "~1.2.3": ">=1.2.3 <1.3.0", "~1.2.3.4": ">=1.2.3.4 <1.2.4",
    "1.x": ">=1.0.0 <2.0.0", "1.2.x": ">=1.2.0 <1.3.0", "1.2.3.x": ">=1.2.3 <1.2.4",
    "1 - 2": ">=1.0.0 <=2.0.0", "1-2": ">=1.0.0 <=2.0.0",
    ">=1.0.0, <2": ">=1.0.0", "* || >=1": "*", "(*) >=1": ">=1.0.0", "((<1))": "<1.0.0", ">=1 ||": ">=1.0.0", "=18446744073709551615": "=18446744073709551615.0.0",
    "<1 || (*)": "*",
}  # fmt: skip
GRAMMARS: list[tuple[Grammar, dict[str, str] | list[str], list[str]]] = [
    (oracle_values.version_range, RANGES, [
        "", "1.2.3", ">= 1", " *", "x", "1.X", "1.2.3.4.x", "!", "^", "=1.2.3.4.5", "()", "(>=1", "1 -", "=99999999999999999999",
        "=18446744073709551616",
    ]),
    (oracle_values.version, ["1", "1.2.3.4", "1.2-beta", "1.", "1.x", "01"], [
        "", "v1", " 1", "1.2.3.4.5", ".1", "99999999999999999999", "\u0661",
    ]),
    (oracle_values.identifier, ["a", "hello-world"], ["", "a1", "a_b", "-a", "a-", "a--b", "A", "a\n", "BACKUP"]),
    (oracle_values.volume_id, ["main", "BACKUP"], ["backup-", "Main"]),
    (oracle_values.port, {"80": "80", "080": "80", "+80": "80", "0": "0", "65535": "65535"}, [
        "", "-1", "65536", " 80", "80/tcp", "0x50",
    ]),
    (oracle_values.duration, ["30s", "1.5m", "1d", "2h", "500ms", "7us", "7µs", "7ns", "+1s", ".5s", "1.s", "0.05s", "19.90s"], [
        "", "30", "s", "1h30m", "30 s", "-1s", "-1.5s", "1e3s", "1S", "1w", ".s",
    ]),
    (oracle_values.url, [
        "https://example.com", "https:example.com", "mailto:a@b", "HTTP://[::1]:80/x", "http://127.0.0.1", "git:x",
        "file:///tmp", " http://a ", "http://u:p@a:1?q#f", "foo://", "http://0x7f.1", "http://127.0.0.010", "http://0x10.00.109.255",
        "http://1.16777215", "http://0X", "http://a:65535", "http:a", "http:\\\\a", "h0+.-:x", "ssh://git@example.com/x",
        "http://a\u200bb",
    ], [
        "", "github.com/x", "http://", "http://:80", "http://a b", "http://a:x", "http://a:99999", "http://[::1",
        "http://[x]", "http://1.2.3.256", "http://256.256.256.256.1", "http://a<b", "//example.com", "ssh://a b", "1:x",
        "file://a:80/", "foo://:80", "http://08", "!http://a", "http:a b", "http:/a b", "http:\\\\a b", "http://a:65536",
        "http://1.16777216", "http://1.2.3.4.5", "http://0x100.1", "http://0x1g.1.0x5g.0x0", "http://0xfffffffff",
        "https:\ufeff//a", "http://\u00ad/",
    ]),
    (oracle_values.regex, ["", "^a+$", r"\p{L}", "(?P<x>a)", "(?<x>a)", r"a\z", "[[:alpha:]]", "(?i)a", r"\\1", "[[a]b]"], [
        "(", "[", "(?=a)", "(?!a)", "(?<!a)", r"(a)\1", "*", r"a\Z", "(?P=x)", "(?>a)",
    ]),
    (oracle_values.charset, ["", "a", "a-z,A-Z,0-9", ",,a", "-", "a-", "--a", "+--"], ["ab", "a-zb", "z-a", "a-a", "a-é", "a-\x80"]),
    (oracle_values.whole_range, ["[1,100]", "(*,5)", "(0,*)", "[1", "[ 1 , 2 ]", "[1,2],x"], [
        "", "1,2", "[*,1]", "[1,*]", "[1.5,2]", "[-1,2]", "[1,", "[1,2", " [1,2]",
    ]),
    (oracle_values.float_range, ["[-1.5,1e3)", "(*,*)", "[inf,.5]", "[0.05,.05)", "[10,1e10]"], ["[a,b]", "[1,,2]", "[1_0,2]"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("grammar", "text", "written"),
    [(each, text, good[text] if isinstance(good, dict) else text) for each, good, _ in GRAMMARS for text in good],
)
def test_a_good_text_is_taken_and_written_back(grammar: Grammar, text: str, written: str) -> None:
    assert grammar(text) == written


@pytest.mark.parametrize(("grammar", "text"), [(each, text) for each, _, bad in GRAMMARS for text in bad])
def test_a_bad_text_is_refused(grammar: Grammar, text: str) -> None:
    with pytest.raises(ValueError, match=r" is not | has "):
        grammar(text)


# --- The parser ------------------------------------------------------------------------------------------------------

REQUIRED = [
    "id", "title", "version", "description", "description/short", "description/long", "release-notes", "license",
    "wrapper-repo", "upstream-repo", "main", "main/type", "main/image", "main/entrypoint", "health-checks",
    "health-checks/web-ui/name", "health-checks/web-ui/type", "health-checks/web-ui/image", "config/get", "config/set",
    "volumes", "volumes/main/type", "volumes/cert/interface-id", "volumes/lnd/package-id", "volumes/lnd/volume-id",
    "volumes/lnd/path", "volumes/lnd/readonly", "volumes/old/readonly", "interfaces", "interfaces/main/name",
    "interfaces/main/description", "interfaces/main/ui", "interfaces/main/protocols", "containers/main",
    "interfaces/main/tor-config/port-mapping", "interfaces/main/lan-config/443/ssl", "backup", "backup/create",
    "backup/restore", "migrations/from", "migrations/to", "actions/greet/name", "actions/greet/description",
    "actions/greet/implementation", "actions/greet/allowed-statuses", "dependencies/bitcoind/version",
    "dependencies/bitcoind/requirement", "dependencies/bitcoind/requirement/type",
    "dependencies/bitcoind/requirement/how", "dependencies/bitcoind/config/check",
    "dependencies/bitcoind/config/auto-configure", "containers/main/image",
    *(f"{SPEC}/{key}" for key in (
        "boolean/name", "boolean/type", "boolean/default", "enum/values", "enum/default", "number/nullable",
        "string/nullable", "string/default/len", "object/spec", "object/spec/deep/name", "union/tag", "union/tag/id",
        "union/tag/name", "union/tag/variant-names", "union/variants", "union/default", "pointer/subtype",
        "pointer/target", "pointer/package-id", "pointer/interface", "config/package-id", "config/selector",
        "config/multi", "list-enum/subtype", "list-enum/default", "list-enum/spec", "list-enum/range",
        "list-enum/spec/values", "list-object/spec/spec", "list-union/spec/default",
    )),
]  # fmt: skip
DEFAULTS = [
    "eos-version", "assets", "alerts", "migrations", "actions", "dependencies", "replaces", "hardware-requirements",
    "hardware-requirements/device", "main/system", "main/args", "main/inject", "main/mounts", "main/gpu-acceleration",
    "config/get/args", SPEC,
    *(f"{SPEC}/{key}" for key in (
        "enum/value-names", "number/integral", "string/textarea", "string/copyable", "string/masked",
        "string/placeholder",
    )),
]  # fmt: skip
OPTIONAL = [
    "git-hash", "build", "support-site", "marketing-site", "donation-url", "alerts/start", "alerts/stop", "assets/icon",
    "config", "properties", "containers", "health-checks/web-ui/timeout", "health-checks/web-ui/success-message",
    "main/io-format", "main/sigterm-timeout", "main/shm-size-mb", "interfaces/main/tor-config", "actions/greet/warning",
    "interfaces/main/lan-config", "dependencies/bitcoind/config", "dependencies/bitcoind/description",
    "hardware-requirements/ram", "hardware-requirements/arch",
    *(f"{SPEC}/{key}" for key in (
        "boolean/description", "boolean/warning", "number/default", "number/range", "number/units",
        "number/placeholder", "string/default", "string/default/charset", "object/display-as", "object/unique-by",
        "union/display-as", "union/tag/description", "list-number/spec/range",
    )),
]  # fmt: skip


def test_the_full_manifest_has_no_fault() -> None:
    assert (oracle.parse_faults(FULL), oracle.unknown_keys(FULL)) == ([], [])


@pytest.mark.parametrize("path", REQUIRED)
def test_a_required_key_is_missed_and_not_null(path: str) -> None:
    assert oracle.parse_faults(_changed((path, ...), manifest=FULL)) == [f"{_dotted(path)}: is missing"]
    (fault,) = oracle.parse_faults(_changed((path, None), manifest=FULL))
    assert fault.startswith((f"{_dotted(path)}: is null, not ", f"{_dotted(path)}: is not a whole number"))


@pytest.mark.parametrize("path", DEFAULTS)
def test_a_key_with_a_default_may_be_absent_but_not_null(path: str) -> None:
    assert oracle.parse_faults(_changed((path, None), (path, ...), manifest=FULL)) == []
    (fault,) = oracle.parse_faults(_changed((path, None), manifest=FULL))
    assert fault.startswith(f"{_dotted(path)}: is null, not ")


@pytest.mark.parametrize("path", OPTIONAL)
def test_an_optional_key_may_be_absent_or_null(path: str) -> None:
    assert oracle.parse_faults(_changed((path, None), (path, ...), manifest=FULL)) == []
    assert oracle.parse_faults(_changed((path, None), manifest=FULL)) == []


@pytest.mark.parametrize(("path", "value"), [*_paths(FULL)], ids=lambda part: part if isinstance(part, str) else "")
def test_a_value_of_another_type_is_found(path: str, value: Any) -> None:
    wrong: Any = 1.5 if isinstance(value, str) else [[]]
    found = oracle.parse_faults(_changed((path, wrong), manifest=FULL))
    assert found
    assert all(fault.startswith(_dotted(path)) for fault in found)


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ("x1", [
            "id", "main/image", "containers/main/image", "volumes/cert/interface-id", "volumes/lnd/package-id",
            "volumes/lnd/volume-id", f"{SPEC}/pointer/package-id", f"{SPEC}/pointer/interface",
            f"{SPEC}/config/package-id",
        ]),
        ("v1", ["version", "eos-version", "dependencies/bitcoind/version"]),
        ("x.y", ["wrapper-repo", "upstream-repo", "support-site", "marketing-site", "donation-url"]),
        ("30", ["main/sigterm-timeout", "containers/main/sigterm-timeout", "health-checks/web-ui/timeout"]),
        ("(", [
            "hardware-requirements/device/display", f"{SPEC}/string/pattern", f"{SPEC}/number/range",
            f"{SPEC}/list-enum/range",
        ]),
        ("70000", ["interfaces/main/tor-config/port-mapping/80"]),
        ("z-a", [f"{SPEC}/string/default/charset"]),
        ("word", [
            "main/type", "main/io-format", "volumes/main/type", "dependencies/bitcoind/requirement/type",
            "actions/greet/allowed-statuses/0", f"{SPEC}/boolean/type", f"{SPEC}/pointer/subtype",
            f"{SPEC}/pointer/target", f"{SPEC}/list-enum/subtype",
        ]),
        (-1, ["main/shm-size-mb", "interfaces/main/lan-config/443/internal", "hardware-requirements/ram"]),
        (1.0, ["main/shm-size-mb", "interfaces/main/lan-config/443/internal", "hardware-requirements/ram"]),
        (True, ["main/shm-size-mb", "interfaces/main/lan-config/443/internal", "hardware-requirements/ram"]),
        (2**64, ["main/shm-size-mb", "hardware-requirements/ram", f"{SPEC}/string/default/len"]),
        (65536, ["interfaces/main/lan-config/443/internal"]),
    ],
)  # fmt: skip
def test_a_value_of_the_right_type_is_looked_into(value: Any, paths: list[str]) -> None:
    for path in paths:
        (fault,) = oracle.parse_faults(_changed((path, value), manifest=FULL))
        assert fault.startswith(f"{_dotted(path)}: ")


@pytest.mark.parametrize(
    "change",
    [
        ("eos-version", "0.3.5.1"), ("version", "1.2-beta"), ("git-hash", "abc"), ("build", ["make"]),
        ("support-site", "mailto:a@example.com"), ("main", SCRIPT), ("main/type", "docker"), ("volumes", {}),
        ("health-checks", {}), ("interfaces", {}), ("volumes/BACKUP", {"type": "data"}), ("volumes/lnd", POINTER),
        ("volumes/lnd", {**POINTER, "volume-id": "BACKUP"}), ("volumes/old", {"type": "backup", "readonly": True}),
        ("main/mounts/BACKUP", "relative"), ("main/io-format", "toml-pretty"), ("main/shm-size-mb", 0),
        ("main/gpu-acceleration", True), ("main/args", []), ("config/get/args", [1, None, {"a": "b"}]),
        ("interfaces/main/lan-config", {}), ("interfaces/main/lan-config/443", {"ssl": True, "mapping": 80}),
        ("interfaces/main/tor-config/port-mapping/080", "+80"), ("migrations/from/>=1", DOCKER),
        ("dependencies/bitcoind/requirement", {"type": "opt-in", "how": "by hand"}), ("containers", {"main": CONTAINER}),
        ("dependencies/bitcoind/requirement", {"type": "opt-out", "how": ""}), ("replaces", ["anything at all"]),
        ("actions/greet/allowed-statuses", []), ("hardware-requirements/ram", 2**64 - 1),
        ("hardware-requirements/arch", ["anything"]),
    ],
)  # fmt: skip
def test_what_the_parser_takes_has_no_fault(change: Change) -> None:
    assert oracle.parse_faults(_changed(change)) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("version", 1.0), ".version: is a number, not text"),
        (("main/args", [80]), ".main.args.0: is a number, not text"),
        (("main/system", "yes"), ".main.system: is text, not a boolean"),
        (("main/sigterm-timeout", 30), ".main.sigterm-timeout: is a number, not text"),
        (("main/mounts/a1", "/x"), ".main.mounts.a1: 'a1' is not an id of a volume"),
        (("support-site", ""), ".support-site: '' is not an absolute URL"),
        (("health-checks/web1", {"name": "x", **SCRIPT}), ".health-checks.web1: 'web1' is not an id"),
        (("volumes/Main", {"type": "data"}), ".volumes.Main: 'Main' is not an id of a volume"),
        (("interfaces/main2", GOOD["interfaces"]["main"]), ".interfaces.main2: 'main2' is not an id"),
        (("interfaces/main/tor-config/port-mapping/80", 80), ".interfaces.main.tor-config.port-mapping.80: is a number"),
        (("interfaces/main/tor-config/port-mapping/x", "1"), ".interfaces.main.tor-config.port-mapping.x: 'x' is not a"),
        (("interfaces/main/lan-config/443/internal", "80"), ".interfaces.main.lan-config.443.internal: is not a whole"),
        (("interfaces/main/lan-config/443/internal", None), ".interfaces.main.lan-config.443: has no internal port"),
        (("interfaces/main/lan-config/443/internal", ...), ".interfaces.main.lan-config.443: has no internal port"),
        (("interfaces/main/lan-config/443/mapping", 65536), ".interfaces.main.lan-config.443.mapping: is not a whole"),
        (("interfaces/main/lan-config/99999", {"ssl": True, "internal": 1}), ".interfaces.main.lan-config.99999: '99999'"),
        (("migrations/from/1.2.3", DOCKER), ".migrations.from.1.2.3: '1.2.3' is not a range"),
        (("migrations/to/>=1.0", {}), ".migrations.to.>=1.0.type: is missing"),
        (("actions/Greet", GOOD["actions"]["greet"]), ".actions.Greet: 'Greet' is not an id"),
        (("dependencies/b1", GOOD["dependencies"]["bitcoind"]), ".dependencies.b1: 'b1' is not an id"),
        (("dependencies/bitcoind/requirement/type", "opt-out"), ".dependencies.bitcoind.requirement.how: is missing"),
    ],
)  # fmt: skip
def test_what_stops_the_parser_is_found(change: Change, fault: str) -> None:
    (found,) = oracle.parse_faults(_changed(change))
    assert found.startswith(fault)


def test_every_fault_of_the_parser_is_found_and_nothing_else_looked_for(tree: Path) -> None:
    _write(tree, ("id", 1), ("main/type", "x"), ("title", "x" * 30), ("extra", 1))
    assert [fault.partition(":")[0] for fault in oracle.faults(tree)] == [".id", ".main.type", ".extra"]


def _asking(kind: str, *changes: Change) -> dict[str, Any]:
    return _changed(("actions/greet/input-spec", {"it": _changed(*changes, manifest={**SPECS[kind], **NAMED})}))


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        *((kind, []) for kind in SPECS),
        ("number", [("default", None)]), ("string", [("default", ...)]), ("string", [("default", "a")]),
        ("union", [("tag", "t")]), ("object", [("unique-by", None)]), ("object", [("unique-by", "deep")]),
    ],
)  # fmt: skip
def test_what_an_action_may_ask_for_has_no_fault(kind: str, changes: list[Change]) -> None:
    manifest = _asking(kind, *changes)
    assert (oracle.parse_faults(manifest), oracle.unknown_keys(manifest)) == ([], [])


@pytest.mark.parametrize(
    ("kind", "path", "value", "fault"),
    [
        ("string", "pattern", ..., ": has only one of pattern and pattern-description"),
        ("string", "pattern-description", ..., ": has only one of pattern and pattern-description"),
        ("string", "pattern", None, ".pattern: is null"),
        ("string", "pattern-description", None, ".pattern-description: is null"),
        ("list-string", "spec", {"pattern": "a"}, ".spec: has only one of"),
        ("object", "spec", {"x": {}}, ".spec.x.name: is missing"),
        ("object", "unique-by", {}, ".unique-by: does not end in"),
        ("object", "unique-by", {"some": []}, ".unique-by: does not end in"),
        ("object", "unique-by", {"any": [], "some": []}, ".unique-by: does not end in"),
        ("object", "unique-by", {"any": [], "all": []}, ".unique-by: does not end in"),
        ("union", "variants", {"a": None}, ".variants.a: is null"),
        ("pointer", "subtype", "system", ".target: 'tor-key' is not one of"),
    ],
)  # fmt: skip
def test_what_an_action_must_not_ask_for_is_found(kind: str, path: str, value: Any, fault: str) -> None:
    found = oracle.parse_faults(_asking(kind, (path, value)))
    assert found[0].startswith(f".actions.greet.input-spec.it{fault}")


@pytest.mark.parametrize(
    "path",
    [
        "min-os-version", "alerts/start-alert", "main/environment", "health-checks/web-ui/critical", "config/get/image",
        "dependencies/bitcoind/critical", "volumes/main/readonly", "volumes/compat/x", "interfaces/main/x", "backup/x",
        "interfaces/main/lan-config/443/mapping", "dependencies/bitcoind/requirement/how", "assets/x", "description/x",
        "actions/greet/input-spec/loud/units", "hardware-requirements/x", "migrations/x", "actions/greet/x", "<<",
    ],
)  # fmt: skip
def test_a_key_the_os_ignores_is_unknown(path: str) -> None:
    manifest = _changed((path, 1))
    assert (oracle.parse_faults(manifest), oracle.unknown_keys(manifest)) == ([], [_dotted(path)])


@pytest.mark.parametrize(
    ("path", "value", "unknown"),
    [
        ("migrations/from/>=1.0", {**SCRIPT, "x": 1}, ".migrations.from.>=1.0"),
        ("interfaces/main/tor-config/port-mapping/080", "80", ".interfaces.main.tor-config.port-mapping.080"),
        *(
            (f"{SPEC}/{key}", None, _dotted(f"{SPEC}/{key}"))
            for key in ("boolean/warning", "number/units", "number/placeholder")
        ),
        (f"{SPEC}/object/unique-by", {"x": 1, "all": []}, _dotted(f"{SPEC}/object/unique-by/x")),
    ],
)
def test_a_key_the_os_writes_back_otherwise_is_unknown(path: str, value: Any, unknown: str) -> None:
    manifest = _changed((path, value), manifest=FULL)
    assert (oracle.parse_faults(manifest), oracle.unknown_keys(manifest)) == ([], [unknown])


@pytest.mark.parametrize("change", [("migrations/from/>=1.0.0", SCRIPT), ("config/get/args", [{"x": 1}])])
def test_a_key_in_the_os_s_own_spelling_or_in_a_list_is_known(change: Change) -> None:
    assert oracle.unknown_keys(_changed(change)) == []


# --- Pack ------------------------------------------------------------------------------------------------------------

WITHOUT_SCRIPTS: list[Change] = [
    ("config", None), ("migrations", {"from": {}, "to": {}}), ("dependencies/bitcoind/config", None),
]  # fmt: skip
LATE = "runs embassy.js, which pack then leaves out of the package (P6)"


@pytest.mark.parametrize(
    ("removed", "fault"),
    [
        ("LICENSE", ".assets.license: there is no file LICENSE (P3)"),
        ("icon.png", ".assets.icon: there is no file icon.png (P3)"),
        ("instructions.md", ".assets.instructions: there is no file instructions.md (P3)"),
        ("assets/compat/config.yaml", ".volumes.compat: there is no folder assets/compat (P5)"),
        ("scripts/embassy.js", ".assets.scripts: there is no embassy.js, which procedures need (P6)"),
    ],
)
def test_a_file_that_pack_needs_is_missed(removed: str, fault: str, tree: Path) -> None:
    (tree / removed).unlink()
    if removed.startswith("assets/"):
        (tree / removed).parent.rmdir()
    assert oracle.pack_faults(tree) == [fault]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("assets/license", None), "no file LICENSE.md (P3)"),
        (("assets/icon", "x.svg"), "no file x.svg (P3)"),
        (("assets/instructions", ...), "no file INSTRUCTIONS.md (P3)"),
        (("assets/assets", "files"), "no folder files/compat (P5)"),
        (("assets/scripts", "js"), "no embassy.js"),
    ],
)
def test_pack_looks_where_assets_says(change: Change, fault: str, tree: Path) -> None:
    _write(tree, change)
    (found,) = oracle.pack_faults(tree)
    assert fault in found


@pytest.mark.parametrize(
    ("size", "faults"), [(102_400, []), (102_401, [".assets.icon: icon.png is larger than 100 KiB (V1)"])]
)
def test_an_icon_has_100_kib_at_most(size: int, faults: list[str], tree: Path) -> None:
    (tree / "icon.png").write_bytes(b"x" * size)
    assert oracle.pack_faults(tree) == faults


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        (("main/args", []), [".assets.scripts: embassy.js is left out of the package, as no procedure runs it (P6)"]),
        (("health-checks/web-ui", {"name": "Web", **SCRIPT}), [f".health-checks.web-ui: {LATE}"]),
        (("dependencies/bitcoind/config", {"check": SCRIPT, "auto-configure": DOCKER}),
         [f".dependencies.bitcoind.config.check: {LATE}"]),
        *((change, []) for change in (
            ("main", SCRIPT), ("config", {"get": SCRIPT, "set": DOCKER}), ("config", {"get": DOCKER, "set": SCRIPT}),
            ("properties", SCRIPT), ("backup/create", SCRIPT), ("backup/restore", SCRIPT), ("migrations/to/*", SCRIPT),
            ("migrations/from/*", SCRIPT), ("actions/greet/implementation", SCRIPT),
        )),
    ],
)  # fmt: skip
def test_a_script_is_packed_for_what_pack_counts(change: Change, faults: list[str], tree: Path) -> None:
    _write(tree, *WITHOUT_SCRIPTS, change)
    assert oracle.pack_faults(tree) == faults


def test_no_script_is_needed_where_none_runs(tree: Path) -> None:
    _write(tree, *WITHOUT_SCRIPTS)
    (tree / "scripts/embassy.js").unlink()
    assert oracle.pack_faults(tree) == []


# --- Verify and install ----------------------------------------------------------------------------------------------

LAN = "interfaces/main/lan-config"


@pytest.mark.parametrize(
    "change",
    [
        ("description/short", "é" * 160), ("description/long", "é" * 5000), ("title", "x" * 29), ("title", ""),
        ("properties/mounts", {"BACKUP": "/x"}), ("properties", {**DOCKER, "image": "utils", "system": True}),
        ("dependencies/bitcoind/config/check", {**DOCKER, "image": "none", "mounts": {"none": "/x"}}),
        ("main/io-format", None), ("health-checks/web-ui/io-format", ...),
        ("interfaces/main/protocols", ["tcp", "http", "http"]), ("replaces", ["123456789"] * 9),
        (LAN, {"80": {"ssl": False, "internal": 1}, "8443": {"ssl": False, "internal": 1}}), ("containers", None),
    ],
)  # fmt: skip
def test_what_verify_takes_has_no_fault(change: Change) -> None:
    assert oracle.verify_faults(_changed(change)) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("description/short", "x" * 161), ".description.short: more than 160 characters (V7)"),
        (("description/long", "x" * 5001), ".description.long: more than 5000 characters (V7)"),
        (("main/mounts/none", "/x"), ".main.mounts.none: no such volume (V8)"),
        (("health-checks/web-ui/mounts", {"none": "/x"}), ".health-checks.web-ui.mounts.none: no such volume (V8)"),
        (("main/image", "other"), ".main.image: no such image in the package (V8)"),
        (("main/system", True), ".main.image: no such system image (V8)"),
        (("backup/create/system", ...), ".backup.create.image: no such image in the package (V8)"),
        (("properties/io-format", ...), ".properties.io-format: is missing (V8)"),
        (("actions/greet/implementation/io-format", None), ".actions.greet.implementation.io-format: is missing (V8)"),
        (("config/get", {**DOCKER, "io-format": None}), ".config.get.io-format: is missing (V8)"),
        (("config/set", {**DOCKER, "io-format": None}), ".config.set.io-format: is missing (V8)"),
        (("migrations/from/*", {**DOCKER, "io-format": None}), ".migrations.from.*.io-format: is missing (V8)"),
        (("migrations/to/*", {**DOCKER, "io-format": None}), ".migrations.to.*.io-format: is missing (V8)"),
        (("interfaces/main/protocols", ["http"]), ".interfaces.main.protocols: no tcp, which tor-config needs (V9)"),
        (("interfaces/main/protocols", ["tcp", "https"]),
         ".interfaces.main.protocols: no http, which lan-config needs (V10)"),
        (("interfaces/x", {"name": "", "description": "", "ui": True, "protocols": ["tcp"]}),
         ".interfaces.x.protocols: neither http nor https, which ui needs (V11)"),
        (("interfaces/x", {"name": "", "description": "", "ui": False, "protocols": [], "lan-config": {}}),
         ".interfaces.x.protocols: no http, which lan-config needs (V10)"),
        (("main", SCRIPT), ".main.type: is a script (V14)"),
        (("containers", {"main": CONTAINER}), ".containers: is set (V14, V18)"),
        (("replaces", [""] * 10), ".replaces: more than 9 entries (V15)"),
        (("replaces", ["é" * 5]), f".replaces: {'é' * 5} has more than 9 bytes (V16)"),
        (("title", "é" * 15), ".title: more than 29 bytes (V17)"),
        (("volumes/cert/interface-id", "none"), ".volumes.cert.interface-id: no such interface (V19)"),
        (("volumes/old", {"type": "backup", "readonly": True}), ".volumes.old.type: backup is the OS's own (V19)"),
        ((LAN, {"80": {"ssl": True, "internal": 1}}), f"{_dotted(LAN)}.80.ssl: port 80 is without"),
        ((LAN, {"443": {"ssl": False, "internal": 1}}), f"{_dotted(LAN)}.443.ssl: port 80 is without"),
        (("assets/icon", None), ".assets.icon: is not set"),
        (("assets", ...), ".assets.icon: is not set"),
    ],
)  # fmt: skip
def test_what_verify_refuses_is_found(change: Change, fault: str) -> None:
    (found,) = oracle.verify_faults(_changed(change))
    assert found.startswith(fault)


def test_the_images_are_those_of_the_package() -> None:
    manifest = _changed(("properties/image", "helper"))
    assert oracle.verify_faults(manifest) == [".properties.image: no such image in the package (V8)"]
    assert oracle.verify_faults(manifest, {"main", "helper"}) == []


# --- Accepted, but doesn't work --------------------------------------------------------------------------------------

BACKUPS = [".backup.create.args: are not duplicity create", ".backup.restore.args: are not duplicity restore"]


@pytest.mark.parametrize(
    "changes",
    [
        [("main/mounts/compat", ...)],
        [("config", None), ("migrations", ...)],
        [("migrations/from", {">=2": SCRIPT, "*": SCRIPT})],
        [("backup/create", SCRIPT)],
        [("backup/create/args", ["duplicity", "create", "/mnt/backup", "/data/deep"])],
        [("backup/create/args", ["duplicity", "create", "/mnt/backup/", "/data"])],
        [("backup/create/args", ["something", "else"])],
        [("main/mounts/cert", ...), ("properties/mounts", {"cert": "/x"})],
    ],
)
def test_what_works_has_no_fault(changes: list[Change]) -> None:
    assert oracle.unused(_changed(*changes)) == []


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ([("volumes/lnd", POINTER)], [".volumes.lnd: nothing mounts it"]),
        ([("main/mounts/cert", ...)], [".volumes.cert: nothing mounts it"]),
        ([("volumes/more", {"type": "data"})], [
            ".volumes.more: nothing mounts it", ".backup.create.mounts: lacks the data volume more",
            ".backup.restore.mounts: lacks the data volume more",
        ]),
        ([("backup/create/args/2", "/data"), ("backup/create/args/3", "/mnt/backup")], BACKUPS[:1]),
        ([("backup/restore/args/2", "/data"), ("backup/restore/args/3", "/mnt/backup")], BACKUPS[1:]),
        ([("backup/create/args/1", "hello-world")], BACKUPS[:1]),
        ([("backup/create/args/1", "restore")], BACKUPS[:1]),
        ([("backup/create/args/3", "/elsewhere")], BACKUPS[:1]),
        ([("backup/restore/args", ["duplicity-restore", "/mnt/backup", "/data"])], BACKUPS[1:]),
        ([("main/mounts/main", "data")], [".main.mounts.main: data is not an absolute path"]),
        ([("main/mounts/cert", "/data/")], [".main.mounts.cert: /data/ is taken by main"]),
        ([("migrations/from", {})], ['.migrations.from: has no "*"']),
        ([("migrations/to", {">=1": SCRIPT})], ['.migrations.to: has no "*"']),
        ([("migrations", ...)], ['.migrations.from: has no "*"', '.migrations.to: has no "*"']),
        ([("properties/sigterm-timeout", "1s")], [".properties.sigterm-timeout: has an effect on main alone"]),
        ([("health-checks/web-ui/mounts", {"main": "/data"})], [".health-checks.web-ui.mounts: are ignored"]),
    ],
)  # fmt: skip
def test_what_does_not_work_is_found(changes: list[Change], faults: list[str]) -> None:
    found = oracle.unused(_changed(*changes))
    assert [fault[: len(start)] for fault, start in zip(found, faults, strict=True)] == faults


def test_all_gates_are_asked(tree: Path) -> None:
    _write(tree, ("extra", 1), ("title", "x" * 30), ("properties/sigterm-timeout", "1s"))
    (tree / "LICENSE").unlink()
    assert [fault.partition(":")[0] for fault in oracle.faults(tree)] == [
        ".extra", ".assets.license", ".title", ".properties.sigterm-timeout",
    ]  # fmt: skip


# --- Real wrappers ---------------------------------------------------------------------------------------------------


def test_the_corpus_is_there() -> None:
    assert {*REFUSED, *UNKNOWN} <= {path.parent.name for path in MANIFESTS}


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.parent.name)
def test_a_real_manifest_is_taken_but_for_known_reasons(path: Path) -> None:
    manifest = oracle.read_manifest(path)
    assert oracle.parse_faults(manifest) == []
    assert oracle.verify_faults(manifest) == REFUSED.get(path.parent.name, [])
    assert sorted(oracle.unknown_keys(manifest)) == sorted(UNKNOWN.get(path.parent.name, []))
