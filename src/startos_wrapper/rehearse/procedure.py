"""Run a procedure of the manifest as StartOS does: in a container, in one that runs, or as a script."""
