"""Every bad answer is refused with its name, the offending item and the rule, and nothing is written."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from prompt_toolkit.utils import get_cwidth

from startos_wrapper.data import load
from startos_wrapper.questions import read_config
from startos_wrapper.rendering import RefusedAnswerError, Template
from tests.conftest import ROOT
from tests.support.copies import copier

IMAGE = {"base": "image", "upstream_image": "nginx:1.27.3"}
WEB = {"name": "Web", "description": "The pages.", "port": 8080}
NEED = {"version": "*", "requirement": "required"}
ACT = {"name": "Reset", "description": "A new password.", "allowed-statuses": ["running"], "entrypoint": "reset.sh"}
SHOW = {"type": "docker", "image": "main", "entrypoint": "show.sh", "io-format": "json"}
COMPAT = {"check": {"type": "docker", "image": "compat", "entrypoint": "compat"}, "auto-configure": {"type": "script"}}
LND = {"package": "lnd", "volume": "main", "path": "/public", "mount": "/mnt/lnd"}

# The answers, the name of the bad one, the offending item, and a part of the rule.
BAD: list[tuple[dict[str, Any], str, str, str]] = [
    # The service
    ({"service_id": "hello2"}, "service_id", "hello2", "only a-z"),
    ({"service_id": "Hello"}, "service_id", "Hello", "only a-z"),
    ({"service_id": "hello_world"}, "service_id", "hello_world", "single hyphens"),
    ({"service_id": "hello--world"}, "service_id", "hello--world", "single hyphens"),
    ({"service_id": "-hello"}, "service_id", "-hello", "single hyphens"),
    ({"service_id": "hello\n"}, "service_id", r"hello\n", "single hyphens"),
    ({"service_id": ""}, "service_id", "", "be empty"),
    ({"title": "x" * 30}, "title", "x" * 30, "at most 29 bytes"),
    ({"title": "é" * 15}, "title", "30", "at most 29 bytes"),
    ({"title": ""}, "title", "", "be empty"),
    ({"title": "two\nlines"}, "title", r"two\nlines", "one line"),
    ({"title": " edge"}, "title", " edge", "no spaces around"),
    ({"title": ["a"]}, "title", "a", "put it in quotes"),
    ({"title": 42}, "title", "42", "put it in quotes"),
    ({"version": "v1.2"}, "version", "v1.2", "1 to 4 numbers"),
    ({"version": "1.2.3.4.5"}, "version", "1.2.3.4.5", "1 to 4 numbers"),
    ({"version": "1.2-beta"}, "version", "1.2-beta", "1 to 4 numbers"),
    ({"version": 0.10}, "version", "0.1", "put it in quotes"),
    ({"short_description": "x" * 161}, "short_description", "161", "at most 160 characters"),
    ({"short_description": "é" * 61, "startos": "0.4"}, "short_description", "122", "at most 120 bytes"),
    ({"short_description": ""}, "short_description", "", "be empty"),
    ({"long_description": "x" * 5001}, "long_description", "5001", "at most 5000 characters"),
    ({"long_description": "é" * 1001, "startos": "0.4"}, "long_description", "2002", "at most 2000 bytes"),
    ({"long_description": " \n "}, "long_description", "", "be empty"),
    ({"long_description": "bell \a"}, "long_description", r"\u0007", "control characters"),
    ({"license": "mit"}, "license", "mit", "Apache-2.0"),
    ({"github_user": "a b"}, "github_user", "a b", "single hyphens"),
    ({"user_name": "a\nb"}, "user_name", r"a\nb", "one line"),
    ({"wrapper_repo": "github.com/me/x"}, "wrapper_repo", "github.com/me/x", "use https://"),
    ({"wrapper_repo": "https://a b/"}, "wrapper_repo", "a b", "use https://"),
    ({"upstream_repo": ""}, "upstream_repo", "", "be empty"),
    ({"upstream_repo": "mailto:a@b", "source": "upstream"}, "upstream_repo", "mailto:a@b", "https://"),
    ({"support_site": "example.com"}, "support_site", "example.com", "use https://"),
    ({"donation_url": 'https://x/"'}, "donation_url", "https://x/", "use https://"),
    ({"startos": "0.2"}, "startos", "0.2", "0.3.5"),
    # What runs
    ({"base": "debian"}, "base", "debian", "golang"),
    ({"source": "git"}, "source", "git", "upstream"),
    ({"source": "upstream", "upstream_ref": "--upload-pack=x"}, "upstream_ref", "--upload-pack", "a tag, a branch"),
    ({"source": "submodule", "submodule": "../x"}, "submodule", "../x", "inside the wrapper"),
    ({"source": "submodule", "submodule": "assets/x"}, "submodule", "assets/x", "holds other files"),
    ({"source": "submodule", "upstream_repo": "mailto:a@b"}, "upstream_repo", "mailto:a@b", "https://"),
    ({"copies": ["x:1"]}, "copies", "x:1", "a map from images"),
    ({"copies": {"x": {"/a": "/b"}}}, "copies", '"x"', "pin a tag or digest"),
    ({"copies": {"x:1": "/a"}}, "copies", '"/a"', "from paths to paths"),
    ({"copies": {"x:1": {"/a b": "/b"}}}, "copies", "/a b", "an absolute path"),
    ({"copies": {"x:1": {"/a": "b"}}}, "copies", "x:1 /a", "an absolute path"),
    ({"base": "alpine", "copies": {"x:1": {"/a": "/opt/hello-world"}}}, "run", "hello-world", "full path"),
    ({"base": "image"}, "upstream_image", "", "required"),
    ({"base": "image", "upstream_image": "nginx"}, "upstream_image", "nginx", "pin a tag or digest"),
    ({"base": "image", "upstream_image": "nginx:latest"}, "upstream_image", "nginx:latest", "not latest"),
    ({"base": "image", "upstream_image": "host:5000/nginx"}, "upstream_image", "host:5000/nginx", "pin a tag or digest"),
    ({"base": "image", "upstream_image": "Nginx:1.2 x"}, "upstream_image", "Nginx:1.2 x", "with a tag"),
    ({"build": ["c"]}, "build", "c", "use a map"),
    ({"build": {"cgo": True}}, "build", "cgo", "unknown key"),
    ({"build": {"c": "yes"}}, "build", "yes", "true or false"),
    ({"build": {"packages": "protoc"}}, "build", "protoc", "use a list"),
    ({"build": {"packages": ["a b"]}}, "build", "a b", "Alpine package"),
    ({"build": {"prepare": "make a && make b"}}, "build", "make a && make b", ";|&<>()# quoted"),
    ({"build": {"prepare": ["make", "x <<EOF"]}}, "build", "x <<EOF", ";|&<>()# quoted"),
    ({"build": {"flags": ["-tags=a\\\nb"]}}, "build", "tags", "one line"),
    ({"build": {"folders": ["../x"]}, "source": "upstream"}, "build", "../x", "without .."),
    ({"build": {"folders": ["a b"]}, "source": "upstream"}, "build", "a b", "a folder of the source code"),
    ({"build": {"commands": ["bin/x"]}, "source": "upstream"}, "build", "bin/x", "without a folder"),
    ({"build": {"folders": ["."]}}, "build", "folders", "source code of upstream"),
    ({"base": "node", "build": {"commands": ["x"]}, "source": "upstream"}, "build", "commands", "all of them"),
    ({"build_image": "golang"}, "build_image", "golang", "pin a tag or digest"),
    ({"runtime_image": "alpine:latest"}, "runtime_image", "alpine:latest", "pin a tag or digest"),
    ({"packages": "curl"}, "packages", "curl", "use a list"),
    ({"packages": ["curl; rm -rf /"]}, "packages", "curl; rm", "Alpine package"),
    ({"packages": ["curl", "curl"]}, "packages", "curl", "twice"),
    ({"packages": [1]}, "packages", "1", "Alpine package"),
    ({**IMAGE, "run": "nginx; reboot"}, "run", "nginx; reboot", ";|&<>()# quoted"),
    ({**IMAGE, "run": "nginx | tee log"}, "run", "nginx | tee", ";|&<>()# quoted"),
    ({**IMAGE, "run": "nginx `id`"}, "run", "nginx `id`", ";|&<>()# quoted"),
    ({**IMAGE, "run": ["nginx $(id)"]}, "run", "nginx $(id)", ";|&<>()# quoted"),
    ({**IMAGE, "run": ["nginx 'open"]}, "run", "nginx 'open", "close the quote '"),
    ({**IMAGE, "run": ["DEBUG=1 nginx"]}, "run", "DEBUG=1", "environment"),
    ({**IMAGE, "run": []}, "run", "", "at least one command"),
    ({**IMAGE, "run": ["good", "a & b"]}, "run", "command 2", ";|&<>()# quoted"),
    ({**IMAGE, "run": {"a": "b"}}, "run", "a", "list of commands"),
    (IMAGE, "run", "", "required"),
    # What an empty line at a prompt means.
    ({**IMAGE, "run": None}, "run", "", "can't be empty"),
    ({"volumes": None}, "volumes", "", "can't be empty"),
    ({"packages": None}, "packages", "", "can't be empty"),
    ({"alerts": None}, "alerts", "", "can't be empty"),
    ({**IMAGE, "run": ["/init", "app"]}, "run", "command 1", "only command"),
    ({**IMAGE, "run": ["two\nlines"]}, "run", r"two\nlines", "one command"),
    ({"arches": []}, "arches", "", "at least one"),
    ({"arches": ["mips"]}, "arches", "mips", "aarch64"),
    ({"arches": 7}, "arches", "7", "use a list"),
    # UI and config
    ({"ui_port": 70000}, "ui_port", "70000", "65535"),
    ({"ui_port": -1}, "ui_port", "-1", "whole number"),
    ({"ui_port": "eighty"}, "ui_port", "eighty", "whole number"),
    ({"ui_port": 80.5}, "ui_port", "80.5", "whole number"),
    ({"ui_port": True}, "ui_port", "true", "whole number"),
    ({"config": "yes"}, "config", "yes", "compat"),
    ({"config": "script", "volumes": {}}, "volumes", "script", "at least one"),
    ({"properties": "compat", "volumes": {}}, "volumes", "properties", "at least one"),
    ({"migrations": "compat", "volumes": {}}, "volumes", "migrations", "at least one"),
    ({"config": "compat", "assets": {"web": "/web"}}, "assets", "compat", "add compat"),
    # Volumes
    ({"volumes": "main"}, "volumes", "main", "use a map"),
    ({"volumes": ["main"]}, "volumes", "main", "use a map"),
    ({"volumes": {"main": "data"}}, "volumes", "main", "absolute path"),
    ({"volumes": {"main": None}}, "volumes", "main", "absolute path"),
    ({"volumes": {"main": "/a/../b"}}, "volumes", "/a/../b", "absolute path"),
    ({"volumes": {"main": "/a b"}}, "volumes", "/a b", "absolute path"),
    ({"volumes": {"main": "/"}}, "volumes", "main", "hides the image"),
    ({"volumes": {"main": "/usr/bin/"}}, "volumes", "/usr/bin/", "hides the image"),
    ({"volumes": {"main": "/proc/x"}}, "volumes", "/proc", "kernel"),
    ({"volumes": {"BACKUP": "/b"}}, "volumes", "BACKUP", "backup drive"),
    ({"volumes": {"my_db": "/b"}}, "volumes", "my_db", "single hyphens"),
    ({"volumes": {"main": "/a", "db": "/a/"}}, "volumes", "db", "same path"),
    ({"volumes": {"db": "/a/b", "main": "/a"}}, "volumes", "main", "outer volume first"),
    ({"base": "node", "volumes": {"main": "/app/"}}, "volumes", "/app/", "the service's program"),
    ({"base": "python", "volumes": {"main": "/data", "env": "/app/.venv"}}, "volumes", "env", "hides the service"),
    ({"base": "node", "assets": {"web": "/app/node_modules"}}, "assets", "web", "the service's program"),
    ({"base": "node", "pointers": {"lnd": {**LND, "mount": "/app"}}}, "pointers", "lnd", "the service's program"),
    ({"base": "python", "certificates": {"cert": {"interface": "main", "mount": "/app"}}},
     "certificates", "cert", "the service's program"),
    ({"assets": {"main": "/x"}}, "assets", "main", "another volume"),
    ({"assets": {"web": "/root"}}, "assets", "web", "outer volume first"),
    ({"assets": {"a": "/x", "b": "/x/y"}}, "assets", "b", "read-only"),
    ({"assets": {"web": "mnt"}}, "assets", "web", "absolute path"),
    ({"assets": []}, "assets", "[]", "use a map"),
    ({"pointers": {"lnd": {"package": "lnd"}}}, "pointers", "lnd", "volume is missing"),
    ({"pointers": {"lnd": {**LND, "mode": "ro"}}}, "pointers", "mode", "unknown key"),
    ({"pointers": {"lnd": {**LND, "readonly": "yes"}}}, "pointers", "lnd.readonly", "true or false"),
    ({"pointers": {"lnd": {**LND, "package": "c2"}}}, "pointers", "lnd.package", "only a-z"),
    ({"pointers": {"lnd": {**LND, "mount": "/root/.hello-world"}}}, "pointers", "lnd", "same path"),
    ({"pointers": {"main": LND}}, "pointers", "main", "another volume"),
    ({"certificates": {"cert": {"interface": "rpc", "mount": "/c"}}}, "certificates", "rpc", "no such"),
    ({"certificates": {"cert": {"mount": "/c"}}}, "certificates", "cert", "interface is missing"),
    # Interfaces
    ({"ui_port": 3000, "interfaces": {"main": {**WEB, "ui": True}}}, "ui_port", "3000", "change interfaces, too"),
    ({"interfaces": {"main": "8080"}}, "interfaces", "main", "use a map"),
    ({"interfaces": {"main": {**WEB, "ports": 1}}}, "interfaces", "ports", "unknown key"),
    ({"interfaces": {"main": {**WEB, "port": 0}}}, "interfaces", "main.port", "1 to 65535"),
    ({"interfaces": {"main": {**WEB, "port": "http"}}}, "interfaces", "main.port", "whole number"),
    ({"interfaces": {"main": {**WEB, "tor": {80: 80}}}}, "interfaces", "main", "either port"),
    ({"interfaces": {"main": {"name": "x", "description": "y"}}}, "interfaces", "main", "set port"),
    ({"interfaces": {"main": {**WEB, "ui": "yes"}}}, "interfaces", "main.ui", "true or false"),
    ({"interfaces": {"main": {**WEB, "ui": True, "protocols": ["tcp"]}}}, "interfaces", "main", "add http or https"),
    ({"interfaces": {"main": {**WEB, "protocols": ["http"]}}}, "interfaces", "main", "add tcp, which Tor needs"),
    ({"interfaces": {"main": {**WEB, "protocols": "http"}}}, "interfaces", "main.protocols", "list of names"),
    ({"interfaces": {"my-rpc2": WEB}}, "interfaces", "my-rpc2", "only a-z"),
    (
        {"interfaces": {"main": {"name": "x", "description": "y", "lan": {443: {"ssl": False, "internal": 80}}}}},
        "interfaces", "main.lan.443", "port 443 needs ssl",
    ),
    (
        {"interfaces": {"main": {"name": "x", "description": "y", "lan": {99999: {"ssl": True, "internal": 80}}}}},
        "interfaces", "99999", "65535",
    ),
    (
        {"interfaces": {"main": {"name": "x", "description": "y", "tor": {80: "a"}}}},
        "interfaces", "main.tor.80", "whole number",
    ),
    ({"ui_port": 0, "health_check": "http"}, "health_check", "http", "needs a port"),
    ({"health_check": "ping"}, "health_check", "ping", "process"),
    # The environment
    ({"environment": {"my-var": "x"}}, "environment", "my-var", "letters, digits, _"),
    ({"environment": {"A": True}}, "environment", "A", "put it in quotes"),
    ({"environment": {"A": 1.10}}, "environment", "1.1", "put it in quotes"),
    ({"environment": {"IFS": "x"}}, "environment", "IFS", "the shell's own variables"),
    ({"environment": {"A": "nul \0"}}, "environment", "A", "control characters"),
    ({"environment": ["A=1"]}, "environment", "A=1", "use a map"),
    ({"directories": "/a"}, "directories", "/a", "list of paths"),
    ({"directories": ["logs"]}, "directories", "logs", "absolute path"),
    ({"sigterm_timeout": "500ms"}, "sigterm_timeout", "500ms", "a number with s"),
    ({"sigterm_timeout": "1h30m"}, "sigterm_timeout", "1h30m", "a number with s"),
    ({"sigterm_timeout": 30}, "sigterm_timeout", "30", "put it in quotes"),
    # Other parts of the manifest
    ({"dependencies": {"lnd": {"requirement": "required"}}}, "dependencies", "lnd", "version is missing"),
    ({"dependencies": {"lnd": {"version": "1.2.3", "requirement": "required"}}}, "dependencies", "1.2.3", "use a range"),
    ({"dependencies": {"lnd": {"version": ">= 1.2", "requirement": "required"}}}, "dependencies", ">= 1.2", "use a range"),
    ({"dependencies": {"lnd": {"version": "*", "requirement": "maybe"}}}, "dependencies", "maybe", "opt-out"),
    ({"dependencies": {"lnd": {"version": "*", "requirement": "opt-in"}}}, "dependencies", "lnd", "how is missing"),
    ({"dependencies": {"lnd": {"version": "*", "requirement": "required", "how": "x"}}}, "dependencies", "lnd.how", "only"),
    ({"dependencies": {"l n d": {"version": "*", "requirement": "required"}}}, "dependencies", "l n d", "single hyphens"),
    ({"dependencies": {"lnd": {**NEED, "config": "compat"}}}, "dependencies", "lnd.config", "use script"),
    ({"dependencies": {"lnd": {**NEED, "config": {"check": {"type": "script"}}}}}, "dependencies", "lnd.config", "auto-configure is missing"),
    ({"dependencies": {"lnd": {**NEED, "config": {"check": {}, "auto-configure": {"args": ["\0"]}}}}}, "dependencies", "lnd.config.auto-configure.args", "type is missing"),
    ({"dependencies": {"lnd": {**NEED, "config": "script"}}}, "dependencies", "lnd.config", "isn't packed"),
    ({"dependencies": {"lnd": {**NEED, "config": {**COMPAT, "check": {"entrypoint": "x"}}}}}, "dependencies", "lnd.config.check", "type is missing"),
    ({"dependencies": {"lnd": {**NEED, "config": {**COMPAT, "check": {"type": "sh", "entrypoint": "x", "image": "main"}}}}}, "dependencies", "lnd.config.check.type", "script or docker"),
    ({"dependencies": {"lnd": {**NEED, "config": {**COMPAT, "check": {"type": "script", "image": "main"}}}}}, "dependencies", "lnd.config.check", "unknown key"),
    ({"dependencies": {"lnd": {**NEED, "config": {"check": {**COMPAT["check"], "image": "compat2"}, "auto-configure": {"type": "script"}}}}}, "dependencies", "lnd.config.check.image", "only a-z"),
    ({"dependencies": {"lnd": {**NEED, "config": {"check": {**COMPAT["check"], "mounts": {"mian": "/d"}}, "auto-configure": {"type": "script"}}}}}, "dependencies", "lnd.config.check.mounts", "no such"),
    ({"license_name": "two\nlines", "license": "other"}, "license_name", r"two\nlines", "one line"),
    ({"properties": "yes"}, "properties", "yes", "as-config"),
    ({"migrations": "sql"}, "migrations", "sql", "as-config"),
    ({"certificates": {"cert": {"interface": "main"}}}, "certificates", "cert", "mount is missing"),
    # Procedures
    ({"procedures": ["properties"]}, "procedures", "properties", "use a map"),
    ({"procedures": {"propertys": SHOW}}, "procedures", "propertys", "unknown key"),
    ({"procedures": {"properties": {**SHOW, "entrypoint": "a\nb"}}}, "procedures", "properties.entrypoint", "one line"),
    ({"procedures": {"properties": {"type": "docker", "image": "main", "entrypoint": "x"}}}, "procedures", "properties", "io-format is missing"),
    ({"procedures": {"properties": {**SHOW, "mounts": {"db": "/d"}}}}, "procedures", "properties.mounts", "no such"),
    ({"procedures": {"config": {"get": SHOW}}}, "procedures", "config", "set is missing"),
    ({"procedures": {"backup": {"create": SHOW, "restore": {**SHOW, "mounts": {"BACKUP": "backup"}}}}}, "procedures", "backup.restore.mounts.BACKUP", "absolute path"),
    ({"procedures": {"backup": {"create": SHOW, "restore": SHOW}}, "backup": {"type": "script"}}, "procedures", "backup", "leave out the answer backup"),
    ({"procedures": {"migrations": {"from": {"1.2": SHOW}, "to": {}}}}, "procedures", "migrations.from", "use a range"),
    ({"procedures": {"migrations": {"from": {}, "to": [SHOW]}}}, "procedures", "migrations.to", "map of version ranges"),
    ({"procedures": {"migrations": {"from": {"*": {"type": "script", "image": "main"}}, "to": {}}}}, "procedures", "migrations.from.*", "unknown key"),
    ({"health_checks": {"web": {"entrypoint": "check.sh"}}}, "health_checks", "web", "name is missing"),
    ({"health_checks": {"Web": {"name": "Web", "entrypoint": "x"}}}, "health_checks", "Web", "only a-z"),
    ({"health_checks": {"web": {"name": "Web"}}}, "health_checks", "web", "set entrypoint"),
    ({"health_checks": {"web": {"name": "Web", "type": "shell"}}}, "health_checks", "web.type", "script or docker"),
    ({"health_checks": {"web": {"name": "Web", "type": "script"}}}, "health_checks", "web", "isn't packed"),
    ({"health_checks": {"web": {"name": "Web", "type": "script", "args": []}}, "config": "script"}, "health_checks", "web.args", "a script can't have this"),
    ({"health_checks": {"web": {"name": "Web", "type": "script", "entrypoint": "x"}}, "config": "script"}, "health_checks", "web", "has no entrypoint"),
    ({"health_checks": {"web": {"name": "Web", "entrypoint": "x", "args": "a b"}}}, "health_checks", "web.args", "use a list"),
    ({"health_checks": {"web": {"name": "Web", "entrypoint": "x", "args": [8080]}}}, "health_checks", "8080", "put it in quotes"),
    ({"health_checks": {"web": {"name": "Web", "entrypoint": "x", "inject": "no way"}}}, "health_checks", "web.inject", "true or false"),
    ({"health_checks": {"web": {"name": "Web", "entrypoint": "x", "io-format": "xml"}}}, "health_checks", "xml", "unknown io-format"),
    ({"health_checks": {"web": {"name": "Web", "entrypoint": "x", "mounts": {"main": "/d"}}}}, "health_checks", "web.mounts", "inject to false"),
    ({"health_checks": {"web": {"name": "Web", "entrypoint": "x", "inject": False, "mounts": {"main": "d"}}}}, "health_checks", "web.mounts.main", "absolute path"),
    ({"health_checks": {"web": {"name": "Web", "entrypoint": "x", "inject": False, "mounts": {"db": "/d"}}}}, "health_checks", "web.mounts", "no such volume"),
    ({"health_checks": {"web": {"name": "Web", "entrypoint": "x", "inject": False, "mounts": {"main": "/bin"}}}}, "health_checks", "web.mounts.main", "hides the image"),
    ({"health_checks": {"web": 1}}, "health_checks", "web", "use a map"),
    ({"health_checks": ["web"]}, "health_checks", "web", "use a map"),
    ({"health_checks": {"web": {"name": "Web", "entrypoint": "x"}}, "health_options": {"grace": 5}}, "health_checks", "health_options", "leave out"),
    ({"health_options": {"path": "health"}}, "health_options", "path", "a page's path"),
    ({"health_options": {"path": "/it's"}}, "health_options", "it's", "a page's path"),
    ({"health_options": {"timeout": 26}}, "health_options", "timeout", "1 to 25"),
    ({"health_options": {"timeout": True}}, "health_options", "timeout", "seconds"),
    ({"health_options": {"grace": "5m"}}, "health_options", "5m", "seconds"),
    ({"health_options": {"tries": 3}}, "health_options", "tries", "unknown key"),
    ({"health_options": [5]}, "health_options", "5", "use a map"),
    ({"health_check": "tcp", "health_options": {"timeout": 5}}, "health_options", "timeout", "doesn't use it"),
    ({"health_check": "none", "health_options": {"grace": 5}}, "health_options", "grace", "doesn't use it"),
    ({"secrets": ["PASSWORD"]}, "secrets", "PASSWORD", "use a map"),
    ({"secrets": {"1A": {"name": "x", "show": False}}}, "secrets", "1A", "no digit first"),
    ({"secrets": {"PATH": {"name": "x", "show": False}}}, "secrets", "PATH", "the shell's own variables"),
    ({"secrets": {"A": {"name": "x", "show": False}}, "environment": {"A": "x"}}, "secrets", "A", "also in the answer environment"),
    ({"secrets": {"A": {"show": False}}}, "secrets", "A", "name is missing"),
    ({"secrets": {"A": {"name": "x", "length": 7, "show": False}}}, "secrets", "A.length", "8 to 128"),
    ({"secrets": {"A": {"name": "x", "show": "no way"}}}, "secrets", "A.show", "true or false"),
    ({"secrets": {"A": {"name": "x", "show": False}, "B": {"name": "x", "show": False}}}, "secrets", "B.name", "another secret"),
    ({"secrets": {"A": {"name": "x"}}}, "secrets", "A", "set properties to compat"),
    ({"secrets": {"A": {"name": "x", "show": False}}, "volumes": {}}, "secrets", "volume", "add at least one"),
    ({"secrets": {"A": {"name": "x"}}, "config": "script", "properties": "none"}, "secrets", "A", "set properties to compat"),
    ({"settings": "env", "config": "script"}, "settings", "env", "variables"),
    ({"actions": {"reset": {**ACT, "allowed-statuses": []}}}, "actions", "reset.allowed-statuses", "[running], [stopped]"),
    ({"actions": {"reset": {**ACT, "allowed-statuses": ["paused"]}}}, "actions", "paused", "[running], [stopped]"),
    ({"actions": {"reset": {**ACT, "allowed-statuses": ["stopped"], "inject": True}}}, "actions", "reset.inject", "must be [running]"),
    ({"actions": {"reset": {**ACT, "warning": ""}}}, "actions", "reset.warning", "be empty"),
    ({"actions": {"reset": {**ACT, "input-spec": []}}}, "actions", "reset.input-spec", "use a map"),
    ({"actions": {"reset": {**ACT, "input-spec": {"a": {"name": "\0"}}}}}, "actions", "reset.input-spec.a.name", "control characters"),
    ({"actions": {"reset": {**ACT, "input-spec": {"two\nlines": {}}}}}, "actions", "reset.input-spec", "one line"),
    ({"actions": {"reset": {**ACT, "run": "x"}}}, "actions", "run", "unknown key"),
    ({"actions": {"reset": {**ACT, "input-spec": {"a": {"default": float("inf")}}}}}, "actions", "reset.input-spec.a.default", "can't read this number"),
    ({"actions": {"reset": {**ACT, "io-format": None}}}, "actions", "reset.io-format", "needs an io-format"),
    ({"actions": {"reset": {**ACT, "inject": True, "mounts": {"main": "/d"}}}}, "actions", "reset.mounts", "leave mounts out"),
    ({"actions": {"reset": {**ACT, "mounts": {"BACKUP": "/d"}}}}, "actions", "BACKUP", "no such volume"),
    ({"backup": {"type": "compat"}}, "backup", "compat", "use script"),
    ({"backup": {"type": "script", "root": "/data"}}, "backup", "type", "other keys"),
    ({"backup": {"root": "data"}}, "backup", "data", "absolute path"),
    ({"backup": {"create-args": ["x"]}}, "backup", "create-args", "set an entrypoint"),
    ({"backup": {"entrypoint": "/assets/b.sh", "root": "/data"}}, "backup", "root", "only compat"),
    ({"backup": {"mounts": {"db": "/db"}}}, "backup", "db", "no such volume"),
    ({"backup": {"mounts": {"main": "/d"}}}, "backup", "mounts.main", "outside of what compat backs up"),
    ({"backup": {"mounts": {}}}, "backup", "mounts", "at least one volume"),
    ({"backup": {"root": "/mnt/backup"}}, "backup", "/mnt/backup", "same path"),
    ({"backup": {"entrypoint": "/b.sh", "mounts": {"main": "/mnt"}}}, "backup", "mounts.main", "outer volume first"),
    ({"backup": {"root": "/data"}, "volumes": {}}, "backup", "no data volume", "to back up"),
    ({"backup": {"everything": True}}, "backup", "everything", "unknown key"),
    ({"container": {"args": "-v"}}, "container", "-v", "use a list"),
    ({"container": {"entrypoint": "/init", "args": ["x"]}, "directories": ["/a"]}, "container", "directories", "docker_entrypoint.sh isn't started"),
    ({"container": {"entrypoint": "/init"}, "secrets": {"KEY": {"name": "Key", "show": False}}}, "container", "secrets", "docker_entrypoint.sh isn't started"),
    ({"container": {"entrypoint": "/init"}, "config": "script", "settings": "variables"}, "container", "settings", "docker_entrypoint.sh isn't started"),
    ({**IMAGE, "container": {"entrypoint": "/init"}, "run": "app"}, "container", "run", "docker_entrypoint.sh isn't started"),
    ({"container": {"entrypoint": "/init"}, "environment": {"TWO": "a\nb"}}, "container", "TWO", "line break"),
    ({"container": {"init": "no"}}, "container", "init", "true or false"),
    ({"container": {"shm-size-mb": 0}}, "container", "shm-size-mb", "whole number of megabytes"),
    ({"container": {"gpu-acceleration": "1"}}, "container", "gpu-acceleration", "true or false"),
    ({"container": {"uid": "nobody"}}, "container", "uid", "unknown key"),
    ({"files": {"icon": "/icon.png"}}, "files", "/icon.png", "inside the wrapper"),
    ({"files": {"icon": "../icon.png"}}, "files", "../icon.png", "inside the wrapper"),
    ({"files": {"readme": "README"}}, "files", "readme", "unknown key"),
    ({"alerts": {"delete": "x"}}, "alerts", "delete", "unknown key"),
    ({"alerts": {"install": ""}}, "alerts", "install", "be empty"),
    ({"alerts": "beware"}, "alerts", "beware", "use a map"),
    ({"manage": ["everything"]}, "manage", "everything", "plumbing"),
    ({"advanced": "maybe"}, "advanced", "maybe", "true or false"),
    ({"advanced": False, "environment": {"A": "x"}}, "advanced", "environment", "for advanced answers"),
]  # fmt: skip


QUESTIONS = read_config(ROOT)


@cache
def message(number: int) -> str:
    """Return what Copier says about an entry of BAD."""
    with pytest.raises(RefusedAnswerError) as refused:
        Template().ask({"service_id": "hello-world", **BAD[number][0]})
    return f"Validation error for question '{refused.value.name}': {refused.value.fault}"


def test_refused_by_name_and_rule() -> None:
    for number, (answers, name, item, rule) in enumerate(BAD):
        # Copier adds the item to what it says about choices.
        words = (name, rule) if "choices" in QUESTIONS[name] else (name, item, rule)
        assert [word for word in words if word not in message(number)] == [], (answers, message(number))


def test_a_prompt_shows_the_whole_reason() -> None:
    """A prompt shows the first 80 columns of the message."""
    for number, (_, _, _, rule) in enumerate(BAD):
        prefix, fault = re.split("(?<=': )", message(number), maxsplit=1)
        if "choices" in QUESTIONS[prefix.split("'")[1]]:
            continue
        reason = re.split(r": | \(|; ", fault)[0]
        assert get_cwidth(prefix + reason) <= 80, message(number)
        assert (prefix + fault).index(rule) + len(rule) <= 80, (rule, message(number))


def test_only_one_macro_writes_faults() -> None:
    """So every fault begins with its reason."""
    for path in (ROOT / "hooks" / "rules").rglob("*.jinja"):
        text = path.read_text(encoding="utf-8")
        assert ("show(" in text) == (path.name == "text.jinja"), path


def _imported(text: str) -> set[Path]:
    """Return the files in lib/ that a rule imports, directly or not."""
    found = {ROOT / "hooks" / "rules" / "lib" / name for name in re.findall(r"rules/lib/(\w+\.jinja)", text)}
    return found.union(*(_imported(path.read_text(encoding="utf-8")) for path in found))


def test_every_reason_fits_every_prompt_that_can_show_it() -> None:
    """Also the reasons that no entry of BAD leads to."""
    wide = []
    for rule in (ROOT / "hooks" / "rules").glob("*.jinja"):
        text = rule.read_text(encoding="utf-8")
        texts = [text, *(path.read_text(encoding="utf-8") for path in _imported(text) if path.name != "types.jinja")]
        written = "".join(texts)
        reasons = [two[0] or two[1] for two in re.findall(r"""wrong\((?:'([^']*)'|"([^"]*)")""", written)]
        patterns = set(re.findall(r"(?:pattern|text|list)\((?:[^'()]*, )?'(\w+)'", written))
        reasons += [named["rule"] for name, named in load("patterns")["named"].items() if name in patterns]
        room = 80 - get_cwidth(f"Validation error for question '{rule.stem}': ")
        wide += [f"{rule.stem}: {reason}" for reason in reasons if get_cwidth(reason.replace("%d", "16000")) > room]
        assert not [reason for reason in reasons if ": " in reason or " (" in reason], rule
    assert wide == []


