"""What to do about a secret, by where it comes from."""

from pathlib import Path

import pytest

from startos_wrapper.new.upstream.secret_advice import kind_of_secret, title_of_secret
from tests.new.upstream.proposals import proposal_of


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("random", "DB_PASSWORD", "x"), ("random", "SECRET_KEY_BASE", "x"), ("random", "JWT_SECRET", "x"),
        ("random", "N8N_ENCRYPTION_KEY", ""), ("random", "ADMIN_PASSWORD", "x"), ("random", "MEILI_MASTER_KEY", "x"),
        ("random", "OAUTH2_COOKIE_SECRET", "x"), ("random", "DB_PASSWORD_3", "x"),
        ("account", "SMTP_PASS", "x"), ("account", "STRIPE_KEY", "sk_live_0123456789"), ("account", "API_TOKEN", "x"),
        ("account", "OPENAI_API_KEY", "x"), ("account", "S3_SECRET_KEY", "x"), ("account", "AWS_SECRET_ACCESS_KEY", "x"),
        ("account", "GOOGLE_CLIENT_SECRET", "x"), ("account", "BOT_TOKEN", "x"), ("account", "SENTRY_DSN", "https://a:b@c"),
        ("account", "MAILER", "smtp://me:x@mail.acme.org"), ("account", "SLACK_WEBHOOK_URL", "https://a"),
        ("account", "LOGIN", "ghp_0123456789abcdefghijklmn"), ("account", "CORE_RPC_PASSWORD", "x"),
        ("address", "DATABASE_URL", "postgres://me:x@db/x"), ("address", "CONNECTION", "Host=db;Password=app"),
        ("address", "DSN", "x"),
        ("shaped", "VAPID_PRIVATE_KEY", "x"), ("shaped", "AUTH", "me:$2y$10$abc"), ("shaped", "WALLET_SEED", "x"),
        ("shaped", "CA", "-----BEGIN PRIVATE KEY-----"),
    ],
)  # fmt: skip
def test_a_secret_comes_from_somewhere(kind: str, name: str, value: str) -> None:
    assert kind_of_secret(name, value) == kind


def test_the_advice_fits_the_secret(tmp_path: Path) -> None:
    environment = (
        "{SMTP_PASS: hunter22, API_TOKEN: hunter33, SESSION_KEY: hunter44, DATABASE_URL: 'postgres://a:hunter55@b/c'}"
    )
    text = f"services:\n  clock:\n    image: acme/clock:1.2.3\n    environment: {environment}\n"
    found = proposal_of(tmp_path, text)
    todo = {each.what: each.todo for each in found.decide if each.kind == "secret"}
    assert "config=compat" in todo["SMTP_PASS"]
    assert todo["SMTP_PASS"] == todo["API_TOKEN"]
    assert "-d 'secrets={SESSION_KEY: {name: Session key, show: false}}'" in todo["SESSION_KEY"]
    assert "with a password of the answer secrets in it" in todo["DATABASE_URL"]
    assert "hunter" not in repr(found.as_json())


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("N8N_ENCRYPTION_KEY", "N8N encryption key"), ("DB_PASS", "DB password"), ("dbPassword", "DB password"),
        ("JWT_SECRET", "JWT secret"), ("SECRET_KEY_BASE", "Secret key base"), ("S3_KEY", "S3 key"),
    ],
)  # fmt: skip
def test_a_secret_has_a_name_for_people(name: str, title: str) -> None:
    assert title_of_secret(name) == title
