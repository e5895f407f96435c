"""Which variables hold secrets: a rule on the words of a name, and a look at the value.

A miss writes a secret into a repository, and a false alarm costs a key press. So the rule leans to the false alarm.
"""

import re
import shlex
from collections.abc import Iterable

# Words that mean a secret, also at the end of a longer word such as dbpassword.
_SECRET = (
    "password", "passwd", "passphrase", "passwort", "pass", "pwd", "secret", "token", "key", "credential",
    "creds", "salt", "seed", "hmac", "mnemonic", "pepper", "htpasswd", "macaroon", "rpcauth",
)  # fmt: skip
# Words that mean one only at the end of a name, also before url, and pairs of words that do.
_AT_END = {"webhook", "cookie", "dsn"}
_PAIRS = {("basic", "auth"), ("access", "code"), ("auth", "code"), ("invite", "code"), ("registration", "code")}
_LONG = tuple(word for word in _SECRET if len(word) > 4)
_SHORT_ENDINGS = ("pass", "pwd", "key", "salt", "seed", "hmac", "creds")
# Words that only end like one.
_HARMLESS = {
    "bypass", "compass", "monkey", "turkey", "hockey", "whiskey", "keycloak", "basalt", "cobalt", "surpass", "trespass",
    "onkey", "hotkey", "subkey", "linseed",
}  # fmt: skip
# A name that ends in one of these says something about a secret.
_ABOUT = {
    "id", "ids", "file", "files", "path", "dir", "folder", "ttl", "expiry", "expires", "expiration", "lifetime", "age",
    "enabled", "enable", "disabled", "disable", "url", "uri", "endpoint", "header", "headers", "user", "username",
    "name", "names", "length", "size", "min", "max", "count", "limit", "type", "mode", "algorithm", "alg", "format",
    "timeout", "interval", "prefix", "suffix", "host", "port", "issuer", "audience", "policy", "method", "provider",
    "allowed", "required", "rotation", "days", "hours", "minutes", "seconds", "domain", "samesite", "secure", "column",
    "field", "scope", "scopes", "location", "bits", "version", "rounds", "cost", "hint", "strength", "verify", "uses",
    "realm", "registry", "manager", "bundle", "exchange",
}  # fmt: skip
# A number can be a password, but not one of the others.
_PASSWORD = ("password", "passwd", "passphrase", "pass", "pwd", "passwort", "secret", "mnemonic", "pin")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ENABLES = {"enable", "enabled", "disable", "disabled", "allow", "require", "use", "has", "no", "skip", "show", "hide"}

_BOOLEAN = {"true", "false", "yes", "no", "on", "off", "null", "none"}
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_DURATION = re.compile(r"([0-9]+(\.[0-9]+)?(ms|us|ns|s|m|h|d|w|y|min|sec|hours?|days?|minutes?|seconds?) ?)+", re.I)
_PATH = re.compile(r"(~|\.{1,2})?/[^\s:@]*|[A-Za-z]:\\\S*")
# A scheme is short, and a value can be long.
_WITH_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^/\s:@]{0,1000}:[^/\s@]{1,1000}@")
_ASSIGNED = re.compile(
    r"""(?ix) (^|[\s;&?,{"'\[_-]|[a-z]) (password|passwd|passphrase|pwd|secret|token|api_?key|access_?key|private_?key|
    secret_?key|hmac_?key|salt|rpcauth|requirepass|masterauth|mnemonic) ["']? \s* [:=] \s* ["']? [^\s"',;&}\]]{2,}"""
)
_SHAPES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{10,}\.[\w-]{10,}|\b(sk|rk|pk)_(live|test)_\w{8,}|\bsk-[\w-]{16,}|"
    r"\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abprs]-[\w-]{8,}|\bAKIA[0-9A-Z]{12,}|"
    r"\bAIza[\w-]{30,}|\$2[aby]\$[0-9]{2}\$|\$argon2\w*\$|\$apr1\$|\b[A-Fa-f0-9]{32,}\b|\bAGE-SECRET-KEY-"
)
# Options that take a secret: --password VALUE, -rpcpassword=VALUE, --requirepass VALUE, -pVALUE of MySQL's programs.
_OPTION = re.compile(r"--?([A-Za-z][A-Za-z0-9_.-]*)(=.*)?", re.DOTALL)
_ATTACHED = re.compile(r"-p\S+")
_MYSQL = re.compile(r"(^|/)(mysql|mariadb|mysqladmin|mariadb-admin|mysqldump|mariadb-dump|mysqlcheck)$")
_ASSIGNMENT = re.compile(r"(?s)([A-Za-z_][A-Za-z0-9_]*)=(.+)")


