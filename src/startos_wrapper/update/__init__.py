"""`startos-wrapper update` and `startos-wrapper undo`.

Copier merges in a repository of its own, which only has the wrapper's last commit. So a failed or killed update changes
nothing. Only then are the changed files written into the wrapper, after a copy of each and a list of all of them.
`undo` follows that list.
"""
