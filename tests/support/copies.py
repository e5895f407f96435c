"""Copies and updates by Copier in this process: what takes it long, starting and compiling, is done once."""

import contextlib
import io
import os
import runpy
import subprocess
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import jinja2
import pytest
from plumbum import local


def copier(*arguments: str | Path, check: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the command `copier` with nothing to read. Raises CalledProcessError if told to check.

    The folder that it works in is an argument: the current one is that of the tests.
    """
    command = ["copier", *map(str, arguments)]
    output, errors = io.StringIO(), io.StringIO()
    code: Any = 0
    with (
        Path(os.devnull).open() as nothing,
        mock.patch("sys.argv", command),
        mock.patch("sys.stdin", nothing),
        # Of its own accord it goes by the environment of the time when it was imported.
        local.env(**os.environ),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            runpy.run_module("copier", run_name="__main__")
        except SystemExit as end:
            code = end.code or 0
        except Exception:
            traceback.print_exc()
            code = 1
    done = subprocess.CompletedProcess(command, code, output.getvalue(), errors.getvalue())
    if check:
        done.check_returncode()
    return done


@contextlib.contextmanager
def compiled_once() -> Iterator[None]:
    """Keep what Jinja has compiled. Copier compiles all questions and files for every copy, three quarters of its time."""
    compile = jinja2.Environment.compile
    kept: dict[Any, Any] = {}

    def remembering(
        self: jinja2.Environment,
        source: Any,
        name: Any = None,
        filename: Any = None,
        raw: Any = False,
        defer_init: Any = False,
    ) -> Any:
        if not isinstance(source, str) or "{% yield" in source:  # Compiling that has effects on the environment.
            return compile(self, source, name, filename, raw, defer_init)
        key = (source, name, raw, defer_init, type(self), self.lexer, tuple(self.extensions))
        if key in kept:
            self.preprocess(source, name, filename)  # So has this.
        else:
            kept[key] = compile(self, source, name, filename, raw, defer_init)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jinja2.Environment, "compile", remembering)
        yield
