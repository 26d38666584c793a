from __future__ import annotations

import json
from pathlib import Path

import pytest

from desktop.bridge.redaction import HIDDEN, Redactor, known_secrets

CANARY = "c4n4ryV4lue9"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    "text",
    [
        f"https://ada:{CANARY}@host:5000/x",
        f"postgresql+psycopg2://ada:{CANARY}@db/mlflow",
        f"https://{CANARY}@github.com/a/b",
        f"https://ada:p@ss{CANARY}@host/x",
        f"https://ada:with/{CANARY}@host/x",
        f"password={CANARY}",
        f"--password {CANARY}",
        f"DB_PASSWORD: {CANARY}",
        f"mlflow_tracking_token = '{CANARY}'",
        f'{{"api_key": "{CANARY}"}}',
        json.dumps({"line": json.dumps({"secret": CANARY})}),
        f"Authorization: Bearer {CANARY}",
        f"authorization=Basic {CANARY}==",
        f"-H 'Authorization: token {CANARY}'",
        f"GET /x?sig={CANARY}&a=1",
        f"s3://b?X-Amz-Signature={CANARY}",
        f"https://hooks.slack.com/services/T0/B0/{CANARY}",
        f"https://discord.com/api/webhooks/1/{CANARY}",
        f"hf_{CANARY}{CANARY}",
        f"ghp_{CANARY}{CANARY}",
        f"sk-{CANARY}{CANARY}",
        f"AWS_SESSION_TOKEN={CANARY}",
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{CANARY}\n-----END OPENSSH PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}",
        f"connect(password='{CANARY}', user='ada')",
        f"Cookie: session={CANARY}",
    ],
)
def test_that_a_secret_is_taken_out_of_a_text(text: str) -> None:
    redacted = Redactor().text(text)

    assert CANARY not in redacted
    assert HIDDEN in redacted


@pytest.mark.parametrize("text", ["AKIAIOSFODNN7EXAMPLE", AWS_SECRET, f"key {AWS_SECRET}, used"])
def test_that_keys_are_known_by_their_form(text: str) -> None:
    assert Redactor().text(text).replace(HIDDEN, "").strip(" ,usedky") == ""


@pytest.mark.parametrize(
    "text",
    [
        "epoch 3/10, loss 0.25, 1,024 images/s",
        "/srv/data/classification_sign_digits/train/0/IMG_1118.JPG",
        "commit 02679376f1b2c3d4e5f60718293a4b5c6d7e8f90",
        "http://127.0.0.1:5000/#/experiments/1/runs/2",
        'File "model.py", line 12, in build',
    ],
)
def test_that_innocent_texts_stay_as_they_are(text: str) -> None:
    assert Redactor().text(text) == text


def test_that_what_stands_beside_a_secret_stays_readable() -> None:
    assert Redactor().text("user=ada password=hunter22 port=5432") == f"user=ada password={HIDDEN} port=5432"


def test_that_known_values_are_found_in_any_form() -> None:
    redactor = Redactor(["p@ss word/1"])

    for shape in ("p@ss word/1", "p%40ss%20word%2F1"):
        assert redactor.text(f"it was {shape}.") == f"it was {HIDDEN}."


def test_that_secrets_are_collected_from_settings_and_environment() -> None:
    settings = {
        "tracking": {"uri": "https://ada:inTheUri@host"},
        "notifications": {"webhook": "https://example.org/inTheHook"},
        "other": ["no", 3],
    }
    environment = {"MY_TOKEN": "inTheEnvironment", "PWD": "/srv/project", "HOME": "/home/ada"}

    found = known_secrets(settings, environment)

    assert sorted(found) == ["https://example.org/inTheHook", "inTheEnvironment", "inTheUri"]


def test_that_settings_keep_their_shape_without_their_secrets() -> None:
    values = {
        "appearance": {"theme": "dark"},
        "a": {"token": "x", "list": ["https://u:p@h"], "n": 3, "none": None},
    }

    assert Redactor().settings(values) == {
        "appearance": {"theme": "dark"},
        "a": {"token": HIDDEN, "list": [f"https://{HIDDEN}@h"], "n": 3, "none": None},
    }


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("/data/ada/pictures", "~/pictures"),
        ("/data/ada", "~"),
        ("/data/adam/pictures", "/data/adam/pictures"),
        ("/home/bob/x", "~/x"),
        ("/Users/bob/x y", "~/x y"),
        (r"C:\Users\Bob\x", r"~\x"),
        ('{"path": "C:\\\\Users\\\\Bob\\\\x"}', '{"path": "~\\\\x"}'),
    ],
)
def test_that_home_folders_become_a_tilde(text: str, redacted: str) -> None:
    assert Redactor(home=Path("/data/ada")).text(text) == redacted
