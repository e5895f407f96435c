"""The rules: each module registers its functions with `findings.checks`."""

from startos_wrapper.check.rules import (
    docker_images,
    dockerfile,
    entrypoint,
    manifest,
    manifest_format,
    manifest_schema,
    pack,
    procedures,
    tree,
    verify,
)

__all__ = [
    "docker_images",
    "dockerfile",
    "entrypoint",
    "manifest",
    "manifest_format",
    "manifest_schema",
    "pack",
    "procedures",
    "tree",
    "verify",
]
