#!/bin/sh
echo "$GREETING from $(id -u) in $(pwd), $*"
exec httpd -f -p "$PORT" -h "$WHERE"
