"""Read `.backupignore` as compat and duplicity 0.8.22 do. C/backup.rs:10-44, duplicity/globmatch.py"""

import re

_CLASS = re.compile(r"\[(!?)(\]?[^\]]*)\]")

# A regular expression for paths in the data folder, and whether the backup leaves them out.
Rule = tuple[str, bool]


def rules_of(text: str) -> list[Rule]:
    """Return the rules of a `.backupignore`. The first whose expression matches a whole path decides."""
    lines = (line.strip() for line in text.splitlines())
    return [_rule(line) for line in lines if line]


def _rule(line: str) -> Rule:
    pattern = line.lstrip("!").strip("/").removeprefix("./")
    # Everything below a folder goes with it.
    return f"{_expression(pattern)}(?:/.*)?", not line.startswith("!")


def _expression(pattern: str) -> str:
    """Return the expression for one of duplicity's patterns, in which only `**` matches a slash."""
    found, at = "", 0
    while at < len(pattern):
        kind = _CLASS.match(pattern, at)
        if pattern.startswith("**", at):
            found, at = f"{found}.*", at + 2
        elif kind:
            members = kind[2].replace("\\", r"\\").replace("[", r"\[")
            found, at = f"{found}[{'^' if kind[1] else ''}{members}]", kind.end()
        else:
            one = {"*": "[^/]*", "?": "[^/]"}.get(pattern[at], re.escape(pattern[at]))
            found, at = found + one, at + 1
    return found


def below(rules: list[Rule], folder: str) -> list[Rule]:
    """Return the rules for a volume that is mounted in a folder of the data folder, or for `.` the rules themselves."""
    if folder == ".":
        return rules
    prefix = re.escape(folder) + "/"
    return [(expression.removeprefix(prefix), out) for expression, out in rules if expression.startswith(prefix)]
