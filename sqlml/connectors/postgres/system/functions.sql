-- PostgreSQL's functions that DuckDB lacks, or has with another meaning.
CREATE MACRO version() AS 'PostgreSQL 15.0 (sqlml)';
CREATE MACRO current_schemas(implicit) AS CASE WHEN implicit THEN ['pg_catalog'] ELSE [] END
  || coalesce((SELECT list(sqlml_pg.main.shown(own.name)) FROM (SELECT unnest(system.main.current_schemas(false)) AS name) own), [sqlml_pg.main.current_schema()]);
CREATE MACRO on_path(schema_name) AS list_position(sqlml_pg.main.current_schemas(false), schema_name);
CREATE MACRO pg_backend_pid() AS coalesce(getvariable('sqlml_process')::INTEGER, 0);
CREATE MACRO current_setting(x, missing := false) AS sqlml_pg.main.own_setting(x);
CREATE MACRO set_config(x, value, is_local) AS value;
CREATE MACRO parse_ident(x) AS list_transform(
  regexp_extract_all(x, '"(?:[^"]|"")+"|[^".\s]+'),
  lambda part: CASE WHEN part LIKE '"%' THEN replace(part[2:-2], '""', '"') ELSE lower(part) END);
CREATE MACRO array_upper(x, dimension) AS CASE WHEN len(x) > 0 THEN len(x) END;
CREATE MACRO array_lower(x, dimension) AS CASE WHEN len(x) > 0 THEN 1 END;
CREATE MACRO array_remove(x, element) AS list_filter(x, lambda e: e IS DISTINCT FROM element);
CREATE MACRO _pg_expandarray(x) AS unnest(list_transform(x, lambda e, i: {'x': e, 'n': i}));
CREATE MACRO pg_get_keywords() AS TABLE
  SELECT keyword_name AS word, CASE keyword_category WHEN 'reserved' THEN 'R' WHEN 'unreserved' THEN 'U' WHEN 'column_name' THEN 'C' ELSE 'T' END AS catcode,
    true AS barelabel, keyword_category AS catdesc, 'can be bare label' AS baredesc FROM duckdb_keywords();
CREATE MACRO format_type(x, modifier) AS (SELECT min(own.written) FROM sqlml_pg.main.type_names own WHERE own.oid = x)
  || CASE WHEN x = 1700 AND modifier > 0 THEN '(' || ((modifier - 4) >> 16) || ',' || ((modifier - 4) & 65535) || ')' ELSE '' END;
CREATE MACRO pg_get_userbyid(x) AS CASE WHEN x = 10 THEN 'sqlml' WHEN x = 11 THEN sqlml_pg.main.user_name() ELSE 'unknown (OID=' || x || ')' END;
CREATE MACRO to_regtype(x) AS coalesce((SELECT min(own.oid) FROM sqlml_pg.main.pg_type own WHERE own.typname = x),
  (SELECT min(own.oid) FROM sqlml_pg.main.type_names own WHERE own.written = x));
CREATE MACRO to_regnamespace(x) AS (SELECT own.oid FROM sqlml_pg.main.pg_namespace own WHERE own.nspname = sqlml_pg.main.ident(x));
CREATE MACRO name_parts(x) AS [sqlml_pg.main.ident(own_part) FOR own_part IN regexp_extract_all(x, '"(?:[^"]|"")*"|[^.]+')];
CREATE MACRO to_regproc(x) AS coalesce(TRY_CAST(x AS BIGINT), (SELECT min(own.oid) FROM sqlml_pg.main.pg_proc own WHERE own.proname = sqlml_pg.main.name_parts(x::VARCHAR)[-1]));
CREATE MACRO from_regproc(x) AS CASE WHEN x = 0 THEN '-' ELSE coalesce((SELECT min(own.proname) FROM sqlml_pg.main.pg_proc own WHERE own.oid = x), x::VARCHAR) END;
CREATE MACRO to_regrole(x) AS (SELECT own.oid FROM sqlml_pg.main.pg_roles own WHERE own.rolname = sqlml_pg.main.ident(x));
CREATE MACRO to_regclass(x) AS coalesce(
  TRY_CAST(x AS BIGINT),
  (SELECT arg_min(own.oid, coalesce(sqlml_pg.main.on_path(own.schema_name), 0)) FROM sqlml_pg.main.relations own WHERE own.relname = sqlml_pg.main.name_parts(x::VARCHAR)[-1]
    AND CASE WHEN len(sqlml_pg.main.name_parts(x::VARCHAR)) > 1 THEN own.schema_name = sqlml_pg.main.shown(sqlml_pg.main.name_parts(x::VARCHAR)[-2])
      ELSE sqlml_pg.main.on_path(own.schema_name) IS NOT NULL END),
  (SELECT min(own.oid) FROM sqlml_pg.main.system_relations own WHERE own.relname = sqlml_pg.main.name_parts(x::VARCHAR)[-1]));
