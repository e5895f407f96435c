#!/bin/sh
# Kept up to date by startos-wrapper: `copier update` merges its changes with your edits.
# Turns the settings that StartOS stores into environment variables. docker_entrypoint.sh includes this file.
#
#   greeting: Hi          SETTING_GREETING=Hi
#   rpc: {user-name: a}   SETTING_RPC_USER_NAME=a
#   peers: [x, y]         SETTING_PEERS=2, SETTING_PEERS_0=x, SETTING_PEERS_1=y
#
# A setting without a value (null) gets no variable. A setting that can't be a variable is named in the log, without its
# value. Needs awk: any will do.

# export_settings FILE: exports what the file holds, YAML from compat or JSON from scripts/embassy.js. If there's no file
# yet, it exports nothing, and the service starts with its defaults.
export_settings() {
  [ -f "$1" ] || return 0
  settings_read=$(LC_ALL=C awk "$settings_reader" "$1") ||
    echo "$1: awk can't read it, so the service starts without these settings" >&2
  # Each line is a variable, with its value escaped for printf, or a message.
  while IFS= read -r settings_line; do
    case $settings_line in
      SETTING_*)
        # The dot keeps line breaks at the end.
        settings_value=$(printf '%b.' "${settings_line#*=}")
        export "${settings_line%%=*}=${settings_value%.}" ;;
      ?*) printf '%s: %s\n' "$1" "${settings_line#!}" >&2 ;;
    esac
  done <<END
$settings_read
END
  unset settings_read settings_line settings_value
}

