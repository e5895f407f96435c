"""`adopt --align`: replace parts of a wrapper with the template's in the work tree, for the author to review."""