CREATE MACRO from_regclass(x) AS coalesce(
  CASE WHEN x = 0 THEN '-' END,
  (SELECT min(CASE WHEN sqlml_pg.main.on_path(own.schema_name) IS NOT NULL THEN '' ELSE sqlml_pg.main.quoted(own.schema_name) || '.' END || sqlml_pg.main.quoted(own.relname))
    FROM sqlml_pg.main.relations own WHERE own.oid = x),
  (SELECT min(own.relname) FROM sqlml_pg.main.system_relations own WHERE own.oid = x), x::VARCHAR);
CREATE MACRO from_regtype(x) AS coalesce(CASE WHEN x = 0 THEN '-' END, sqlml_pg.main.format_type(x, -1), x::VARCHAR);
CREATE MACRO from_regnamespace(x) AS coalesce((SELECT own.nspname FROM sqlml_pg.main.pg_namespace own WHERE own.oid = x), x::VARCHAR);
CREATE MACRO from_regrole(x) AS coalesce((SELECT own.rolname FROM sqlml_pg.main.pg_roles own WHERE own.oid = x), x::VARCHAR);
CREATE MACRO pg_table_is_visible(x) AS x IN (SELECT own.oid FROM sqlml_pg.main.relations own WHERE sqlml_pg.main.on_path(own.schema_name) IS NOT NULL);
CREATE MACRO pg_function_is_visible(x) AS true;
CREATE MACRO pg_type_is_visible(x) AS true;
CREATE MACRO pg_collation_is_visible(x) AS true;
CREATE MACRO pg_conversion_is_visible(x) AS true;
CREATE MACRO pg_operator_is_visible(x) AS true;
CREATE MACRO pg_opclass_is_visible(x) AS true;
CREATE MACRO pg_opfamily_is_visible(x) AS true;
CREATE MACRO pg_ts_config_is_visible(x) AS true;
CREATE MACRO pg_ts_dict_is_visible(x) AS true;
CREATE MACRO pg_ts_parser_is_visible(x) AS true;
CREATE MACRO pg_ts_template_is_visible(x) AS true;
CREATE MACRO pg_statistics_obj_is_visible(x) AS true;
CREATE MACRO pg_relation_is_publishable(x) AS false;
CREATE MACRO pg_relation_is_updatable(x, triggers := false) AS CASE WHEN x IN (SELECT own.oid FROM sqlml_pg.main.relations own WHERE own.relkind = 'r') THEN 28 ELSE 0 END;
CREATE MACRO pg_cancel_backend(x) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'cancel', x::VARCHAR, '')::BOOLEAN;
CREATE MACRO pg_terminate_backend(x, timeout := 0) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'end', x::VARCHAR, '')::BOOLEAN;
CREATE MACRO pg_sleep(x) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'sleep', x::DOUBLE::VARCHAR, '');
CREATE MACRO pg_notify(x, y) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'notify', x::VARCHAR, coalesce(y::VARCHAR, ''));
CREATE MACRO pg_listening_channels() AS unnest([]::VARCHAR[]);
CREATE MACRO pg_advisory_unlock_all() AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'unlock_all', '', '');
CREATE MACRO pg_advisory_lock(x) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'lock', x::VARCHAR, ''),
  (x, y) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'lock', x || ' ' || y, '');
