"""The command line of `startos-wrapper image`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from startos_wrapper.errors import CannotError, Exit, UsageError
from startos_wrapper.terminal import print_text, printable

# Imported late everywhere below, because the other commands don't need it.
if TYPE_CHECKING:
    from startos_wrapper.upstream_image.seen import Seen

_DESCRIPTION = """\
Show what an image says about itself, and which answers follow for
`startos-wrapper new`. The output is a file of answers with comments.

IMAGE is a tar that `docker save` or BuildKit wrote, or the name of an image
that Docker has here. Nothing in the image is run."""
_EPILOG = """\
examples:
  startos-wrapper image nginx:1.27.3              an image that Docker has
  startos-wrapper image --remote nginx:1.27.3     ask the image's registry
  startos-wrapper image docker-images/x86_64.tar  also look at its files

Complete the output, write it to a file, and create a wrapper with it:
`startos-wrapper new --data-file FILE my-service`.

exit codes: 0 done, 1 not an image that StartOS can run, 2 couldn't run"""

_TARS = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `image` subcommand."""
    parser = commands.add_parser(
        "image",
        help="show what an upstream image is, and the answers that follow",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("image", metavar="IMAGE", help="tar, or name of an image")
    parser.add_argument(
        "--remote", action="store_true", help="ask the image's registry, with docker buildx; uses the network"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format (default: text)")


def run(arguments: argparse.Namespace) -> int:
    """Show the image and the answers, and return the exit code.

    Raises: CommandError.
    """
    from startos_wrapper.image.answers_text import as_json, as_text
    from startos_wrapper.upstream_image.advice import advise
    from startos_wrapper.upstream_image.choice import require_processor

    seen = _look(arguments.image, arguments.remote)
    require_processor(printable(seen.name), seen.platforms)
    print_text((as_json if arguments.format == "json" else as_text)(seen, advise(seen)))
    return Exit.DONE


def _look(name: str, remote: bool) -> "Seen":
    from startos_wrapper.data import pattern
    from startos_wrapper.upstream_image.docker_cli import inspect_local, inspect_remote
    from startos_wrapper.upstream_image.saved import read_saved

    path = Path(name)
    try:
        # A folder isn't meant, such as the service's submodule with the same name as its image.
        is_file = path.exists() and not path.is_dir()
        is_path = name != "" and (is_file or name.endswith(_TARS) or name.startswith((".", "/", "~")))
    except (OSError, ValueError):
        is_path = False
    # A name such as `docker-images/x86_64.tar` is also a valid name of an image.
    if is_path and not remote:
        if not path.exists():
            raise CannotError(f"{printable(name)}: no such file; pass a tar, or the name of an image")
        return read_saved(path)
    if not pattern("image").fullmatch(name):
        raise UsageError(f"{name!r}: neither a file nor an image's name; pass e.g. nginx:1.27.3")
    return inspect_remote(name) if remote else inspect_local(name)
