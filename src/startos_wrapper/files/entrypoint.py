"""The script that StartOS starts as the service."""

from startos_wrapper.files.procedure_scripts import ProcedureScript, scripts_of
from startos_wrapper.files.wrapper import Wrapper


def entrypoint_of(wrapper: Wrapper) -> ProcedureScript | None:
    """Return the shell script that main runs, or None if it runs something else or isn't in the wrapper."""
    mine = (each for each in scripts_of(wrapper) if each.is_main and each.source and each.target.path)
    script = next(mine, None)
    # Without a first line that names a shell, a file is only a script if its name or its starter says so.
    return script if script and (script.shell or not script.text.startswith("#!")) else None
