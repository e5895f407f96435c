"""The rules: each module registers its functions with `registry.checks`, and the engine imports all of them."""
