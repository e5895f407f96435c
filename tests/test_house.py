"""Check the layout of the code: which module may import which, how large each part may be, and how much may repeat."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "startos_wrapper"
MODULES = sorted((ROOT / "src" / PACKAGE).rglob("*.py"))

# Each layer may import itself and those above it in this list. The commands are one layer, but don't import each other.
BASE = {"errors", "terminal", "data"}
READERS = {*BASE, "files"}
BELOW_COMMANDS = {
    *READERS, "answers_file", "questions", "question_docs", "settings", "repository", "origin", "rendering", "given_answers",
    "compiled_once", "copier_errors", "git_command", "interrupts", "work_tree",
    "updating", "upstream_image", "workflow_commands",
}  # fmt: skip
COMMANDS = {"check", "rehearse", "adopt", "image", "manage", "migrate", "new", "update", "show_questions"}

LONGEST_FILE = 400
LONG_FILES = {
    "src/startos_wrapper/files/manifest/manifest-0.3.schema.json": "editors read a schema as one file",
    "hooks/data/licenses/AGPL-3.0-or-later.txt": "the words are not ours",
    "hooks/data/licenses/GPL-3.0-or-later.txt": "the words are not ours",
    "template/{% if not legacy %}package-lock.json{% endif %}.jinja": "npm writes it, see docs/sdk_lock.py",
}
LONGEST_FUNCTION = 60

# Names that mean the same in each of their folders.
SHARED_NAMES = {
    "command": "the options of a command and its exit code",
    "report": "what a command says about a wrapper",
    "outcome": "how something ended",
    "proposal": "answers that a command proposes, with their places",
}

LONGEST_REPETITION = 5
REPETITIVE = {
    "template/*package-lock.json*": "npm writes it, see docs/sdk_lock.py",
    "src/startos_wrapper/files/manifest/manifest-0.3.schema.json": "every entry names its type, and a `$ref` per type would hide it",
    "src/startos_wrapper/files/earlier_makefiles.mk": "what earlier releases wrote, each in its own words",
    "src/startos_wrapper/check/rules/*.yaml": "a rule's bad and good examples differ in a line",
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {module_name(path): path for path in MODULES}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each module of the package that a module imports or loads, anywhere in it, and the imported name."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.partition(".")[0] == PACKAGE)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            for alias in node.names if node.module and node.module.partition(".")[0] == PACKAGE else ():
                submodule = f"{node.module}.{alias.name}"
                yield (submodule, "") if submodule in NAMES else (str(node.module), alias.name)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from ((target, "") for target in loaded_by_name(node) if NAMES[target] != path)


def loaded_by_name(call: ast.Call) -> list[str]:
    """Return the modules that `import_module` may load: those whose names begin with the text before the first value."""
    text = call.args[0].values[0] if isinstance(call.args[0], ast.JoinedStr) else call.args[0]
    assert isinstance(text, ast.Constant), f"line {call.lineno}: can't tell what {ast.unparse(call)} loads"
    return [name for name in NAMES if name.startswith(str(text.value)) and not name.endswith(".__main__")]


@cache
def graph() -> dict[str, set[str]]:
    """Return the modules that each module imports. Not at import, which each of pytest's workers does."""
    return {name: {target for target, _ in imports_of(path)} for name, path in NAMES.items()}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other in a circle (Tarjan's algorithm).

    https://en.wikipedia.org/wiki/Tarjan's_strongly_connected_components_algorithm
    """
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = lowest[name] = len(order)
        stack.append(name)
        for target in sorted(graph.get(name, ())):
            if target not in order:
                visit(target)
                lowest[name] = min(lowest[name], lowest[target])
            elif target in stack:
                lowest[name] = min(lowest[name], order[target])
        if lowest[name] == order[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1 or name in graph.get(name, ()):
                found.append(sorted(group))

    for name in sorted(graph):
        if name not in order:
            visit(name)
    return found


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d"}, "e": {"a"}}) == [["b", "c"], ["d"]]


def test_every_import_leads_to_a_module() -> None:
    assert {target for targets in graph().values() for target in targets} <= set(NAMES)
    assert sum(map(len, graph().values())) > 2 * len(MODULES)


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(graph()) == []


def room_of(name: str) -> str:
    """Return the part of the package that a module belongs to."""
    return name.split(".")[1] if "." in name else ""


def test_what_lies_below_imports_nothing_above() -> None:
    wrong = []
    for name, targets in graph().items():
        room, reached = room_of(name), {room_of(target) for target in targets} - {""}
        allowed = reached
        if room in BASE:
            allowed = BASE
        elif room == "files":
            allowed = READERS
        elif room in BELOW_COMMANDS:
            allowed = BELOW_COMMANDS
        elif room in COMMANDS:
            allowed = {*BELOW_COMMANDS, room}
        wrong += [f"{name} imports {each}" for each in sorted(reached - allowed)]
    assert wrong == []


def test_every_part_of_the_package_has_a_layer() -> None:
    rooms = {room_of(name) for name in NAMES} - {""}
    assert rooms - {*BELOW_COMMANDS, *COMMANDS} == {"cli", "__main__"}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def attributes_of_imports(path: Path) -> Iterator[str]:
    """Yield `NAME.attribute` for each attribute of what a module imports from the package."""
    imported = {name or target.rpartition(".")[2] for target, name in imports_of(path)}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imported:
            yield f"{node.value.id}.{node.attr}"


def test_no_module_uses_a_private_name_of_another() -> None:
    used = [
        f"{module_name(path)}: {name}"
        for path in MODULES
        for name in [*(name or target for target, name in imports_of(path)), *attributes_of_imports(path)]
        if is_private(name.rpartition(".")[2])
    ]
    assert used == []


def test_every_module_has_a_name_of_its_own() -> None:
    places = defaultdict(list)
    for name in NAMES:
        places[name.rpartition(".")[2]].append(name)
    shared = {name: found for name, found in places.items() if len(found) > 1}
    assert {name: found for name, found in shared.items() if name not in SHARED_NAMES} == {}
    assert shared.keys() == SHARED_NAMES.keys()


# --- Sizes -----------------------------------------------------------------------------------------------------------


@cache
def texts(*folders: str) -> dict[str, str]:
    """Return the text of every file in some folders of the repository, by path."""
    found = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            data = path.read_bytes() if path.is_file() and "__pycache__" not in path.parts else b"\0"
            if b"\0" not in data:
                found[path.relative_to(ROOT).as_posix()] = data.decode()
    return found


def test_no_file_is_longer_than_one_reads() -> None:
    long = {name for name, text in texts("src", "hooks", "template").items() if text.count("\n") > LONGEST_FILE}
    assert sorted(long - LONG_FILES.keys()) == []
    assert long >= LONG_FILES.keys()


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{module_name(path)}.{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


# --- Repetitions -----------------------------------------------------------------------------------------------------


def imported_lines(text: str) -> set[int]:
    """Return the line numbers of a Python module's imports."""
    imports = (node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Import, ast.ImportFrom)))
    return {line for node in imports for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def lines_that_count(name: str, text: str) -> list[tuple[int, str]]:
    """Return the numbered lines of a file without blank lines, comments and imports."""
    skipped = imported_lines(text) if name.endswith(".py") else set()
    comments, statements = ("#", "{#", "//"), ("{%- import", "{%- from", "{% import", "{% from")
    stripped = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if number not in skipped)
    return [(number, line) for number, line in stripped if line and not line.startswith((*comments, *statements))]


