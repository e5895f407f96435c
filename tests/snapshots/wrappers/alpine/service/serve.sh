#!/bin/sh
# A starter that counts its visitors: put your own service in its place.
# Checks its environment, then becomes busybox's httpd, which runs www/cgi-bin/index.cgi for every visit. What differs
# from a program of one's own: SIGTERM ends httpd at once, with code 143. And /health is a file, www/health: httpd gives
# it no media type, shows it for HEAD too and answers 501, not 405, to other methods.
set -eu

fail() {
  echo "$1" >&2
  exit 1
}

PORT=${PORT:-8080}
# A leading zero would make some tools read an octal number.
case $PORT in
  *[!0-9]* | 0?* | ??????*) fail "PORT=$PORT is not a port" ;;
esac
[ "$PORT" -le 65535 ] || fail "PORT=$PORT is not a port"

# Full paths, as the page does not run in this folder.
DATA_DIR=${DATA_DIR:-}
if [ -n "$DATA_DIR" ]; then
  # Find out now, not at the first visit, whether the folder can be written to and what the file holds.
  folder=$({ cd -- "$DATA_DIR" && pwd && echo >visits.new && rm visits.new; } 2>/dev/null) ||
    fail "DATA_DIR=$DATA_DIR cannot be written to"
  DATA_DIR=$folder
  visits=0
  [ ! -e "$DATA_DIR/visits" ] || visits=$(cat "$DATA_DIR/visits")
  case $visits in
    '' | *[!0-9]* | 0?* | ???????????????????*)
      fail "$DATA_DIR/visits does not hold a number: repair it or move it away" ;;
  esac
fi
ASSETS_DIR=${ASSETS_DIR:-}
[ ! -d "$ASSETS_DIR" ] || ASSETS_DIR=$(cd -- "$ASSETS_DIR" && pwd)
export DATA_DIR ASSETS_DIR
place="visits ${DATA_DIR:+in }${DATA_DIR:-not counted}"

if [ "$PORT" -eq 0 ]; then
  echo "started without a web page, $place"
  exec tail -f /dev/null
fi

# httpd would say that an address is in use, but not which. 0A is the state of a socket that listens.
if cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q ":$(printf %04X "$PORT") [0-9A-F]*:0000 0A "; then
  fail "port $PORT: already in use"
fi

# Beside this file in the sources, and where the Dockerfile puts it in the image.
here=$(dirname "$0")
WWW=${WWW:-$here/www}
[ -d "$WWW" ] || WWW=$here/../share/$(basename "$0")/www

# Alpine has httpd under its own name, Debian inside busybox.
if command -v httpd >/dev/null; then set -- httpd; else set -- busybox httpd; fi
echo "listening on port $PORT, $place"
exec "$@" -f -p "$PORT" -h "$WWW"
