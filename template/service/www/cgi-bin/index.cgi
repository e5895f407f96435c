#!/bin/sh
# The page at /. httpd runs this for every visit, with the environment of serve.sh.
set -eu

fail() {
  printf 'Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\n\r\n%s\n' "$1"
  echo "$1" >&2
  exit 0
}

# Replaces the file in one step, so that a crash leaves the old number or the new one. Only one visit at a time does so.
count() {
  file=$DATA_DIR/visits
  visits=0
  [ ! -e "$file" ] || visits=$(cat "$file")
  case $visits in
    '' | *[!0-9]*) fail "$file does not hold a number: repair it or move it away" ;;
  esac
  visits=$((visits + 1))
  { echo "$visits" >"$file.$$" && mv "$file.$$" "$file"; } || fail "the visit could not be stored"
}

visits=
if [ -n "${DATA_DIR:-}" ] && [ "${REQUEST_METHOD:-GET}" = GET ]; then
  exec 9>"$DATA_DIR/.lock" || fail "the visit could not be stored"
  flock 9
  count
fi

greeting='Hello from your server!'
[ ! -f "${ASSETS_DIR:-}/greeting.txt" ] || greeting=$(cat "$ASSETS_DIR/greeting.txt")
greeting=$(printf '%s' "$greeting" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g')

printf 'Content-Type: text/html; charset=utf-8\r\n\r\n'
cat <<EOF
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hello</title>
<body style="font-family: sans-serif; text-align: center; margin: 20vh 1em">
<h1>$greeting</h1>
${visits:+<p>Visits: $visits</p>}
EOF