CREATE MACRO pg_advisory_lock_shared(x) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'lock_shared', x::VARCHAR, ''),
  (x, y) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'lock_shared', x || ' ' || y, '');
CREATE MACRO pg_advisory_xact_lock(x) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'xact_lock', x::VARCHAR, ''),
  (x, y) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'xact_lock', x || ' ' || y, '');
CREATE MACRO pg_advisory_xact_lock_shared(x) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'xact_lock_shared', x::VARCHAR, ''),
  (x, y) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'xact_lock_shared', x || ' ' || y, '');
CREATE MACRO pg_try_advisory_lock(x) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'trylock', x::VARCHAR, '')::BOOLEAN,
  (x, y) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'trylock', x || ' ' || y, '')::BOOLEAN;
CREATE MACRO pg_try_advisory_lock_shared(x) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'trylock_shared', x::VARCHAR, '')::BOOLEAN,
  (x, y) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'trylock_shared', x || ' ' || y, '')::BOOLEAN;
CREATE MACRO pg_try_advisory_xact_lock(x) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'tryxact_lock', x::VARCHAR, '')::BOOLEAN,
  (x, y) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'tryxact_lock', x || ' ' || y, '')::BOOLEAN;
CREATE MACRO pg_try_advisory_xact_lock_shared(x) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'tryxact_lock_shared', x::VARCHAR, '')::BOOLEAN,
  (x, y) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'tryxact_lock_shared', x || ' ' || y, '')::BOOLEAN;
CREATE MACRO pg_advisory_unlock(x) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'unlock', x::VARCHAR, '')::BOOLEAN,
  (x, y) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'unlock', x || ' ' || y, '')::BOOLEAN;
CREATE MACRO pg_advisory_unlock_shared(x) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'unlock_shared', x::VARCHAR, '')::BOOLEAN,
  (x, y) AS sqlml_served(sqlml_pg.main.pg_backend_pid(), 'unlock_shared', x || ' ' || y, '')::BOOLEAN;
CREATE MACRO pg_is_in_recovery() AS false;
CREATE MACRO pg_is_wal_replay_paused() AS false;
CREATE MACRO pg_current_xact_id_if_assigned() AS NULL::BIGINT;
CREATE MACRO txid_current_if_assigned() AS NULL::BIGINT;
CREATE MACRO pg_blocking_pids(x) AS []::INTEGER[];
CREATE MACRO pg_is_other_temp_schema(x) AS false;
CREATE MACRO pg_my_temp_schema() AS 0;
CREATE MACRO pg_get_expr(a, b, pretty := true) AS a;
CREATE MACRO pg_get_constraintdef(x, pretty := false) AS (
  SELECT CASE WHEN own.kind = 'CHECK' AND NOT pretty THEN 'CHECK (' || own.definition[7:] || ')' ELSE own.definition END FROM sqlml_pg.main.constraint_definitions own WHERE own.oid = x);
CREATE MACRO pg_get_indexdef(x, place := 0, pretty := false) AS (
  SELECT CASE WHEN place > 0 THEN own.written[place] ELSE own.beginning
    || CASE WHEN pretty AND own.schema_name = sqlml_pg.main.current_schema() THEN '' ELSE sqlml_pg.main.quoted(own.schema_name) || '.' END || own.ending END
  FROM sqlml_pg.main.index_definitions own WHERE own.oid = x);
CREATE MACRO pg_get_viewdef(x, pretty := true) AS (
  SELECT min(sqlml_pg.main.view_definition(own.sql)) FROM sqlml_pg.main.own_views own WHERE 16384 + own.view_oid = sqlml_pg.main.to_regclass(x));
