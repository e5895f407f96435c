#!/bin/sh
set -eu
exec tini -- httpd -f -p 8080 -h /data
