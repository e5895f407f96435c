#!/bin/sh
# A starter that counts its visitors: put your own service in its place.
# In the image this is the service's command, and www/ lies where WWW says.
set -eu

case $PORT in
  '' | *[!0-9]*) echo "PORT=$PORT is not a port" >&2; exit 1 ;;
  0) echo "started without a web page"; exec tail -f /dev/null ;;
esac

# Find out now, not at the first visit, whether the folder can be written to.
if [ -n "${DATA_DIR:-}" ]; then
  echo >"$DATA_DIR/.visits.$$" || { echo "DATA_DIR=$DATA_DIR cannot be written to" >&2; exit 1; }
  rm "$DATA_DIR/.visits.$$"
fi

echo "listening on port $PORT"
exec httpd -f -p "$PORT" -h "$WWW"
