"""The rules: each module registers its functions with `findings.checks`."""

from startos_wrapper.check.rules import (
    dockerfile,
    entrypoint,
    images,
    manifest,
    manifest_format,
    manifest_schema,
    pack,
    procedures,
    tree,
    verify,
)

__all__ = [
    "dockerfile",
    "entrypoint",
    "images",
    "manifest",
    "manifest_format",
    "manifest_schema",
    "pack",
    "procedures",
    "tree",
    "verify",
]
