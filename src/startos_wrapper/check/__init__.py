"""`startos-wrapper check`: report all problems of a wrapper at once.

`rules` yields findings, `engine` runs the rules, `silences` hides what comments ignore, `fix` applies fixes, and
`output` formats the report.
"""
