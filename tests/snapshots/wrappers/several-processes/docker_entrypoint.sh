#!/bin/sh
# Kept up to date by startos-wrapper: `copier update` merges its changes with your edits.
# Prepares the container and runs hello-world. StartOS runs this at every start, so it may find its own work done.
set -eu

# As process 1, become tini: it passes SIGTERM on and clears away finished processes.
[ "$$" -ne 1 ] || exec tini -- "$0" "$@"

# Several processes: when one exits, the others are stopped, and its exit code is returned.
ended=$(mktemp -d)/code
mkfifo "$ended"
exec 3<>"$ended"

# Runs a command in the background, forwards SIGTERM to it and reports its exit code.
supervise() {
  process=
  trap '[ -z "$process" ] || kill -TERM "$process" 2>/dev/null || :' TERM
  "$@" 3<&- &
  process=$!
  code=0
  wait "$process" || code=$?
  # A signal interrupts `wait`, so wait until the process is gone.
  while kill -0 "$process" 2>/dev/null; do
    code=0
    wait "$process" || code=$?
  done
  echo "$code" >&3
}

supervisors=
supervise nginx -g 'daemon off;' &
supervisors="$supervisors $!"
supervise worker --name "$HOME" &
supervisors="$supervisors $!"

# Unquoted on purpose: one word per supervisor.
# shellcheck disable=SC2086
trap 'kill -TERM $supervisors 2>/dev/null || :' TERM INT

# A signal can interrupt `read` too.
code=
while [ -z "$code" ]; do
  read -r code <&3 || :
done
# shellcheck disable=SC2086
kill -TERM $supervisors 2>/dev/null || :
wait
exit "$code"
