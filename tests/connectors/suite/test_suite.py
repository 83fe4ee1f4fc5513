"""The tests that SQLAlchemy has for every dialect: `pytest --dburi sqlml:////tmp/s.duckdb` here."""

from typing import Any

from sqlalchemy.testing import suite
from sqlalchemy.testing.suite import *  # noqa: F403

_CONSTRAINTS = ("constrained_columns", "sqltext", "column_names")


class JoinTest(suite.JoinTest):
    """DuckDB checks a foreign key against rows that the transaction has deleted already."""

    run_create_tables = "each"
    run_deletes = None


class CTETest(suite.CTETest):
    """The same, for rows that refer to each other."""

    run_create_tables = "each"
    run_deletes = None


class ComponentReflectionTest(suite.ComponentReflectionTest):
    """DuckDB keeps no names of constraints: all else that is told of them is compared."""

    def _check_list(self, result: Any, exp: Any, *args: Any) -> None:
        super()._check_list(_nameless(result), _nameless(exp), *args)

    test_get_unique_constraints = None
    test_get_unique_constraints_quoted_name = None
    test_get_temp_table_unique_constraints = None
    test_get_pk_constraint_quoted_name = None
    test_get_pk_constraint = None
    test_get_foreign_keys_quoted_name = None
    test_reflect_table_temp_table = None


class ComponentReflectionTestExtra(suite.ComponentReflectionTestExtra):
    test_reflect_expression_based_indexes = None  # `coalesce` comes back as `COALESCE`
    test_string_length_reflection = None  # VARCHAR(52) is VARCHAR
    # These look for a constraint by its name.
    test_check_constraint_inline = None
    test_check_constraint_standalone = None
    test_check_constraint_mixed = None
    test_check_constraint_parenthesized_expressions = None


class LongNameBlowoutTest(suite.LongNameBlowoutTest):
    test_long_convention_name = None  # is about names of constraints


class IsolationLevelTest(suite.IsolationLevelTest):
    test_dialect_user_setting_is_restored = None  # needs two levels besides AUTOCOMMIT


def _nameless(found: Any) -> Any:
    """Constraints without their names, in the order of their columns."""
    if not found or not isinstance(found[0], dict):
        return found
    columns = next((key for key in _CONSTRAINTS if key in found[0]), None)
    if columns is None or "unique" in found[0]:
        return found
    nameless = [{key: one[key] for key in one if key != "name"} for one in found]
    return sorted(nameless, key=lambda one: str(one[columns]))
