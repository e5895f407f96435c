"""The texts in Python code."""

import ast
from collections.abc import Iterator
from pathlib import Path


def strings(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the strings in a Python file, without docstrings, and their lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value, node.lineno
