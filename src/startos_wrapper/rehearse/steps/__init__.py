"""The steps of a rehearsal, a module each."""
