"""Read TypeScript: what a module imports and exports, and the values of the expressions that are written out.

`project.py` reads the modules of a folder, and `evaluating.py` says what an expression is. Nothing is run.
"""
