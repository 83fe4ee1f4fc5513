import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("sql", "loaded"),
    [("SELECT 1", []), ("FROM t TO PREDICT USING m", ["lark"])],
)
def test_a_program_loads_only_the_parsers_that_it_needs(sql: str, loaded: list[str]) -> None:
    script = (
        "import sys\n"
        "from sqlml.grammar.parser import parse\n"
        "from sqlml.source import Source\n"
        f"parse(Source('f', {sql!r}))\n"
        "print([name for name in ('lark', 'sqlglot') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(loaded)
