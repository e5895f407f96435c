"""Read a wrapper for StartOS 0.3.5 before its migration: its tracked files and its config spec."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from startos_wrapper.files.builds import dockerfile_of
from startos_wrapper.files.documents import NotADocumentError, read_document
from startos_wrapper.files.documents.value import Node
from startos_wrapper.files.javascript_literals import object_literals
from startos_wrapper.files.source import Source, TooLargeError
from startos_wrapper.files.wrapper import MANIFESTS, Wrapper
from startos_wrapper.migrate.file_quotes import SPEC
from startos_wrapper.migrate.settings_form import is_spec
from startos_wrapper.rendering import RefusedAnswerError, Template
from startos_wrapper.work_tree import WorkTree

# Where the functions of start-sdk's library for scripts keep the settings, as compat does.
_YAML_SETTINGS = re.compile(r"compat\.(?:getConfig|setConfig)|start9/config\.yaml")
_JSON_SETTINGS = re.compile(r"start9/config\.json")


@dataclass
class Spec:
    """A config spec and the file that it's in."""

    node: Node
    source: Source


class OldWrapper:
    """A wrapper for StartOS 0.3.5 as it's committed."""

    def __init__(self, work_tree: WorkTree, answers: Mapping[str, Any]) -> None:
        """Read nothing yet."""
        self.work_tree = work_tree
        self.answers = answers
        self.wrapper = Wrapper(work_tree.folder)

    @cached_property
    def files(self) -> list[str]:
        """The paths of the tracked files."""
        return self.work_tree.git.names("ls-files", "-z")

    @cached_property
    def manifest(self) -> str | None:
        """The name of the manifest."""
        return next((name for name in MANIFESTS if name in self.files), None)

    @cached_property
    def rendered(self) -> str:
        """The manifest that this release of the template writes for the answers, or nothing if it refuses them."""
        template = Template()
        answers = {name: value for name, value in self.answers.items() if not str(name).startswith("_")}
        try:
            return template.file("manifest.yaml", template.ask(answers))
        except RefusedAnswerError:
            return ""

    def lines_of_the_author(self, lines: list[str]) -> bool:
        """Return whether the template doesn't write these lines one after the other."""
        return "\n".join(lines) not in self.rendered

    @cached_property
    def scripts(self) -> list[Source]:
        """The files in scripts/, sources before the bundle."""
        names = [file for file in self.files if file.startswith("scripts/") and file.endswith((".ts", ".js", ".mjs"))]
        sources = (self.wrapper.readable(name) for name in sorted(names, key=lambda name: (name.endswith("js"), name)))
        return [source for source in sources if source]

    @cached_property
    def has_yaml_settings(self) -> bool:
        """Whether scripts keep the settings in start9/config.yaml, and none in start9/config.json."""
        texts = [source.text for source in self.scripts]
        return any(map(_YAML_SETTINGS.search, texts)) and not any(map(_JSON_SETTINGS.search, texts))

    @cached_property
    def spec(self) -> Spec | None:
        """The config spec: compat's, or the largest one in the scripts that consists of literals."""
        get = self.wrapper.manifest.get("config", "get", "type")
        if get is not None and get.text == "script":
            return self._spec_in_scripts()
        mounted = self.wrapper.manifest.get("config", "get", "mounts")
        paths = [
            SPEC,
            *(posixpath.join("assets", name, "config_spec.yaml") for name in (mounted.fields if mounted else ())),
        ]
        source = next(filter(None, map(self.wrapper.readable, paths)), None)
        try:
            node = read_document(source) if source else None
        except (NotADocumentError, TooLargeError):
            node = None
        return Spec(node, source) if source and node and is_spec(node) else None

    def _spec_in_scripts(self) -> Spec | None:
        found = [
            Spec(node, source) for source in self.scripts for node in object_literals(source.text) if is_spec(node)
        ]
        return max(found, key=lambda spec: len(spec.node.fields), default=None)

    @cached_property
    def has_entrypoint(self) -> bool:
        """Whether the Dockerfile's final stage declares an ENTRYPOINT."""
        dockerfile = dockerfile_of(self.wrapper)
        return dockerfile is None or any(instruction.name == "ENTRYPOINT" for instruction in dockerfile.shipped)
