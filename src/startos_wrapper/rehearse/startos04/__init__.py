"""Rehearse a package for StartOS 0.4. S/ is shared-libs/crates/start-core/src/service/ of StartOS 0.4."""
