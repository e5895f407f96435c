"""The rules. Each module registers its functions with `registry.checks`, and the engine imports all modules."""
