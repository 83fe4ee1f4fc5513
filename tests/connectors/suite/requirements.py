"""What DuckDB can do and what it cannot, as SQLAlchemy's tests ask for it."""

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

_CAN = property(lambda _: exclusions.open())
_CANNOT = property(lambda _: exclusions.closed())


class Requirements(SuiteRequirements):
    create_table_as = _CAN
    create_temp_table_as = _CAN
    table_ddl_if_exists = _CAN
    index_ddl_if_exists = _CAN
    uuid_data_type = _CAN
    table_value_constructor = _CAN
    boolean_col_expressions = _CAN
    nullsordering = _CAN
    intersect = _CAN
    except_ = _CAN
    window_functions = _CAN
    window_range_non_numeric = _CAN
    ctes = _CAN
    ctes_with_update_delete = _CAN
    ctes_with_values = _CAN
    ctes_on_dml = _CAN
    tuple_in = _CAN
    tuple_in_w_empty = _CAN
    views = _CAN
    temporary_views = _CAN
    create_or_replace_view = _CAN
    schemas = _CAN
    implicit_default_schema = _CAN
    sequences = _CAN
    temp_table_names = _CAN
    has_temp_table = _CAN
    comment_reflection = _CAN
    comment_reflection_full_unicode = _CAN
    temp_table_comment_reflection = _CAN
    view_column_reflection = _CAN
    indexes_with_expressions = _CAN
    reflect_indexes_with_expressions = _CAN
    check_constraint_reflection = _CAN
    unicode_ddl = _CAN
    datetime_interval = _CAN
    datetime_literals = _CAN
    datetime_timezone = _CAN
    timestamp_microseconds = _CAN
    datetime_historic = _CAN
    date_historic = _CAN
    binary_literals = _CAN
    autocommit = _CAN
    isolation_level = _CAN
    array_type = _CAN
    json_type = _CAN
    legacy_unconditional_json_extract = _CAN
    precision_numerics_enotation_small = _CAN
    precision_numerics_many_significant_digits = _CAN
    server_defaults = _CAN
    expression_server_defaults = _CAN
    aggregate_order_by = _CAN
    infinity_floats = _CAN
    update_from = _CAN
    delete_from = _CAN
    mod_operator_as_percent_sign = _CAN
    percent_schema_names = _CAN
    order_by_label_with_expression = _CAN
    computed_columns = _CAN
    computed_columns_virtual = _CAN
    supports_distinct_on = _CAN
    regexp_match = _CAN
    regexp_replace = _CAN
    fetch_first = _CAN
    fetch_no_order_by = _CAN
    fetch_expression = _CAN
    supports_bitwise_or = _CAN
    supports_bitwise_and = _CAN
    supports_bitwise_not = _CAN
    supports_bitwise_xor = _CAN
    supports_bitwise_shift = _CAN
    precision_numerics_retains_significant_digits = _CAN

    # DuckDB has names of its own for constraints, whatever is written.
    named_constraints = _CANNOT
    # An order in an index is forgotten.
    reflect_indexes_with_ascdesc = _CANNOT
    # REFERENCES takes no ON UPDATE and no ON DELETE.
    on_update_cascade = _CANNOT
    recursive_fk_cascade = _CANNOT
    # There is no GENERATED AS IDENTITY: a sequence stands for it, and is read back as a default.
    identity_columns = _CANNOT
    # No statement tells of the last key but with RETURNING.
    implements_get_lastrowid = _CANNOT
    # Rows without ORDER BY come in any order, and the tests take them to be ordered.
    window_range = _CANNOT
    window_range_numeric = _CANNOT
    # Numbers in JSON are doubles.
    cast_precision_numerics_many_significant_digits = _CANNOT
