"""SQLAlchemy's own tests of dialects, as it wants them to be run.

Of the hundreds of ways to ask about many tables at once, which it answers by asking about each,
every fourth; `SQLML_SUITE=whole` has all of them.
"""

import os

import pytest
from sqlalchemy import Engine
from sqlalchemy.dialects import registry

for name in ("sqlml", "sqlml.sqlml"):
    registry.register(name, "sqlml.connectors.sqlalchemy", "SqlmlDialect")
registry.register("sqlml.postgresql", "sqlml.connectors.sqlalchemy", "ServerDialect")
pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

from sqlalchemy.testing import provision  # noqa: E402
from sqlalchemy.testing.plugin import pytestplugin  # noqa: E402
from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402, F403


@provision.temp_table_keyword_args.for_db("sqlml")
def _temporary(cfg: object, engine: object) -> dict[str, list[str]]:
    return {"prefixes": ["TEMPORARY"]}


@provision.post_configure_engine.for_db("sqlml")
def _with_schemas(url: object, engine: Engine, follower_ident: object) -> None:
    """Make the schemas that the tests take to be there."""
    with engine.begin() as connection:
        for schema in ("test_schema", "test_schema_2"):
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    pytestplugin.pytest_collection_modifyitems(session, config, items)
    if os.environ.get("SQLML_SUITE") != "whole":
        many = [item for item in items if item.name.startswith("test_get_multi_")]
        left_out = {*many} - {*many[::4]}
        items[:] = [item for item in items if item not in left_out]
