"""Render many packages for StartOS 0.4 below one folder, so that one compiler and one linter read them all."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copier import run_copy

from tests.support import start_sdk
from tests.support.tools import require

_HERE = Path(__file__).parent
_TSCONFIG = {
    "extends": "./node_modules/@start9labs/start-sdk/tsconfig.base.json",
    "compilerOptions": {"noEmit": True},
    "include": ["*/startos/**/*.ts"],
}


def render(template: Path, folder: Path, answers: Mapping[str, Any]) -> Path:
    """Render one package into `folder` and return it. The answer `startos` is 0.4, others keep their defaults."""
    data = {
        "service_id": "hello-world",
        "startos": "0.4",
        **{name: value for name, value in answers.items() if value is not None},
    }
    run_copy(str(template), folder, data=data, defaults=True, quiet=True, unsafe=False)
    return folder


def make(package: Path) -> str:
    """Build a package in full, as its README says, into javascript/index.js, and return what make says.

    Takes half a minute of CPU time.
    """
    start_sdk.npm_ci(package)
    require("node")
    built = subprocess.run(
        [require("make"), "javascript/index.js"], cwd=package, capture_output=True, text=True, check=False
    )
    said = built.stdout + built.stderr
    assert built.returncode == 0, said
    return said


@dataclass(frozen=True)
class Packages:
    """Packages in folders below `root`, with what they are built with above them."""

    root: Path

    @classmethod
    def of(cls, template: Path, root: Path, sets: Mapping[str, Mapping[str, Any]]) -> "Packages":
        """Render each set of answers into a folder of its name."""
        for name, answers in sets.items():
            render(template, root / name, answers)
        return cls.below(template, root)

    @classmethod
    def below(cls, template: Path, root: Path) -> "Packages":
        """Put what packages are built with above those that are in `root`, each in a folder of its name."""
        # Locks only differ in the package's own name.
        default = render(template, root.with_name(f"{root.name}-default"), {})
        (root / "node_modules").symlink_to(start_sdk.node_modules(default))
        (root / "tsconfig.json").write_text(json.dumps(_TSCONFIG))
        return cls(root)

    def _run(self, program: str, *arguments: str | Path) -> str:
        """Return what a program of theirs printed, however it ended."""
        done = subprocess.run(
            [require("node"), self.root / "node_modules" / program, *arguments],
            cwd=self.root, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    def compile_all(self) -> str:
        """Return what the TypeScript compiler says."""
        return self._run("typescript/bin/tsc", "--project", "tsconfig.json")

    def lint_all(self) -> str:
        """Return what the SDK's linter says, after a line with the number of files."""
        done = subprocess.run(
            [require("node"), _HERE / "lint.mjs"], cwd=self.root, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    def check_format(self, names: Sequence[str]) -> str:
        """Return what Prettier says."""
        patterns = [f"{name}/startos/**/*.ts" for name in names]
        return self._run("prettier/bin/prettier.cjs", "--check", *patterns)

    def bundle(self, names: Sequence[str]) -> str:
        """Bundle packages, each into one file as `bundle_of` says, and return what esbuild says."""
        done = subprocess.run(
            [
                require("esbuild"), *(f"{name}/startos/index.ts" for name in names), "--bundle", "--platform=node",
                "--target=node20", "--log-level=warning", "--outbase=.", "--outdir=bundles",
            ],
            cwd=self.root, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    def bundle_of(self, name: str) -> Path:
        """Return where a package's bundle is."""
        return self.root / "bundles" / name / "startos" / "index.js"
