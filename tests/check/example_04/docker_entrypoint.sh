#!/bin/sh
set -eu
exec httpd -f -p 8080 -h /data