def words_of(name: str) -> list[str]:
    """Return the words of a name in lowercase, e.g. db and password for DB_PASSWORD and dbPassword."""
    return [word.lower() for word in _WORD.findall(name)]


def is_secret_name(name: str) -> bool:
    """Return whether a name says that its value is a secret."""
    words = [word for word in words_of(name) if not word.isdigit()]
    if not words or words[0] in _ENABLES:
        return False
    end = words[:-1] if words[-1] in ("url", "uri") else words
    if end and (end[-1] in _AT_END or tuple(end[-2:]) in _PAIRS):
        return True
    if words[-1] in _ABOUT:
        return False
    # Plurals, e.g. API_KEYS. The key of PUBLIC_KEY isn't secret, but a false alarm is cheap.
    return any(_is_secret_word(word) or _is_secret_word(word.removesuffix("s")) for word in words)


def is_secret(name: str, value: str, used: Iterable[str] = ()) -> bool:
    """Return whether a variable holds a secret. `used` are the variables that its value is made of."""
    if holds_secret(value):
        return True
    if is_secret_name(name):
        return not _is_harmless_value(name, value)
    # Made of another variable that holds one. Its own name says the same, unless it's about something else.
    return any(is_secret_name(other) for other in used) and not (
        words_of(name)[-1:] and words_of(name)[-1] in _ABOUT - {"url", "uri"}
    )


def holds_secret(value: str) -> bool:
    """Return whether a value has a secret in it, whatever its name is."""
    return bool(_WITH_PASSWORD.search(value) or _ASSIGNED.search(value) or _SHAPES.search(value))


def holds_assignment(value: str) -> bool:
    """Return whether a value has a secret with its name in it, e.g. `Host=db;Password=app`."""
    return bool(_ASSIGNED.search(value))


def secret_in_command(words: Iterable[str], unset: Iterable[str] = ()) -> str:
    """Return the name of the option or variable that has a secret in a command, or an empty text."""
    program, before = "", ""
    for word in words:
        option, assigned = _OPTION.fullmatch(word), _ASSIGNMENT.fullmatch(word)
        if option and is_secret_name(option[1]) and len(option[2] or "") > 1 and not _is_harmless_value(*_pair(option)):
            return f"-{option[1]}" if len(option[1]) == 1 else option[1]
        if assigned and is_secret(assigned[1], assigned[2]):
            return assigned[1]
        if before and not word.startswith("-") and not _is_harmless_value(before, word):
            return before
        if _MYSQL.search(program) and _ATTACHED.fullmatch(word):
            return "-p"
        if holds_secret(word):
            return "a secret"
        before = option[1] if option and not option[2] and is_secret_name(option[1]) else ""
        program = program or word
    return next((name for name in unset if is_secret_name(name)), "")


def secret_in_text(command: str) -> str:
    """Return the name of the option or variable that has a secret in a command line, or an empty text."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    return secret_in_command([*words, command])


def without_user(url: str) -> str:
    """Return a URL without a user's name and password."""
    return re.sub(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/\s]*@", r"\1", url)


def _pair(option: re.Match[str]) -> tuple[str, str]:
    return option[1], option[2].removeprefix("=")


def _is_secret_word(word: str) -> bool:
    if word in _HARMLESS:
        return False
    return word in _SECRET or word.endswith(_LONG) or (len(word) > 5 and word.endswith(_SHORT_ENDINGS))


def _is_harmless_value(name: str, value: str) -> bool:
    """Return whether a value is none of those that a secret can have: a switch, a number, a duration or a path."""
    text = value.strip()
    if text.lower() in _BOOLEAN:
        return True
    if _NUMBER.fullmatch(text):
        return len(text) < 4 or not any(word.endswith(_PASSWORD) for word in words_of(name))
    return bool(text and (_DURATION.fullmatch(text) or _PATH.fullmatch(text)))
