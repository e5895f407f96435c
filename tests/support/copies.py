"""Run Copier and our command in this process, so that their slow parts (startup, compiling Jinja) run only once."""

import contextlib
import io
import os
import runpy
import subprocess
import traceback
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from plumbum import local

from startos_wrapper.cli import main


def copier(*arguments: str | Path, check: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the `copier` command with empty standard input.

    The working directory is an argument because the current directory belongs to the tests.

    Raises: CalledProcessError if `check` is true and the command fails.
    """
    command = ["copier", *map(str, arguments)]
    output, errors = io.StringIO(), io.StringIO()
    code: Any = 0
    with (
        Path(os.devnull).open() as nothing,
        mock.patch("sys.argv", command),
        mock.patch("sys.stdin", nothing),
        # Without this, Copier's plumbum uses the environment from when it was imported.
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


def startos_wrapper(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the `startos-wrapper` command in a folder with empty standard input."""
    output, errors = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with (
        Path(os.devnull).open() as nothing,
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
    ):
        patch.chdir(cwd)
        patch.setattr("sys.stdin", nothing)
        code = main(list(map(str, arguments)))
    output.flush()
    said = output.buffer.getvalue().decode()
    return subprocess.CompletedProcess(["startos-wrapper", *map(str, arguments)], code, said, errors.getvalue())
