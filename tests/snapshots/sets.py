"""The answers of the wrappers whose files are kept here in full."""

from typing import Any

_IMAGE: dict[str, Any] = {
    "base": "image",
    "upstream_image": "docker.io/library/nginx:1.27.3",
    "upstream_repo": "https://github.com/nginx/nginx",
    "run": "nginx -g 'daemon off;'",
}
_SCRIPT = {"type": "script"}
EVERYTHING: dict[str, Any] = {
    "service_id": "tide-tables",
    "title": 'Tide "Tables": all',
    "short_description": "Tides: when, where & how 'high' # {{ 7 * 7 }}",
    "version": "1.4.2.1",
    "license": "other",
    "license_name": "EUPL-1.2",
    "github_user": "marina",
    "base": "golang",
    "source": "upstream",
    "upstream_ref": "v1.4.2",
    "advanced": True,
    "long_description": "Tide tables for every harbour.\n\nThey need: `$HOME`, \"quotes\" and a second paragraph.\n",
    "user_name": "Marina O'Blue",
    "wrapper_repo": "https://git.example.com/marina/tide-tables-startos",
    "upstream_repo": "https://git.example.com/marina/tide-tables",
    "startos": "0.3.5",
    "build_image": "docker.io/library/golang:1.25.1-alpine3.22",
    "runtime_image": "docker.io/library/alpine:3.22.1",
    "packages": ["curl", "jq~1.8"],
    "build": {"packages": ["protoc"], "prepare": "make assets", "folders": ["cmd/tides"], "commands": ["tides"], "c": True},
    "copies": {"docker.io/mikefarah/yq:4.44.3": {"/usr/bin/yq": "/usr/local/bin/yq"}},
    "run": ["tides --port 8080 --name \"$HARBOUR\"", "nginx -g 'daemon off;'"],
    "arches": ["aarch64", "x86_64", "armv7"],
    "ui_port": 8080,
    "config": "compat",
    "properties": "script",
    "migrations": "script",
    "volumes": {"main": "/data", "db": "/data/db"},
    "assets": {"compat": "/mnt/assets", "charts": "/srv/charts", "spare": None},
    "interfaces": {
        "main": {"name": "Tables", "description": "The tide tables.\nBy harbour.", "ui": True, "port": 8080},
        "feed": {
            "name": "Feed", "description": "For other programs.", "tor": {9000: 9001},
            "lan": {9000: {"ssl": True, "internal": 9001}}, "protocols": ["tcp", "http", "grpc"],
        },
    },
    "pointers": {"lnd": {"package": "lnd", "volume": "main", "path": "/public", "readonly": True, "mount": "/mnt/lnd"}},
    "certificates": {"cert": {"interface": "main", "mount": "/mnt/cert"}, "spare-cert": {"interface": "feed", "mount": None}},
    "backup": {"root": "/saved", "mounts": {"main": "/saved/main"}, "io-format": "yaml"},
    "environment": {"HARBOUR": 'it\'s "Port Blue" $HOME `id`', "LINES": "a\nb", "EMPTY": ""},
    "directories": ["/data/logs", "/data/tmp"],
    "alerts": {
        "install": "One.\nTwo.\n", "uninstall": "This deletes the tables.", "restore": "Old tides return.",
        "start": "Mind the tide.", "stop": "Wait: it saves.",
    },
    "health_check": "tcp",
    "health_checks": {
        "web": {"name": "Web", "success-message": "The tables are there.", "entrypoint": "check-web.sh", "args": ["8080", "-v"]},
        "synced": {"name": "Synced", **_SCRIPT},
        "apart": {"name": "Apart", "entrypoint": "check.sh", "inject": False, "io-format": "yaml", "mounts": {"main": "/data"}},
    },
    "procedures": {
        "migrations": {
            "from": {"<2.0.0": {"type": "docker", "image": "main", "entrypoint": "migrate.sh", "args": ["from"], "io-format": "json"}},
            "to": {"<2.0.0": {"type": "docker", "image": "main", "entrypoint": "migrate.sh", "args": ["to"], "io-format": "json"}},
        },
    },
    "actions": {
        "reset": {
            "name": "Reset", "description": "A new password.", "warning": "Sure?", "allowed-statuses": ["running"],
            "entrypoint": "reset.sh", "args": ["--now"], "inject": True,
        },
        "import": {
            "name": "Import", "description": "Tables of last year.", "allowed-statuses": ["running", "stopped"], **_SCRIPT,
            "input-spec": {
                "year": {"type": "number", "name": "Year", "nullable": False, "range": "[1900,2100]", "integral": True, "default": 2024}
            },
        },
    },
    "dependencies": {
        "lnd": {"version": ">=0.18.0 <1.0.0", "requirement": "opt-in", "how": "Choose it.\nThen save.", "description": "It pays.", "config": "script"},
        "bitcoind": {"version": "^26.0", "requirement": "required"},
    },
    "support_site": "https://example.com/forum",
    "marketing_site": "https://example.com/",
    "donation_url": "https://example.com/donate?to=marina",
    "sigterm_timeout": "5m",
    "container": {
        "entrypoint": "/sbin/init", "args": ["--", "docker_entrypoint.sh"], "io-format": "json", "gpu-acceleration": True, "shm-size-mb": 256,
    },
    "files": {"icon": "art/icon.svg", "license": "COPYING", "instructions": "docs/instructions.md"},
    "settings": "variables",
    "script_source": "bin",
    "secrets": {"ADMIN_PASSWORD": {"name": "Password", "description": "Of the admin page.", "length": 32}, "API_KEY": {"name": "Key", "show": False}},
    "ci": "github",
    "updates": "renovate",
    "manage": ["manifest", "build", "plumbing", "ci"],
}  # fmt: skip
# Questions that EVERYTHING can't answer because they are asked for other bases and sources.
NOT_ASKED = {"upstream_image", "submodule", "health_options", "oneshots"}

SETS: dict[str, dict[str, Any]] = {
    "default": {},
    "rust": {"base": "rust", "config": "script"},
    "alpine": {"base": "alpine", "config": "compat", "packages": ["jq"]},
    "image": {
        **_IMAGE,
        "volumes": {"main": "/data", "cache": "/var/cache/nginx"},
        "advanced": True,
        "health_options": {"path": "/health", "timeout": 5, "grace": 600},
    },
    "several-processes": {**_IMAGE, "run": ["nginx -g 'daemon off;'", 'worker --name "$HOME"'], "config": "script"},
    "everything": EVERYTHING,
}
