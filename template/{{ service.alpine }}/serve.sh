#!/bin/sh
# A starter that counts its visitors. Replace it with your own service.
# Checks its environment, then becomes busybox's httpd, which runs www/cgi-bin/index.cgi on every visit. httpd has its
# limits: SIGTERM ends it at once, with code 143. And /health is a file, www/health, which httpd serves without a media
# type, also for HEAD, and with 501 instead of 405 for other methods.
set -eu

fail() {
  echo "$1" >&2
  exit 1
}

PORT=${PORT:-8080}
# Some tools read a number with a leading zero as octal.
case $PORT in
  *[!0-9]* | 0?* | ??????*) fail "PORT=$PORT is not a port" ;;
esac
[ "$PORT" -le 65535 ] || fail "PORT=$PORT is not a port"

# Full paths, because the page runs in another folder.
DATA_DIR=${DATA_DIR:-}
if [ -n "$DATA_DIR" ]; then
  # Check now, not on the first visit, that the folder is writable and the file holds a number.
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

# httpd would say that an address is in use, but not which one. 0A is the state of a listening socket.
if cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q ":$(printf %04X "$PORT") [0-9A-F]*:0000 0A "; then
  fail "port $PORT: already in use"
fi

# Next to this file in the sources, and where the Dockerfile copies it in the image.
here=$(dirname "$0")
WWW=${WWW:-$here/www}
[ -d "$WWW" ] || WWW=$here/../share/$(basename "$0")/www

# Alpine has an httpd command, Debian has it in busybox.
if command -v httpd >/dev/null; then set -- httpd; else set -- busybox httpd; fi
echo "listening on port $PORT, $place"
exec "$@" -f -p "$PORT" -h "$WWW"
