#!/bin/sh
# Kept up to date by startos-wrapper: `copier update` merges its changes with your edits.
# Prepares the container and runs hello-world. StartOS runs this at every start, so it may find its own work done.
set -eu

# As process 1, become tini: it passes SIGTERM on and clears away finished processes.
[ "$$" -ne 1 ] || exec tini -- "$0" "$@"

# Several processes: the first one that ends stops the others and gives the exit code.
ended=$(mktemp -d)/code
mkfifo "$ended"
exec 3<>"$ended"

# Runs one of them in the background, passes SIGTERM on to it and reports its exit code.
supervise() {
  process=
  trap '[ -z "$process" ] || kill -TERM "$process" 2>/dev/null || :' TERM
  "$@" 3<&- &
  process=$!
  code=0
  wait "$process" || code=$?
  # A signal ends `wait` early: wait for the process itself.
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

# One word a supervisor: no quotes.
# shellcheck disable=SC2086
trap 'kill -TERM $supervisors 2>/dev/null || :' TERM INT

# A signal may end `read` early too.
code=
while [ -z "$code" ]; do
  read -r code <&3 || :
done
# shellcheck disable=SC2086
kill -TERM $supervisors 2>/dev/null || :
wait
exit "$code"