def repetitions(files: dict[str, str]) -> list[str]:
    """Return the places of repeated runs of lines: the second place with the first."""
    seen: dict[tuple[str, ...], str] = {}
    found: list[str] = []
    for name, text in files.items():
        lines = lines_that_count(name, text)
        before = ""
        for at in range(len(lines) - LONGEST_REPETITION):
            run = tuple(line for _, line in lines[at : at + LONGEST_REPETITION + 1])
            first = seen.setdefault(run, f"{name}:{lines[at][0]}")
            # Only name the first lines of a longer run.
            if first != f"{name}:{lines[at][0]}" and not before:
                found.append(f"{name}:{lines[at][0]} repeats {first}")
            before = first if first != f"{name}:{lines[at][0]}" else ""
    return found


def test_repetitions_are_found() -> None:
    run = "".join(f"line {number}\n" for number in range(LONGEST_REPETITION + 1))
    assert repetitions({"one": run, "other": f"# A comment\n\n  {run}"}) == ["other:3 repeats one:1"]
    assert repetitions({"one": run + run}) == [f"one:{LONGEST_REPETITION + 2} repeats one:1"]
    assert repetitions({"one": run, "other": run.replace("line 3", "")}) == []


def test_nothing_is_written_twice() -> None:
    files = {
        name: text
        for name, text in texts("src", "hooks", "template").items()
        if not any(Path(name).match(pattern) for pattern in REPETITIVE)
    }
    assert repetitions(files) == []


@pytest.mark.parametrize("pattern", REPETITIVE)
def test_no_exception_is_made_in_vain(pattern: str) -> None:
    assert repetitions(
        {name: text for name, text in texts("src", "hooks", "template").items() if Path(name).match(pattern)}
    )