# An entry for each type of question, and what isn't checked by a rule of ours.
SAMPLE = [number for number, (_, name, _, _) in enumerate(BAD) if name in ("title", "license", "arches", "volumes")]


@pytest.mark.parametrize("number", SAMPLE)
def test_copier_refuses_the_same_and_writes_nothing(template: Path, tmp_path: Path, number: int) -> None:
    answers, name, item, rule = BAD[number]
    (tmp_path / "answers.yml").write_text(yaml.safe_dump({"service_id": "hello-world", **answers}, sort_keys=False))
    destination = tmp_path / "wrapper"
    result = copier("copy", "--defaults", "--data-file", tmp_path / "answers.yml", template, destination)
    said = result.stderr.strip().splitlines()[-1]
    assert result.returncode != 0
    for words in (name, item, rule):
        assert words in said
    assert not destination.exists()


def test_no_refusal_repeats_the_name_of_the_answer() -> None:
    """Copier begins the message with the name."""
    for answers, _name, _, _ in BAD:
        try:
            Template().ask({"service_id": "hello-world", **answers})
        except RefusedAnswerError as refused:
            assert not refused.fault.startswith(f"{refused.name}:"), refused


def test_all_faults_of_an_answer_are_named_at_once(template: Path, tmp_path: Path) -> None:
    volumes = "{Main: data, db: /var/db, cache: /var/db/}"
    result = copier("copy", "--defaults", "-d", "service_id=a", "-d", f"volumes={volumes}", template, tmp_path / "w")
    message = result.stderr.strip().splitlines()[-1]
    assert all(words in message for words in ('"Main"', '"data"', "same path: db and cache"))


