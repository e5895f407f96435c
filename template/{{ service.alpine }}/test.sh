#!/bin/sh
# Tests of the starter. Replace them with your own service's.
# Needs flock and a busybox with nc and timeout, and with httpd if there's no such command.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
mkdir "$work/data" "$work/assets"
unset WWW
export DATA_DIR="$work/data" ASSETS_DIR="$work/assets"
service=
trap '[ -z "$service" ] || kill "$service"; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# Finds a port that nothing listens on.
PORT=$((20000 + $$ % 20000))
while busybox nc -z 127.0.0.1 "$PORT" 2>/dev/null; do PORT=$((PORT + 1)); done
export PORT

failed=0
ok() {
  echo "ok: $1"
}
fail() {
  echo "FAIL: $1"
  failed=1
}

# expect WHAT TEXT PART: checks that TEXT contains PART.
expect() {
  case $2 in
    *"$3"*) ok "$1" ;;
    *) fail "$1: $2" ;;
  esac
}

# ask METHOD PATH: prints the whole response.
ask() {
  printf '%s %s HTTP/1.0\r\n\r\n' "$1" "$2" | busybox timeout 5 nc 127.0.0.1 "$PORT" || :
}

start() {
  sh "$here/serve.sh" >>"$work/log" 2>&1 &
  service=$!
  tries=0
  until ask GET /health 2>/dev/null | grep -q 200; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || { cat "$work/log"; fail "it does not start"; exit 1; }
    sleep 0.1
  done
}

# Stops the service and sets code to its exit code.
stop() {
  kill "$service"
  code=0
  # The shell may report the signal.
  { wait "$service" || code=$?; } 2>/dev/null
  service=
}

# refused WHAT PART: checks that serve.sh exits with code 1 and one line that contains PART.
refused() {
  code=0
  message=$(busybox timeout 5 sh "$here/serve.sh" 2>&1) || code=$?
  expect "$1" "$code $(printf '%s\n' "$message" | grep -c '') $message" "1 1 "
  expect "$1, and named" "$message" "$2"
}

start
answer=$(ask GET /health)
expect "it says that it is well" "$answer" "200 OK"
expect "in one word" "${answer##*[!a-z]}" ok
answer=$(ask GET /)
expect "a visit is counted" "$answer" "Visits: 1"
expect "on a page" "$answer" "Content-Type: text/html"
expect "with a greeting" "$answer" "<h1>Hello from your server!</h1>"
answer=$(ask HEAD /)
expect "HEAD is answered" "$answer" "200 OK"
case $answer in *html\>*) fail "HEAD gets a body" ;; *) ok "without a body" ;; esac
expect "another method is refused" "$(ask POST /)" "405 Method Not Allowed"
expect "another path is not found" "$(ask GET /x)" "404 Not Found"
expect "a bad request is refused" "$(ask nonsense nonsense)" "HTTP/1"
expect "none of these was counted" "$(ask GET '/?a=b')" "Visits: 2"

refused "a port in use is refused" "port $PORT"

stop
expect "SIGTERM ends it" "$code" 143
start
expect "the count survives a restart" "$(ask GET /)" "Visits: 3"

# Concurrent visitors: all of them count.
visitors=
for _ in 1 2 3 4 5 6 7 8; do
  ask GET / >/dev/null &
  visitors="$visitors $!"
done
for visitor in $visitors; do wait "$visitor"; done
expect "visitors at the same time are all counted" "$(ask GET /)" "Visits: 12"
expect "no other file is left behind" "[$(ls -A "$DATA_DIR")]" "[visits]"

echo "<b>Hi & \"bye\"</b> \$(id)" >"$ASSETS_DIR/greeting.txt"
expect "the asset is shown, escaped" "$(ask GET /)" "<h1>&lt;b&gt;Hi &amp; &#34;bye&#34;&lt;/b&gt; \$(id)</h1>"

stop
export SETTING_GREETING="<i>\$(id)</i>"
start
unset SETTING_GREETING
expect "the setting is shown, escaped, and beats the asset" "$(ask GET /)" "<h1>&lt;i&gt;\$(id)&lt;/i&gt;</h1>"

echo many >"$DATA_DIR/visits"
expect "a damaged count is refused" "$(ask GET /)" "500 Internal Server Error"
expect "with a message" "$(cat "$work/log")" "$DATA_DIR/visits does not hold a number"
stop
for damaged in '' many -1 '1 2' 08 99999999999999999999; do
  echo "$damaged" >"$DATA_DIR/visits"
  refused "the count '$damaged' is refused at the start" "$DATA_DIR/visits"
  expect "and kept" "[$(cat "$DATA_DIR/visits")]" "[$damaged]"
done

DATA_DIR=
start
answer=$(ask GET /)
expect "without a folder there is a page" "$answer" "</h1>"
case $answer in *Visits*) fail "with a count" ;; *) ok "without a count" ;; esac
stop

for PORT in http -1 65536 080 "80 80"; do refused "the port '$PORT' is refused" "$PORT"; done
PORT=0
sh "$here/serve.sh" >"$work/log" 2>&1 &
service=$!
sleep 0.5
expect "port 0 is none" "$(cat "$work/log")" "started without a web page"
stop
expect "and runs until SIGTERM" "$code" 143

DATA_DIR=$work/none
refused "a missing folder is refused" "$work/none"

exit "$failed"
