"""What is written down of a program holds no passwords."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlml.grammar.secrets import without_secrets
from sqlml.session import connect


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (
            "CREATE OR REPLACE PERSISTENT SECRET s (TYPE s3, KEY_ID 'AKIA', SECRET 'h''ush');",
            "CREATE OR REPLACE PERSISTENT SECRET s (TYPE s3, KEY_ID '***', SECRET '***');",
        ),
        (
            "SET s3_secret_access_key = 'hush'; SELECT 'a'",
            "SET s3_secret_access_key = '***'; SELECT 'a'",
        ),
        (
            "ATTACH 'host=h user=u password=hush dbname=d' AS p (TYPE postgres)",
            "ATTACH 'host=h user=u password=*** dbname=d' AS p (TYPE postgres)",
        ),
        ("ATTACH 'postgres://u:hush@h/d' AS p", "ATTACH 'postgres://u:***@h/d' AS p"),
        (
            "CREATE JOB j SCHEDULE '@daily' AS BEGIN CREATE SECRET s (SECRET 'hush'); END",
            "CREATE JOB j SCHEDULE '@daily' AS BEGIN CREATE SECRET s (SECRET '***'); END",
        ),
        (
            "SELECT * FROM postgres_query('PWD=hush', 'x')",
            "SELECT * FROM postgres_query('PWD=***', 'x')",
        ),
        (
            "SELECT secret, 'kept' FROM passwords -- token",
            "SELECT secret, 'kept' FROM passwords -- token",
        ),
        ("FROM 'https://example.org/a:b.csv'", "FROM 'https://example.org/a:b.csv'"),
    ],
)
def test_passwords_are_hidden_and_nothing_else(written: str, shown: str) -> None:
    assert without_secrets(written) == shown


@given(st.text(), st.sampled_from(["", "CREATE SECRET s ('a", "SET token = 'a", "'pwd="]))
def test_any_text_can_be_written_down_and_hidden_once_is_hidden(text: str, before: str) -> None:
    hidden = without_secrets(before + text)
    assert without_secrets(hidden) == hidden
    assert before or "'" in text or '"' in text or "$" in text or hidden == text


def test_the_store_keeps_no_passwords() -> None:
    with connect(":memory:") as session:
        session.run("CREATE SECRET s (TYPE http, BEARER_TOKEN 'hush'); SELECT 1 AS a")
        told = session.database.table("SELECT * FROM sqlml_runs").to_pylist()
        told += session.database.table("SELECT * FROM sqlml_steps").to_pylist()
    assert "CREATE SECRET" in str(told)
    assert "hush" not in str(told)