def test_volumes_inside_another_volume_are_fine_when_the_outer_one_is_listed_first(
    template: Path, tmp_path: Path
) -> None:
    volumes = "{main: /data, db: /data/db}"
    result = copier("copy", "--defaults", "-d", "service_id=a", "-d", f"volumes={volumes}", template, tmp_path / "w")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "answers",
    [
        {"base": "node", "volumes": {"main": "/app/data"}},
        {"base": "node", "volumes": {"main": "/app/.venv"}},
        {"base": "golang", "volumes": {"main": "/app"}},
        {"base": "alpine", "volumes": {"main": "/app"}},
        {**IMAGE, "run": "nginx", "volumes": {"main": "/app"}},
    ],
    ids=str,
)
def test_a_mount_where_the_image_has_no_program_is_fine(answers: dict[str, Any]) -> None:
    assert not Template().refusals({"service_id": "hello", **answers})


def test_a_mount_that_is_recorded_stays_where_it_is(template: Path, tmp_path: Path) -> None:
    recorded = tmp_path / "w/.copier-answers.yml"
    recorded.parent.mkdir()
    recorded.write_text("service_id: a\nbase: node\nvolumes: {main: /app}\n")
    answers = ["service_id=a", "base=node", "volumes={main: /app}"]
    passed = [word for answer in answers for word in ("-d", answer)]
    result = copier("copy", "--defaults", "--overwrite", *passed, template, tmp_path / "w")
    assert result.returncode == 0, result.stderr
