import pytest

from sqlml.grammar.tokens import scan


def texts(sql: str, dialect: str = "duckdb") -> list[str]:
    return [token.text for token in scan(sql, dialect)]


def test_a_token_knows_its_place_in_the_whole_text() -> None:
    sql = "SELECT 'ä😀' ,\r\n\tx1 -- c\n FROM `t` /* c */ ; 1.5"
    assert all(sql[token.start : token.end] == token.text for token in scan(sql))
    assert texts(sql) == ["SELECT", "'ä😀'", ",", "x1", "FROM", "`t`", ";", "1.5"]


@pytest.mark.parametrize(
    "literal",
    [
        "'%;'",
        "'it''s;'",
        "''",
        '"a;b"',
        '"\\";"',
        '"a "" b"',
        "`a;``b`",
        "E'a\\';b'",
        "$$;$$",
        "$tag$ ; $$ ; $tag$",
        "$ä$;$ä$",
    ],
)
def test_a_literal_hides_what_it_holds(literal: str) -> None:
    assert texts(f"a{' '}{literal};b") == ["a", literal, ";", "b"]


@pytest.mark.parametrize("comment", ["-- c;\n", "/* ; */", "/* /* ; */ ; */", "-- c;\r", "/**/"])
def test_a_comment_is_a_space(comment: str) -> None:
    assert texts(f"a{comment}b") == ["a", "b"]


@pytest.mark.parametrize(
    "number", ["1", "1.5", ".5", "1e-3", "1E+3", "12.", "0.5e10", "18446744073709551615"]
)
def test_a_number_is_one_token(number: str) -> None:
    assert [(t.kind, t.text) for t in scan(f"({number},")][1] == ("number", number)


@pytest.mark.parametrize("opening", ["'", '"', "`", "/*", "$$", "$x$", "e'", "E'"])
def test_what_never_ends_is_the_last_token_and_begins_where_it_is_opened(opening: str) -> None:
    *_, last = scan(f"SELECT 1; SELECT {opening} ; FROM t")
    assert (last.kind, last.text, last.start) == ("unterminated", opening, 17)


def test_a_backslash_escapes_in_a_clause_but_not_in_duckdbs_sql() -> None:
    assert texts(r"SELECT '\'; x") == ["SELECT", r"'\'", ";", "x"]
    clause = r"SELECT 1 TO TRAIN m WITH a = 'it\'s;' ; SELECT '\'; x"
    assert r"'it\'s;'" in texts(clause)
    assert texts(clause)[-3:] == [r"'\'", ";", "x"]


def test_a_backslash_escapes_in_the_sql_of_dialects_that_say_so() -> None:
    assert texts(r"SELECT 'it\'s;'", "mysql") == ["SELECT", r"'it\'s;'"]
    assert texts("SELECT 1 # c;\n, 2", "mysql") == ["SELECT", "1", ",", "2"]
    assert texts("SELECT #1", "duckdb") == ["SELECT", "#", "1"]


def test_other_scripts_and_signs_are_letters() -> None:
    assert texts("SELECT größe, 列, 😀_x, ñ$1 FROM t") == [
        *["SELECT", "größe", ",", "列", ",", "😀_x", ",", "ñ$1", "FROM", "t"]
    ]


def test_spaces_of_every_kind_separate() -> None:
    assert texts("a\u00a0b\u3000c\ufeffd\u200be\x0bf") == list("abcdef")


@pytest.mark.parametrize("hard", ['"\\', "'", "$a$ $b$ ", "/*", "e'", "''''", "`", '""\\"'])
def test_many_openings_take_linear_time(hard: str) -> None:
    # 200,000 of them would take hours if each were looked for from the beginning.
    assert list(scan(hard * 200_000))
