#!/bin/sh
# The starter's page at /. Replace it with your own. httpd runs this on every visit, with serve.sh's environment.
set -eu

# refuse STATUS REASON
refuse() {
  printf 'Status: %s\r\nContent-Type: text/plain; charset=utf-8\r\nAllow: GET, HEAD\r\n\r\n%s\n' "$1" "$2"
  exit 0
}

# Counts a visit and prints the number. The lock makes visitors take turns. The file is replaced in one step, so that a
# crash leaves the old number or the new one. Without `sync`, a power cut could leave an empty file.
count() {
  file=$DATA_DIR/visits
  visits=0
  flock 9 || return 1
  [ ! -e "$file" ] || visits=$(cat "$file") || return 1
  case $visits in
    '' | *[!0-9]* | 0?* | ???????????????????*)
      echo "$file does not hold a number: repair it or move it away" >&2
      return 1 ;;
  esac
  visits=$((visits + 1))
  echo "$visits" >"$file.new" && sync "$file.new" && mv -f "$file.new" "$file" && echo "$visits"
}

visits=
case $REQUEST_METHOD in
  GET)
    if [ -n "$DATA_DIR" ]; then
      visits=$(count 9<"$DATA_DIR") || refuse '500 Internal Server Error' 'the visit could not be stored'
    fi ;;
  HEAD) ;;
  *) refuse '405 Method Not Allowed' 'method not allowed' ;;
esac

# The setting, or else the text of an asset, if there is one.
greeting='Hello from your server!'
if [ -n "${SETTING_GREETING:-}" ]; then
  greeting=$SETTING_GREETING
elif [ -f "$ASSETS_DIR/greeting.txt" ]; then
  text=$(cat "$ASSETS_DIR/greeting.txt") && greeting=$text
fi
greeting=$(printf '%s\n' "$greeting" | sed "s/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/\"/\&#34;/g; s/'/\&#39;/g")

printf 'Content-Type: text/html; charset=utf-8\r\n\r\n'
[ "$REQUEST_METHOD" = GET ] || exit 0
cat <<END
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hello</title>
<body style="font-family: sans-serif; text-align: center; margin: 20vh 1em">
<h1>$greeting</h1>
${visits:+<p>Visits: $visits</p>}
END
