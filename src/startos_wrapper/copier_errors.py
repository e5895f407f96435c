"""Turn what Copier and git raise into one error message."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from startos_wrapper.errors import CommandError, RefusedError
from startos_wrapper.git_command import reason

NO_TERMINAL = "can't ask questions without a terminal; pass --defaults, or answers to all of them with --data-file FILE"
# What Copier says about answers that don't fit. copier/_user_data.py: validate_answer, _parse_answer
_REFUSED = re.compile(r"Validation error for question '([^']+)': ")
_REQUIRED = re.compile(r'Question "([^"]+)" is required')
_NO_CHOICE = re.compile(r"Invalid choice for '([^']+)': .* is not in \[(.*)\]", re.DOTALL)


@contextmanager
def told(template: str) -> Iterator[None]:
    """Raise a RefusedError for what Copier raises in this context, and KeyboardInterrupt if the user pressed Ctrl-C.

    `template` is where the template is.
    """
    from copier.errors import CopierAnswersInterrupt, InteractiveSessionError
    from plumbum import ProcessExecutionError

    try:
        yield
    except CommandError:
        raise
    except CopierAnswersInterrupt as error:
        raise KeyboardInterrupt from error
    except InteractiveSessionError as error:
        raise RefusedError(NO_TERMINAL) from error
    except ProcessExecutionError as error:
        raise RefusedError(f"{template}: {reason(str(error.stderr)) or f'git failed ({error.retcode})'}") from error
    except OSError as error:
        raise RefusedError(f"{error.filename or template}: {error.strerror or error}") from error
    except Exception as error:
        # Copier's messages can have several lines. Jinja and PyYAML raise their own errors for a broken template.
        text = _NO_CHOICE.sub(r"\1: choose from \2", str(error))
        text = _REQUIRED.sub(r"\1: this answer is required; pass it with -d \1=VALUE", text)
        first, *more = _REFUSED.sub(r"\1: ", text, count=1).splitlines() or [type(error).__name__]
        raise RefusedError(first if refused_answer(error) else f"{template}: {first}", *more) from error


def refused_answer(error: BaseException | None) -> str | None:
    """Return the name of the answer that Copier rejected, or None for another error or if Copier doesn't name it."""
    match = _REFUSED.match(str(error)) or _NO_CHOICE.match(str(error)) or _REQUIRED.match(str(error))
    return match[1] if match else None


def is_missing(error: BaseException | None) -> bool:
    """Return whether Copier stopped because there's no answer to a question without a default."""
    return _REQUIRED.match(str(error)) is not None
