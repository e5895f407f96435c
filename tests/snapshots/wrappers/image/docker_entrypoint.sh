#!/bin/sh
# Kept up to date by startos-wrapper: `copier update` merges its changes with your edits.
# Prepares the container and runs hello-world. StartOS runs this at every start, so it may find its own work done.
set -eu

# As process 1, become tini: it passes SIGTERM on and clears away finished processes.
[ "$$" -ne 1 ] || exec tini -- "$0" "$@"

exec nginx
