"""Programs that run in the helper containers, with the standard library only."""
