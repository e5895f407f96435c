#!/bin/sh
# Tests the starter: sh service/test.sh, where busybox has httpd and wget.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
export PORT=18080 DATA_DIR="$work/data" ASSETS_DIR="$work/assets" WWW="$here/www"
mkdir "$work/bin" "$DATA_DIR" "$ASSETS_DIR"
# Where httpd is a part of busybox, give it a name of its own.
command -v httpd >/dev/null || ln -s "$(command -v busybox)" "$work/bin/httpd"
export PATH="$PATH:$work/bin"
service=
trap '[ -z "$service" ] || kill "$service"; rm -rf "$work"' EXIT

start() {
  sh "$here/serve.sh" >/dev/null &
  service=$!
  tries=0
  until page health >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || { echo "FAIL: it does not start"; exit 1; }
    sleep 0.1
  done
}

stop() {
  kill "$service"
  wait "$service" || :
  service=
}

page() {
  wget -q -O - "http://127.0.0.1:$PORT/$1"
}

expect() {
  if page "$1" 2>/dev/null | grep -qF "$2"; then echo "ok: $3"; else echo "FAIL: $3"; exit 1; fi
}

start
expect health ok "it says that it is well"
expect "" "Visits: 1" "a visit is counted"
expect "" "Visits: 2" "and the next one"
if page x >/dev/null 2>&1; then echo "FAIL: an unknown page is found"; exit 1; else echo "ok: an unknown page is not found"; fi
stop
start
expect "" "Visits: 3" "the count survives a restart"
echo '<b>Hi</b>' >"$ASSETS_DIR/greeting.txt"
expect "" "&lt;b&gt;Hi&lt;/b&gt;" "the asset is shown, escaped"
echo many >"$DATA_DIR/visits"
if page "" >/dev/null 2>&1; then echo "FAIL: a damaged count is accepted"; exit 1; else echo "ok: a damaged count is refused"; fi
[ "$(cat "$DATA_DIR/visits")" = many ] && echo "ok: and kept"
stop
DATA_DIR=$work/none
if sh "$here/serve.sh" >/dev/null 2>&1; then echo "FAIL: a missing folder is accepted"; exit 1; else echo "ok: a missing folder is refused"; fi
