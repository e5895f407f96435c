"""`startos-wrapper update` and `startos-wrapper undo`."""
