"""Which variables, addresses and commands hold a secret."""

import pytest

from startos_wrapper.new.upstream.secret_names import holds_secret, is_secret, secret_in_command, without_user, words_of


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "hunter22"), ("POSTGRES_PASSWORD", ""), ("PAPERLESS_DBPASS", "x"), ("dbPassword", "x"),
        ("APP_SECRET", "x"), ("SECRET_KEY_BASE", "x"), ("JWT_SECRET", "x"), ("API_KEY", "x"), ("apikey", "x"),
        ("API_KEYS", "x"), ("RPC_PASS", "x"), ("ROOT_PWD", "x"), ("BOT_TOKEN", "123:abc"), ("SESSION_SALT", "x"),
        ("WALLET_SEED", "x"), ("MNEMONIC", "x"), ("S3_CREDENTIALS", "x"), ("ADMIN_CREDS", "x"), ("PEPPER", "x"),
        ("SLACK_WEBHOOK_URL", "https://hooks.example.com/a/b"), ("BASIC_AUTH", "me:x"), ("ACCESS_CODE", "x"),
        # A number is a password, if the name says password.
        ("MYSQL_ROOT_PASSWORD", "123456"),
        # The value says it.
        ("DATABASE_URL", "postgres://app:app@db:5432/app"), ("REDIS_URL", "redis://:pw@redis:6379"), ("DSN", "x"),
        ("CONNECTION", "Host=db;Username=app;Password=app"), ("CONFIG", "db:\n  user: app\n  password: app\n"),
        ("EXTRA", '{"token": "abcdef"}'), ("CERT", "-----BEGIN PRIVATE KEY-----\nMII"), ("X", "9f86d081884c7d659a2feaa0c55ad015"),
        ("AUTH", "admin:$2y$10$abcdefghijklmnopqrstuv"), ("LOGIN", "ghp_0123456789abcdefghijklmn"),
    ],
)  # fmt: skip
def test_a_secret_is_found(name: str, value: str) -> None:
    assert is_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_USER", "app"), ("AUTH_MODE", "password"), ("PASSWORD_FILE", "/run/secrets/x"), ("TOKEN_TTL", "3600"),
        ("SECRET_PATH", "/data"), ("API_KEY_HEADER", "X-Key"), ("KEY_ID", "main"), ("ENABLE_PASSWORD_LOGIN", "true"),
        ("PASSWORD_LOGIN", "false"), ("TLS_KEY", "/certs/key.pem"), ("TOKEN_LIFETIME", "7d"), ("SESSION_KEY", "24h"),
        ("MAX_TOKENS", "2048"), ("KEYCLOAK_REALM", "x"), ("MONKEY", "x"), ("COMPASS", "x"), ("LOG_LEVEL", "info"),
        ("SITE_URL", "https://example.com/a:b"), ("TITLE", "What is a password?"), ("PORT", "8080"), ("A", ""),
        ("WEBHOOK_MAX_ATTEMPTS", "x"), ("COOKIE_SAMESITE", "lax"), ("COUNTRY_CODE", "de"), ("ALLOWED_HOSTS", "*"), ("TOKEN_ISSUER", "me"), ("PASS_COUNT", "3"),
    ],
)  # fmt: skip
def test_something_else_is_no_secret(name: str, value: str) -> None:
    assert not is_secret(name, value)


def test_a_value_made_of_a_secret_variable_is_one() -> None:
    assert is_secret("LOGIN", "", ["ADMIN_PASSWORD"])
    assert is_secret("DATABASE_URL", "postgres://db", ["DB_PASSWORD"])
    assert not is_secret("LOGIN_FILE", "", ["ADMIN_PASSWORD"])
    assert not is_secret("LOGIN", "", ["ADMIN_NAME"])


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["app", "--password", "hunter2"], "password"),
        (["app", "--password=hunter2"], "password"),
        (["bitcoind", "-rpcpassword=hunter2"], "rpcpassword"),
        (["bitcoind", "-rpcauth=me:salt$hash"], "rpcauth"),
        (["redis-server", "--requirepass", "hunter2"], "requirepass"),
        (["env", "PGPASSWORD=hunter2", "app"], "PGPASSWORD"),
        (["mysqladmin", "ping", "-phunter2"], "-p"),
        (["app", "--url", "http://me:hunter2@host"], "a secret"),
        (["sh", "-c", "app --token=hunter2 --x"], "a secret"),
        (["app", "--password-file", "/x"], ""),
        (["app", "--api-key=/data/key"], ""),
        (["app", "-p8080"], ""),
        (["app", "--verbose"], ""),
    ],
)
def test_a_secret_in_a_command_is_named(words: list[str], found: str) -> None:
    assert secret_in_command(words) == found


def test_a_variable_in_a_command_can_be_one() -> None:
    assert secret_in_command(["app"], ["DB_PASSWORD"]) == "DB_PASSWORD"
    assert secret_in_command(["app"], ["DB_NAME"]) == ""


def test_a_url_loses_its_user() -> None:
    assert without_user("https://me:token@github.com/a/b") == "https://github.com/a/b"
    assert without_user("https://github.com/a/b@c") == "https://github.com/a/b@c"


def test_a_plain_value_holds_none() -> None:
    assert not holds_secret("https://example.com:8080/path?x=1")
    assert words_of("myAppURL_v2") == ["my", "app", "url", "v", "2"]
