"""Updates of many wrappers, by the real Renovate and a real forge on this machine. `make fleet` runs them."""
