"""What to do about a secret: make a random value, put it into an address, make a key, or ask people for it."""

import re

from startos_wrapper.new.upstream.secret_names import holds_assignment, words_of

# Words of accounts that people have elsewhere, with credentials that nobody can invent.
_ACCOUNTS = {
    "smtp", "mail", "mailer", "email", "imap", "stripe", "paypal", "twilio", "sendgrid", "mailgun", "postmark",
    "mailjet", "ses", "aws", "s", "gcs", "gcp", "azure", "google", "github", "gitlab", "bitbucket", "oauth", "oidc",
    "saml", "openid", "ldap", "openai", "anthropic", "gemini", "mistral", "groq", "openrouter", "huggingface",
    "deepl", "discord", "telegram", "slack", "twitter", "facebook", "apple", "microsoft", "spotify", "lastfm",
    "tmdb", "tvdb", "maxmind", "geoip", "mapbox", "sentry", "datadog", "recaptcha", "hcaptcha", "turnstile",
    "cloudflare", "digitalocean", "dropbox", "backblaze", "wasabi", "pushover", "patreon", "coinbase", "webhook",
    "license", "apikey", "apikeys", "btcpay", "alby",
}  # fmt: skip
# The same at the end of a name.
_ENDS = {
    ("api", "key"), ("api", "keys"), ("api", "token"), ("api", "tokens"), ("api", "secret"), ("client", "secret"),
    ("bot", "token"), ("access", "key"), ("access", "token"), ("app", "password"), ("rpc", "password"), ("rpc", "pass"),
    ("rpc", "user"),
}  # fmt: skip
# The service's own, whatever else the name says.
_OWN = {
    "jwt",
    "session",
    "cookie",
    "csrf",
    "encryption",
    "encrypt",
    "signing",
    "salt",
    "pepper",
    "hmac",
    "root",
    "admin",
}
_OF_ACCOUNT = re.compile(
    r"^(smtps?|imaps?|s3|ldaps?)://|\b(sk|rk|pk)_(live|test)_|\bsk-\w|\bgh[pousr]_|\bgithub_pat_|\bglpat-|\bxox[abprs]-|"
    r"\bAKIA[0-9A-Z]|\bAIza"
)
# Keys and hashes that only their own program makes.
_SHAPED = {
    "private", "public", "vapid", "ssh", "tls", "ssl", "pem", "cert", "certificate", "gpg", "wireguard", "mnemonic",
    "seed", "htpasswd", "rpcauth", "macaroon",
}  # fmt: skip
_MADE = re.compile(r"-----BEGIN |\$2[aby]\$|\$argon2|\$apr1\$")
_UPPER = {
    "api",
    "db",
    "jwt",
    "smtp",
    "url",
    "uri",
    "id",
    "aws",
    "ssh",
    "tls",
    "rpc",
    "sql",
    "hmac",
    "vapid",
    "otp",
    "oidc",
}
_WHOLE = {"pass": "password", "pwd": "password", "passwd": "password", "creds": "credentials"}


def kind_of_secret(name: str, value: str) -> str:
    """Return where a secret comes from: `account` elsewhere, `address` with it, `shaped` by a tool, or `random`."""
    words = words_of(name)
    letters = [word for word in words if not word.isdigit()]
    end = letters[:-1] if letters[-1:] in (["url"], ["uri"]) else letters
    # The words of S3_SECRET are s, 3 and secret.
    accounts = _ACCOUNTS if "3" in words else _ACCOUNTS - {"s"}
    if _OF_ACCOUNT.search(value) or (not set(words) & _OWN and (set(words) & accounts or tuple(end[-2:]) in _ENDS)):
        return "account"
    if _MADE.search(value) or set(words) & _SHAPED:
        return "shaped"
    if "://" in value or letters[-1:] == ["dsn"] or end != letters or holds_assignment(value):
        return "address"
    return "random"


def todo_of_secret(name: str, value: str) -> str:
    """Return what to do about a secret of the service itself."""
    kind = kind_of_secret(name, value)
    if kind == "account":
        # The same text for all of them, so that a list shows them as one.
        return (
            "people have it from elsewhere: ask for it in a masked setting, with -d config=compat, and export it in "
            "docker_entrypoint.sh, or leave it out"
        )
    if kind == "shaped":
        return "a random value won't do: make it with its own tool in docker_entrypoint.sh, and export it"
    if kind == "address":
        return "set it in docker_entrypoint.sh, with a password of the answer secrets in it, or leave it out"
    title = title_of_secret(name)
    return f"make it at the first start: -d 'secrets={{{name}: {{name: {title}, show: false}}}}', or leave it out"


def title_of_secret(name: str) -> str:
    """Return a name that people can read, e.g. `N8N encryption key` for N8N_ENCRYPTION_KEY."""
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", name) if part]
    # dbPassword, but not N8N.
    words = [word for part in parts for word in (words_of(part) if re.search("[a-z][A-Z]", part) else [part.lower()])]
    shown = [word.upper() if word in _UPPER or re.search(r"[0-9]", word) else _WHOLE.get(word, word) for word in words]
    text = " ".join(shown)
    return text[:1].upper() + text[1:] or name
