"""Which commands are for developers: they restart the program when its source code changes, or compile it first."""

import re
from collections.abc import Sequence

from startos_wrapper.files.shell.command_reader import read_script

_RUNNERS = {
    "npm", "yarn", "pnpm", "bun", "deno", "npx", "bunx", "pipx", "poetry", "uv", "pipenv", "exec", "run", "task",
    "run-script", "python", "python3", "php", "env", "-m", "--", "rails", "dumb-init", "tini",
}  # fmt: skip
_SCRIPTS = re.compile(
    r"(?:dev|develop|development|watch|nodemon|hot|debug)(?:[:_-].*)?|(?:start|serve|run)[:_-](?:dev|watch|debug).*"
)
_PROGRAMS = {"nodemon", "vite", "ts-node-dev", "tsnd", "webpack-dev-server", "watchexec", "watchmedo", "entr", "reflex",
             "air", "debugpy", "parcel", "react-scripts", "browser-sync", "cargo-watch", "live-server"}  # fmt: skip
_SUBCOMMANDS = {
    "next": {"dev"}, "nuxt": {"dev"}, "nuxi": {"dev"}, "astro": {"dev"}, "remix": {"dev"}, "gatsby": {"develop"},
    "webpack": {"serve", "watch"}, "ng": {"serve"}, "vue-cli-service": {"serve"}, "tsx": {"watch"}, "fastapi": {"dev"},
    "manage.py": {"runserver"}, "django-admin": {"runserver"}, "artisan": {"serve"}, "dotnet": {"watch"},
    "go": {"run"}, "cargo": {"run", "watch"}, "svelte-kit": {"dev"}, "wrangler": {"dev"}, "strapi": {"develop"},
}  # fmt: skip
# Of these programs, only some subcommands are for developers.
_NOT = {"vite": {"preview", "build"}, "react-scripts": {"build"}, "parcel": {"build"}}
_FLAGS = {"--reload", "--watch", "--hot", "--debug", "--debugger", "--autoreload"}
_RELOADERS = {"flask", "uvicorn", "gunicorn", "hypercorn", "node", "quart", "sanic", "bun", "deno", "tsc", "granian"}
_SHELLS = {"sh", "bash", "ash", "dash"}
_MOST_DEEP = 3


def is_for_developers(words: Sequence[str], depth: int = 0) -> bool:
    """Return whether a command is for developers, e.g. `npm run dev` or `flask run --debug`."""
    names = [word.rpartition("/")[2] for word in words]
    if names and names[0] in _SHELLS and "-c" in names[:3] and depth < _MOST_DEEP:
        text = words[names.index("-c") + 1] if names.index("-c") + 1 < len(words) else ""
        return any(is_for_developers(part, depth + 1) for part in _commands(text))
    runner = bool(names) and names[0] in ("npm", "yarn", "pnpm", "bun", "deno")
    while names and (names[0] in _RUNNERS or re.match(r"[A-Za-z_]\w*=", names[0])):
        names = names[1:]
    if not names:
        return False
    program, rest = names[0], names[1:]
    if runner and _SCRIPTS.fullmatch(program):
        return True
    if program in _PROGRAMS:
        return not set(rest[:1]) & _NOT.get(program, set())
    if set(rest[:1]) & _SUBCOMMANDS.get(program, set()):
        return True
    return bool({*rest, *words[1:]} & _FLAGS) and bool({program, *map(_last, words[:3])} & _RELOADERS)


def _commands(text: str) -> list[list[str]]:
    """Return the words of each command of a line for sh, with the assignments before it."""
    commands = read_script(text, tolerant=True).commands
    return [[word.value for word in (*command.assignments, *command.words)] for command in commands]


def _last(word: str) -> str:
    return word.rpartition("/")[2]
