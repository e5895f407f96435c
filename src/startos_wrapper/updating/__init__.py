"""Bring a wrapper to another release, for `update`, `undo` and `migrate`.

Copier merges in a temporary repository, which only has the wrapper's last commit. So a failed or killed update changes
nothing. Only then are the changed files written into the wrapper, after a copy of each and a list of all of them.
`undo` follows that list.
"""