# The dollar signs are awk's.
# shellcheck disable=SC2016
settings_reader='
# Reads YAML in block style, and JSON. Text is kept as printf %b wants it: backslashes doubled, line breaks as \n.
{ sub(/\r$/, ""); line[NR] = $0 }
END {
  quote = "\047"
  lines = NR
  at = 1
  while (at <= lines && line[at] ~ /^[ \t]*$/) at++
  if (line[at] ~ /^[ \t]*[{]/) json()
  else block(0, "SETTING")
  if (at <= lines) complain("SETTING", "cannot be read from line " at " on")
}

function complain(name, what) { print "!" name ": " what }

function escape(text) { gsub(/\\/, "&&", text); return text }

# Prints a variable. The kernel limits how long one can be, and all of them together.
function found(name, text) {
  if (bad != "") complain(name, "not passed on: " bad)
  else if (name in seen) complain(name, "two settings have this name: only the first is passed on")
  else if (length(text) > 100000 || total + length(text) > 1000000) complain(name, "not passed on: it is too long")
  else { print name "=" text; total += length(text) }
  seen[name] = 1
  bad = ""
}

function child(name, key) {
  gsub(/\\0[0-7][0-7][0-7]|\\[\\n]|[^A-Za-z0-9]/, "_", key)
  bad = ""
  return name "_" toupper(key)
}

# ---- Block style: `at` is the line to read next

function depth(number) { match(line[number], /^ */); return RLENGTH }

function skip() { while (at <= lines && line[at] ~ /^ *(#|$)|^(---|[.][.][.])[ \t]*$/) at++ }

# Reads what is indented by at least `least`: a list, a map, or one value.
function block(least, name,   indent, count, text, key, start) {
  skip()
  indent = depth(at)
  if (at > lines || indent < least) return 0
  text = substr(line[at], indent + 1)
  if (text ~ /^-( |$)/) {
    for (count = 0; at <= lines && depth(at) == indent && substr(line[at], indent + 1) ~ /^-( |$)/; count++) {
      line[at] = substr(line[at], 1, indent) " " substr(line[at], indent + 2)
      # The rest of the line, or the lines below.
      block(indent + 1, name "_" count)
      skip()
    }
    found(name, count)
    return 1
  }
  if (text !~ /^[?] / && !is_key(text)) { scalar(text, least - 1, name); return 1 }
  while (at <= lines && depth(at) == indent) {
    text = substr(line[at], indent + 1)
    if (text ~ /^-( |$)/) break
    if (text ~ /^[?] / || !is_key(text)) {
      complain(name, "not passed on: line " at " is not a setting that this can read")
      give_up(indent)
    } else {
      key = child(name, key_text)
      if (rest ~ /^[ \t]*(#.*)?$/) {
        at++
        skip()
        # compat does not indent lists.
        start = at <= lines && depth(at) == indent && line[at] ~ /^ *-( |$)/ ? indent : indent + 1
        block(start, key)
      } else scalar(rest, indent, key)
    }
    skip()
  }
  return 1
}

# Goes to the next line at this depth, or above it.
function give_up(indent) { do at++; while (at <= lines && (depth(at) > indent || line[at] ~ /^ *$|^ *: |^(\302\205|\342\200[\250\251])/)) }

# Whether text begins with a key. Sets key_text, and rest to what follows.
function is_key(text) {
  if (text ~ /^"/) { rest = substr(text, 2); key_text = double_quoted() }
  else if (text ~ /^\047/) { rest = substr(text, 2); key_text = single_quoted() }
  else {
    if (!match(text, /:( |$)/)) return 0
    key_text = escape(substr(text, 1, RSTART - 1))
    rest = substr(text, RSTART)
  }
  if (rest !~ /^ *:( |$)/) return 0
  sub(/^ *: */, "", rest)
  return 1
}

# Reads a value. `parent` is how deep its key or dash is.
function scalar(text, parent, name) {
  bad = ""
  sub(/[ \t]+$/, "", text)
  if (text ~ /^[|>][-+0-9]*( +#.*)?$/) { literal(text, parent, name); return }
  if (text ~ /^"/) { rest = substr(text, 2); text = double_quoted() }
  else if (text ~ /^\047/) { rest = substr(text, 2); text = single_quoted() }
  else {
    rest = ""
    sub(/[ \t]+#.*$/, "", text)
    if (text == "[]") text = 0
    else if (text == "{}" || text ~ /^(~|null|Null|NULL)$/) { at++; return }
    else if (text ~ /^[][{}&*!|>%@`,]/) bad = "line " at " is a kind of value that this cannot read"
    else text = escape(text)
  }
  if (rest !~ /^[ \t]*(#.*)?$/ || (at < lines && line[at + 1] ~ /^ *[^ #]/ && depth(at + 1) > parent)) {
    bad = "line " at " is a kind of value that this cannot read"
    give_up(parent)
  } else at++
  found(name, text)
}

# Reads a text over several lines, which begins with | or >.
function literal(header, parent, name,   keep, indent, text, breaks, content, last) {
  keep = header ~ /[+]/ ? 2 : header !~ /-/
  if (match(header, /[1-9]/)) indent = parent + substr(header, RSTART, 1)
  for (at++; at <= lines; at++) {
    if (line[at] ~ /^ *$/) {
      content = indent ? substr(line[at], indent + 1) : ""
    } else {
      if (!indent) { indent = depth(at); if (indent <= parent) break }
      if (depth(at) < indent) break
      content = substr(line[at], indent + 1)
    }
    if (content == "") { breaks = breaks "\\n"; continue }
    # > joins lines with a space, unless one of them is indented.
    if (last != "" && header ~ /^>/ && content !~ /^[ \t]/ && last !~ /^[ \t]/) {
      text = text (breaks == "\\n" ? " " : substr(breaks, 3))
    } else text = text breaks
    text = text escape(unindented(content, indent))
    last = content
    breaks = "\\n"
  }
  if (keep == 2) text = text breaks
  else if (keep == 1 && last != "") text = text "\\n"
  found(name, text)
}

# serde_yaml indents what follows the line breaks of Unicode too.
function unindented(content, indent,   text, spaces) {
  text = ""
  while (match(content, /\302\205|\342\200\250|\342\200\251/)) {
    text = text substr(content, 1, RSTART + RLENGTH - 1)
    content = substr(content, RSTART + RLENGTH)
    match(content, /^ */)
    spaces = RLENGTH < indent ? RLENGTH : indent
    content = substr(content, spaces + 1)
  }
  return text content
}

# ---- Quoted text: `rest` is what follows the first quote, and then what follows the last one

function single_quoted(   text, end) {
  text = ""
  while (end = index(rest, quote)) {
    text = text substr(rest, 1, end - 1)
    rest = substr(rest, end + 1)
    if (substr(rest, 1, 1) != quote) return escape(unindented(text, 100000))
    text = text quote
    rest = substr(rest, 2)
  }
  bad = "line " at " is a kind of value that this cannot read"
  return ""
}

function double_quoted(   text, letter, code, plain) {
  text = ""
  while (match(rest, /["\\]/)) {
    text = text substr(rest, 1, RSTART - 1)
    letter = substr(rest, RSTART, 2)
    if (letter ~ /^"/) { rest = substr(rest, RSTART + 1); return text }
    letter = substr(letter, 2)
    rest = substr(rest, RSTART + 2)
    if (letter ~ /[xuU]/) {
      code = digits(letter == "x" ? 2 : letter == "u" ? 4 : 8)
      # JSON writes most emoji as two halves.
      if (code >= 55296 && code < 56320 && rest ~ /^\\u[dD][c-fC-F]/) {
        rest = substr(rest, 3)
        code = 65536 + (code - 55296) * 1024 + digits(4) - 56320
      }
      text = text unicode(code)
    } else if (letter == "n") text = text "\\n"
    else if (letter == "\\") text = text "\\\\"
    else if (letter ~ /["\/ \t]/) text = text letter
    else if (plain = index("0abtvfreN_LP", letter)) {
      text = text unicode(substr("    0    7    8    9   11   12   13   27  133  160 8232 8233", plain * 5 - 4, 5) + 0)
    } else bad = "it has an escape that this cannot read"
  }
  bad = "line " at " is a kind of value that this cannot read"
  return ""
}

function digits(count,   value, i) {
  value = 0
  for (i = 1; i <= count; i++) value = value * 16 + index("123456789abcdef", tolower(substr(rest, i, 1)))
  rest = substr(rest, count + 1)
  return value
}

# A character, as the octal numbers of its bytes in UTF-8.
function unicode(code) {
  if (code == 0) bad = "a variable cannot hold a zero byte"
  if (code >= 55296 && code < 57344) bad = "it has half a character"
  if (code < 128) return octal(code)
  if (code < 2048) return octal(192 + int(code / 64)) octal(128 + code % 64)
  if (code < 65536) return octal(224 + int(code / 4096)) octal(128 + int(code / 64) % 64) octal(128 + code % 64)
  return octal(240 + int(code / 262144)) octal(128 + int(code / 4096) % 64) octal(128 + int(code / 64) % 64) octal(128 + code % 64)
}

function octal(byte) { return sprintf("\\0%03o", byte) }

# ---- JSON: `rest` is what is left to read

function json(   i) {
  rest = ""
  for (i = at; i <= lines; i++) rest = rest line[i] "\n"
  json_value("SETTING")
  spaces()
  at = rest == "" && !broken ? lines + 1 : 1
}

function spaces() { sub(/^[ \t\r\n]+/, "", rest) }

function take(text) {
  spaces()
  if (substr(rest, 1, length(text)) != text) return 0
  rest = substr(rest, length(text) + 1)
  return 1
}

function json_value(name,   count, key) {
  if (take("{")) {
    if (take("}")) return
    do {
      if (!take("\"")) { broken = 1; return }
      key = child(name, double_quoted())
      if (!take(":")) { broken = 1; return }
      json_value(key)
    } while (!broken && take(","))
    if (!take("}")) broken = 1
  } else if (take("[")) {
    count = 0
    if (!take("]")) {
      do json_value(name "_" count++); while (!broken && take(","))
      if (!take("]")) broken = 1
    }
    if (!broken) found(name, count)
  } else if (take("\"")) { bad = ""; key = double_quoted(); found(name, key) }
  else if (match(rest, /^(true|false|null|[-+.0-9eE]+)/)) {
    key = substr(rest, 1, RLENGTH)
    rest = substr(rest, RLENGTH + 1)
    if (key != "null") found(name, key)
  } else broken = 1
}
'
