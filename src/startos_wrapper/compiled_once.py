"""Let Jinja compile each text once while Copier runs.

Copier compiles every text of a question each time that it reads one, and everything again for each of the three times
that an update renders a template. That's a third of the time of an update.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

# What the compiled code depends on, apart from the text. Filters, tests and globals are looked up when it runs.
_SETTINGS = (
    *("block_start_string", "block_end_string", "variable_start_string", "variable_end_string"),
    *("comment_start_string", "comment_end_string", "line_statement_prefix", "line_comment_prefix"),
    *("trim_blocks", "lstrip_blocks", "newline_sequence", "keep_trailing_newline"),
    *("optimized", "autoescape", "finalize", "is_async", "sandboxed"),
)


@contextlib.contextmanager
def compiled_once() -> Iterator[None]:
    """Keep what Jinja compiles, for all environments with the same settings and extensions."""
    from jinja2 import Environment

    compile_anew: Any = Environment.compile
    kept: dict[Any, Any] = {}

    def compile_once(self: Environment, source: Any, name: str | None = None, *more: Any, **options: Any) -> Any:
        if not isinstance(source, str):
            return compile_anew(self, source, name, *more, **options)
        settings = tuple(getattr(self, setting) for setting in _SETTINGS)
        # Errors name the file, which is in another temporary folder each time. So it isn't in the key.
        key = (type(self), settings, tuple(self.extensions), source, name, more[1:], tuple(options.items()))
        if key not in kept:
            kept[key] = compile_anew(self, source, name, *more, **options)
        else:
            # Copier's extension for `yield` resets its state here. copier/_jinja_ext.py: YieldExtension.preprocess
            self.preprocess(source, name, more[0] if more else None)
        return kept[key]

    Environment.compile = compile_once  # type: ignore[method-assign]
    try:
        yield
    finally:
        Environment.compile = compile_anew  # type: ignore[method-assign]