CREATE MACRO pg_get_serial_sequence(a, b) AS NULL::VARCHAR;
CREATE MACRO pg_get_statisticsobjdef_columns(x) AS NULL::VARCHAR;
CREATE MACRO pg_get_triggerdef(x, pretty := true) AS NULL::VARCHAR;
CREATE MACRO pg_get_ruledef(x, pretty := true) AS NULL::VARCHAR;
CREATE MACRO pg_get_partkeydef(x) AS NULL::VARCHAR;
CREATE MACRO pg_get_function_result(x) AS NULL::VARCHAR;
CREATE MACRO pg_get_function_sqlbody(x) AS NULL::VARCHAR;
CREATE MACRO pg_get_function_arguments(x) AS (SELECT array_to_string(own.parameters, ', ') FROM sqlml_pg.main.function_facts own WHERE own.oid = x LIMIT 1);
CREATE MACRO pg_get_function_identity_arguments(x) AS (SELECT array_to_string(own.parameters, ', ') FROM sqlml_pg.main.function_facts own WHERE own.oid = x LIMIT 1);
CREATE MACRO pg_get_functiondef(x) AS (SELECT own.macro_definition FROM sqlml_pg.main.function_facts own WHERE own.oid = x LIMIT 1);
CREATE MACRO pg_encoding_to_char(x) AS CASE x WHEN 6 THEN 'UTF8' ELSE '' END;
CREATE MACRO pg_char_to_encoding(x) AS CASE upper(x) WHEN 'UTF8' THEN 6 ELSE -1 END;
CREATE MACRO getdatabaseencoding() AS 'UTF8';
CREATE MACRO pg_client_encoding() AS 'UTF8';
CREATE MACRO row_count(x) AS (SELECT min(own.reltuples)::BIGINT FROM sqlml_pg.main.relations own WHERE own.oid = x);
CREATE MACRO pg_table_size(x) AS sqlml_pg.main.row_count(x);
CREATE MACRO pg_relation_size(x, fork := 'main') AS sqlml_pg.main.row_count(x);
CREATE MACRO pg_total_relation_size(x) AS sqlml_pg.main.row_count(x);
CREATE MACRO pg_indexes_size(x) AS 0::BIGINT;
CREATE MACRO pg_database_size(x) AS (SELECT sum(own.reltuples)::BIGINT FROM sqlml_pg.main.relations own WHERE own.relkind = 'r');
CREATE MACRO pg_tablespace_size(x) AS NULL::BIGINT;
CREATE MACRO pg_tablespace_location(x) AS '';
CREATE MACRO pg_size_pretty(x) AS x || ' rows';
CREATE MACRO obj_description(x, catalog := 'pg_class') AS (
  SELECT min(own.description) FROM sqlml_pg.main.pg_description own JOIN sqlml_pg.main.system_relations kind ON kind.oid = own.classoid
  WHERE own.objoid = x AND own.objsubid = 0 AND kind.relname = catalog);
CREATE MACRO col_description(x, number) AS (SELECT min(own.description) FROM sqlml_pg.main.pg_description own WHERE own.objoid = x AND own.objsubid = number AND own.classoid = 1259);
CREATE MACRO shobj_description(x, catalog) AS NULL::VARCHAR;
CREATE MACRO has_database_privilege(a, b, c := '') AS true;
CREATE MACRO has_schema_privilege(a, b, c := '') AS true;
CREATE MACRO has_table_privilege(a, b, c := '') AS sqlml_pg.main.may_do(coalesce(nullif(c, ''), b));
CREATE MACRO has_any_column_privilege(a, b, c := '') AS sqlml_pg.main.may_do(coalesce(nullif(c, ''), b));
CREATE MACRO has_column_privilege(a, b, c, d := '') AS sqlml_pg.main.may_do(coalesce(nullif(d, ''), c));
CREATE MACRO has_sequence_privilege(a, b, c := '') AS true;
CREATE MACRO has_function_privilege(a, b, c := '') AS true;
CREATE MACRO has_type_privilege(a, b, c := '') AS true;
CREATE MACRO has_tablespace_privilege(a, b, c := '') AS true;
CREATE MACRO pg_has_role(a, b, c := '') AS true;
