"""`adopt --align`: parts of a wrapper become the template's in the work tree, for the author to look at."""
