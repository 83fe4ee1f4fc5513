-- PostgreSQL's pg_catalog over the catalog of DuckDB. An OID is 16384 + DuckDB's, which no two entries share;
-- that of a constraint, or of its index, is 2^30 + 64 times its table's and its number.
CREATE MACRO ident(x) AS CASE WHEN x LIKE '"%"' THEN replace(x[2:-2], '""', '"') ELSE lower(x) END;
CREATE MACRO quoted(x) AS CASE WHEN regexp_full_match(x, '[a-z_][a-z0-9_$]*') THEN x ELSE '"' || replace(x, '"', '""') || '"' END;
CREATE MACRO is_served(name) AS name IN (current_database(), 'temp');
-- DuckDB's first schema is PostgreSQL's, unless there is one that is called so.
CREATE MACRO shown(x) AS CASE WHEN x = 'main' AND NOT EXISTS (
  SELECT 1 FROM duckdb_schemas() own WHERE own.database_name = current_database() AND own.schema_name = 'public') THEN 'public' ELSE x END;
CREATE MACRO current_schema() AS sqlml_pg.main.shown(system.main.current_schema());
CREATE VIEW own_schemas AS SELECT * REPLACE (sqlml_pg.main.shown(schema_name) AS schema_name), schema_name = 'main' AS is_first FROM duckdb_schemas();
CREATE VIEW own_tables AS SELECT * REPLACE (sqlml_pg.main.shown(schema_name) AS schema_name) FROM duckdb_tables();
CREATE VIEW own_views AS SELECT * REPLACE (sqlml_pg.main.shown(schema_name) AS schema_name) FROM duckdb_views();
CREATE VIEW own_columns AS SELECT * REPLACE (sqlml_pg.main.shown(schema_name) AS schema_name) FROM duckdb_columns();
CREATE VIEW own_constraints AS SELECT * REPLACE (sqlml_pg.main.shown(schema_name) AS schema_name) FROM duckdb_constraints();
CREATE VIEW own_indexes AS SELECT * REPLACE (sqlml_pg.main.shown(schema_name) AS schema_name) FROM duckdb_indexes();
CREATE VIEW own_sequences AS SELECT * REPLACE (sqlml_pg.main.shown(schema_name) AS schema_name) FROM duckdb_sequences();
CREATE VIEW own_functions AS SELECT * REPLACE (sqlml_pg.main.shown(schema_name) AS schema_name) FROM duckdb_functions();
CREATE TABLE pg_am AS SELECT 2 AS oid, 'heap' AS amname, 'heap_tableam_handler' AS amhandler, 't' AS amtype
UNION ALL SELECT 403, 'btree', 'bthandler', 'i';
CREATE TABLE pg_collation AS SELECT 100 AS oid, 'default' AS collname, 11 AS collnamespace, 10 AS collowner, 'd' AS collprovider,
  true AS collisdeterministic, -1 AS collencoding, NULL::VARCHAR AS collcollate, NULL::VARCHAR AS collctype,
  NULL::VARCHAR AS colliculocale, NULL::VARCHAR AS collversion
UNION ALL SELECT 950, 'C', 11, 10, 'c', true, -1, 'C', 'C', NULL, NULL;
CREATE TABLE pg_language AS SELECT 14 AS oid, 'sql' AS lanname, 10 AS lanowner, false AS lanispl, true AS lanpltrusted,
  0 AS lanplcallfoid, 0 AS laninline, 0 AS lanvalidator, NULL::VARCHAR[] AS lanacl;
CREATE TABLE pg_tablespace AS SELECT 1663 AS oid, 'pg_default' AS spcname, 10 AS spcowner, NULL::VARCHAR[] AS spcacl, NULL::VARCHAR[] AS spcoptions;
-- All is the role's that is called as the product; who is there is one, too.
CREATE MACRO user_name() AS coalesce(getvariable('sqlml_user')::VARCHAR, 'sqlml');
CREATE MACRO own_role() AS coalesce(getvariable('sqlml_role')::VARCHAR, 'admin');
CREATE MACRO may_do(privilege) AS sqlml_pg.main.own_role() <> 'read' OR lower(privilege) LIKE 'select%';
CREATE VIEW pg_roles AS SELECT name AS rolname, is_first OR own_role() = 'admin' AS rolsuper, true AS rolinherit, is_first AS rolcreaterole, is_first AS rolcreatedb,
  true AS rolcanlogin, is_first AS rolreplication, -1 AS rolconnlimit, '********' AS rolpassword, NULL::TIMESTAMPTZ AS rolvaliduntil,
  is_first AS rolbypassrls, NULL::VARCHAR[] AS rolconfig, oid FROM (VALUES ('sqlml', 10, true), (user_name(), 11, false)) role(name, oid, is_first) WHERE is_first OR name <> 'sqlml';
CREATE VIEW pg_user AS SELECT rolname AS usename, oid AS usesysid, rolcreatedb AS usecreatedb, rolsuper AS usesuper,
  rolreplication AS userepl, rolbypassrls AS usebypassrls, rolpassword AS passwd, rolvaliduntil AS valuntil, rolconfig AS useconfig FROM pg_roles;
CREATE TABLE pg_group (groname VARCHAR, grosysid BIGINT, grolist BIGINT[]);
-- What OIDs of pg_description.classoid and `'pg_class'::regclass` stand for.
CREATE TABLE system_relations AS FROM (VALUES (1247, 'pg_type'), (1249, 'pg_attribute'), (1255, 'pg_proc'), (1259, 'pg_class'),
  (1262, 'pg_database'), (2604, 'pg_attrdef'), (2606, 'pg_constraint'), (2610, 'pg_index'), (2615, 'pg_namespace'),
  (2618, 'pg_rewrite'), (2620, 'pg_trigger'), (3079, 'pg_extension'), (1260, 'pg_authid'), (2224, 'pg_sequence')) t(oid, relname);
CREATE VIEW pg_namespace AS
SELECT CASE WHEN is_first THEN 2200 ELSE 16384 + oid END AS oid, schema_name AS nspname, 10 AS nspowner, NULL::VARCHAR[] AS nspacl
FROM own_schemas WHERE database_name = current_database() AND (NOT internal OR is_first)
UNION ALL SELECT 11, 'pg_catalog', 10, NULL UNION ALL SELECT 13183, 'information_schema', 10, NULL UNION ALL SELECT 99, 'pg_toast', 10, NULL;
CREATE VIEW pg_database AS
SELECT 16384 AS oid, current_database() AS datname, 10 AS datdba, 6 AS encoding, 'c' AS datlocprovider, false AS datistemplate,
  true AS datallowconn, -1 AS datconnlimit, 0 AS datfrozenxid, 1 AS datminmxid, 1663 AS dattablespace, 'C' AS datcollate, 'C' AS datctype,
  NULL::VARCHAR AS daticulocale, NULL::VARCHAR AS datcollversion, NULL::VARCHAR[] AS datacl;
CREATE VIEW table_columns AS
SELECT table_oid, list(column_name ORDER BY column_index) AS columns FROM own_columns WHERE is_served(database_name) GROUP BY table_oid;
CREATE VIEW constraint_facts AS
SELECT 1073741824 + table_oid * 64 + constraint_index AS oid, 16384 + table_oid AS table_oid, schema_name, table_name, constraint_type AS kind,
  constraint_column_names AS names, list_transform(constraint_column_indexes, lambda p: (p + 1)::SMALLINT) AS places, expression, referenced_table, referenced_column_names,
  table_name || CASE constraint_type WHEN 'PRIMARY KEY' THEN '_pkey' WHEN 'UNIQUE' THEN '_' || array_to_string(constraint_column_names, '_') || '_key'
    WHEN 'FOREIGN KEY' THEN '_' || array_to_string(constraint_column_names, '_') || '_fkey' ELSE coalesce('_' || constraint_column_names[1], '') || '_check' END AS name,
  constraint_type IN ('PRIMARY KEY', 'UNIQUE') AS has_index
FROM own_constraints WHERE is_served(database_name) AND constraint_type <> 'NOT NULL';
CREATE VIEW relations AS
SELECT 16384 + table_oid AS oid, table_name AS relname, schema_name, 'r' AS relkind, 2 AS relam, temporary AS is_temporary,
  index_count > 0 OR has_primary_key AS relhasindex, check_constraint_count AS relchecks, column_count AS relnatts, estimated_size AS reltuples, comment
FROM own_tables WHERE is_served(database_name)
UNION ALL SELECT 16384 + view_oid, view_name, schema_name, 'v', 0, temporary, false, 0, column_count, 0, comment
FROM own_views WHERE is_served(database_name) AND NOT internal
UNION ALL SELECT 16384 + index_oid, index_name, schema_name, 'i', 403, false, false, 0, len(expressions::VARCHAR[]), 0, comment
FROM own_indexes WHERE is_served(database_name)
UNION ALL SELECT 16384 + sequence_oid, sequence_name, schema_name, 'S', 0, temporary, false, 0, 3, 1, comment
FROM own_sequences WHERE is_served(database_name)
UNION ALL SELECT oid, name, schema_name, 'i', 403, false, false, 0, len(names), 0, NULL FROM constraint_facts WHERE has_index;
CREATE VIEW pg_class AS
SELECT r.oid, relname, n.oid AS relnamespace, 0 AS reltype, 0 AS reloftype, 10 AS relowner, relam,
  0 AS relfilenode, 0 AS reltablespace, 0 AS relpages, reltuples::FLOAT AS reltuples, 0 AS relallvisible, 0 AS reltoastrelid, relhasindex, false AS relisshared,
  CASE WHEN is_temporary THEN 't' ELSE 'p' END AS relpersistence, relkind, relnatts::SMALLINT AS relnatts, relchecks::SMALLINT AS relchecks, relkind = 'v' AS relhasrules,
  false AS relhastriggers, false AS relhassubclass, false AS relrowsecurity, false AS relforcerowsecurity, true AS relispopulated,
  CASE relkind WHEN 'r' THEN 'd' ELSE 'n' END AS relreplident, false AS relispartition, 0 AS relrewrite, 0 AS relfrozenxid, 0 AS relminmxid,
  NULL::VARCHAR[] AS relacl, NULL::VARCHAR[] AS reloptions, NULL::VARCHAR AS relpartbound
FROM relations r LEFT JOIN pg_namespace n ON n.nspname = schema_name;
CREATE VIEW index_facts AS
SELECT oid, table_oid, schema_name, table_name, name, kind = 'PRIMARY KEY' AS is_primary, true AS is_unique, names, places, [quoted(n) FOR n IN names] AS written
FROM constraint_facts WHERE has_index
UNION ALL SELECT 16384 + index_oid, 16384 + i.table_oid, schema_name, table_name, index_name, false, is_unique, [ident(e) FOR e IN expressions::VARCHAR[]],
  list_transform(expressions::VARCHAR[], lambda e: coalesce(list_position(columns, ident(e)), 0)::SMALLINT), expressions::VARCHAR[]
FROM own_indexes i JOIN table_columns c ON c.table_oid = i.table_oid WHERE is_served(database_name);
CREATE VIEW pg_index AS
SELECT oid AS indexrelid, table_oid AS indrelid, len(places)::SMALLINT AS indnatts, len(places)::SMALLINT AS indnkeyatts, is_unique AS indisunique,
  false AS indnullsnotdistinct, is_primary AS indisprimary, false AS indisexclusion, true AS indimmediate, false AS indisclustered, true AS indisvalid,
  false AS indcheckxmin, true AS indisready, true AS indislive, false AS indisreplident, places AS indkey, [0::BIGINT FOR p IN places] AS indcollation,
  [0::BIGINT FOR p IN places] AS indclass, [0::SMALLINT FOR p IN places] AS indoption,
  CASE WHEN list_contains(places, 0) THEN array_to_string([w FOR w, i IN written IF places[i] = 0], ', ') END AS indexprs, NULL::VARCHAR AS indpred
FROM index_facts;
CREATE MACRO default_written(x, kind) AS CASE WHEN kind = 'VARCHAR' AND regexp_full_match(x, '''(?:[^'']|'''')*''') THEN x || '::character varying'
  ELSE regexp_replace(regexp_replace(x, '^nextval\(''"([a-z_][a-z0-9_]*)"''\)$', 'nextval(''\1'')'), '^nextval\((''[^'']*'')\)$', 'nextval(\1::regclass)') END;
CREATE VIEW stored_columns AS
SELECT 16384 + table_oid AS relation, schema_name, table_name, column_name, column_index, data_type, is_nullable,
  default_written(column_default, data_type) AS column_default, is_generated, comment
FROM own_columns WHERE is_served(database_name) AND NOT internal;
CREATE VIEW all_columns AS
SELECT relation, column_name, column_index, data_type, is_nullable, column_default, is_generated FROM stored_columns
UNION ALL SELECT f.oid, coalesce(k.column_name, 'expr'), position, coalesce(k.data_type, 'VARCHAR'), true, NULL, false
FROM (SELECT oid, table_oid, unnest(places) AS place, generate_subscripts(places, 1) AS position FROM index_facts) f
LEFT JOIN own_columns k ON 16384 + k.table_oid = f.table_oid AND k.column_index = place;
CREATE VIEW pg_attribute AS
SELECT relation AS attrelid, column_name AS attname, t.oid::UINTEGER AS atttypid, -1 AS attstattarget, typlen::SMALLINT AS attlen, column_index::SMALLINT AS attnum,
  CASE WHEN data_type LIKE '%]' THEN 1 ELSE 0 END AS attndims, -1 AS attcacheoff, type_modifier(data_type) AS atttypmod, typbyval AS attbyval, typalign AS attalign,
  typstorage AS attstorage, '' AS attcompression, NOT is_nullable AS attnotnull, column_default IS NOT NULL AS atthasdef, false AS atthasmissing, '' AS attidentity,
  CASE WHEN is_generated THEN 's' ELSE '' END AS attgenerated, false AS attisdropped, true AS attislocal, 0 AS attinhcount, typcollation AS attcollation, NULL::VARCHAR[] AS attacl,
  NULL::VARCHAR[] AS attoptions, NULL::VARCHAR[] AS attfdwoptions, NULL::VARCHAR[] AS attmissingval
FROM all_columns LEFT JOIN known_types k ON k.name = bare_type(data_type) JOIN pg_type t ON t.oid = coalesce(k.oid, 25);
CREATE VIEW pg_attrdef AS
SELECT 1073741824 + relation * 64 + column_index AS oid, relation AS adrelid, column_index::SMALLINT AS adnum, column_default AS adbin
FROM stored_columns WHERE column_default IS NOT NULL;
CREATE VIEW constraint_definitions AS
SELECT *, CASE kind WHEN 'CHECK' THEN 'CHECK ' || CASE WHEN expression LIKE '(%)' THEN expression ELSE '(' || expression || ')' END
    WHEN 'FOREIGN KEY' THEN 'FOREIGN KEY (' || array_to_string([quoted(n) FOR n IN names], ', ') || ') REFERENCES '
      || CASE WHEN schema_name = sqlml_pg.main.current_schema() THEN '' ELSE quoted(schema_name) || '.' END || quoted(referenced_table)
      || '(' || array_to_string([quoted(n) FOR n IN referenced_column_names], ', ') || ')'
    ELSE kind || ' (' || array_to_string([quoted(n) FOR n IN names], ', ') || ')' END AS definition
FROM constraint_facts;
CREATE VIEW foreign_keys AS
SELECT f.oid, 16384 + t.table_oid AS target, list_transform(referenced_column_names, lambda r: list_position(columns, r)::SMALLINT) AS places,
  (SELECT min(i.oid) FROM constraint_facts i WHERE i.table_oid = 16384 + t.table_oid AND i.has_index AND i.names = f.referenced_column_names) AS key
FROM constraint_facts f JOIN own_tables t ON t.table_name = f.referenced_table AND t.schema_name = f.schema_name AND is_served(t.database_name)
JOIN table_columns c ON c.table_oid = t.table_oid WHERE kind = 'FOREIGN KEY';
CREATE VIEW pg_constraint AS
SELECT f.oid, name AS conname, n.oid AS connamespace, CASE kind WHEN 'PRIMARY KEY' THEN 'p' WHEN 'UNIQUE' THEN 'u' WHEN 'FOREIGN KEY' THEN 'f' ELSE 'c' END AS contype,
  false AS condeferrable, false AS condeferred, true AS convalidated, f.table_oid AS conrelid, 0 AS contypid,
  CASE WHEN has_index THEN f.oid ELSE coalesce(k.key, 0) END AS conindid, 0 AS conparentid, coalesce(k.target, 0) AS confrelid,
  CASE kind WHEN 'FOREIGN KEY' THEN 'a' ELSE ' ' END AS confupdtype, CASE kind WHEN 'FOREIGN KEY' THEN 'a' ELSE ' ' END AS confdeltype,
  CASE kind WHEN 'FOREIGN KEY' THEN 's' ELSE ' ' END AS confmatchtype, true AS conislocal, 0 AS coninhcount, kind <> 'CHECK' AS connoinherit, f.places AS conkey,
  k.places AS confkey, NULL::BIGINT[] AS conpfeqop, NULL::BIGINT[] AS conppeqop, NULL::BIGINT[] AS conffeqop, NULL::SMALLINT[] AS confdelsetcols,
  NULL::BIGINT[] AS conexclop, CASE kind WHEN 'CHECK' THEN expression END AS conbin
FROM constraint_facts f JOIN pg_namespace n ON n.nspname = schema_name LEFT JOIN foreign_keys k ON k.oid = f.oid;
CREATE VIEW function_facts AS
SELECT function_oid::BIGINT AS oid, function_name, schema_name, function_type, parameters, macro_definition FROM own_functions WHERE is_served(database_name) AND NOT internal;
CREATE VIEW pg_proc AS
SELECT f.oid, function_name AS proname, n.oid AS pronamespace, 10 AS proowner, 14 AS prolang, 100::FLOAT AS procost, 0::FLOAT AS prorows, 0 AS provariadic, '-' AS prosupport,
  'f' AS prokind, false AS prosecdef, false AS proleakproof, false AS proisstrict, function_type = 'table_macro' AS proretset, 'v' AS provolatile, 'u' AS proparallel,
  len(parameters)::SMALLINT AS pronargs, 0::SMALLINT AS pronargdefaults, 2276 AS prorettype, [2276::BIGINT FOR p IN parameters] AS proargtypes, NULL::BIGINT[] AS proallargtypes,
  NULL::VARCHAR[] AS proargmodes, parameters AS proargnames, NULL::VARCHAR AS proargdefaults, NULL::BIGINT[] AS protrftypes, macro_definition AS prosrc, NULL::VARCHAR AS probin,
  NULL::VARCHAR AS prosqlbody, NULL::VARCHAR[] AS proconfig, NULL::VARCHAR[] AS proacl
FROM function_facts f JOIN pg_namespace n ON n.nspname = schema_name
UNION ALL SELECT oid, name, 11, 10, 12, 1, 0, 0, '-', 'f', false, false, true, false, 'i', 's', 1, 0, 2276, [2276::BIGINT], NULL, NULL, NULL, NULL, NULL, name, NULL, NULL, NULL, NULL
FROM system_functions WHERE oid > 0;
CREATE VIEW pg_description AS
SELECT oid AS objoid, 1259 AS classoid, 0 AS objsubid, comment AS description FROM relations WHERE comment IS NOT NULL
UNION ALL SELECT relation, 1259, column_index, comment FROM stored_columns WHERE comment IS NOT NULL
UNION ALL SELECT n.oid, 2615, 0, comment FROM own_schemas s JOIN pg_namespace n ON n.nspname = s.schema_name
WHERE s.database_name = current_database() AND comment IS NOT NULL;
CREATE VIEW sequence_facts AS
SELECT 16384 + sequence_oid AS oid, * EXCLUDE (sequence_oid) FROM own_sequences WHERE is_served(database_name);
CREATE VIEW pg_sequence AS
SELECT oid AS seqrelid, 20 AS seqtypid, start_value AS seqstart, increment_by AS seqincrement, max_value AS seqmax, min_value AS seqmin, 1 AS seqcache, cycle AS seqcycle FROM sequence_facts;
CREATE VIEW pg_sequences AS
SELECT schema_name AS schemaname, sequence_name AS sequencename, 'sqlml' AS sequenceowner, 'bigint' AS data_type, start_value, min_value, max_value, increment_by, cycle,
  1 AS cache_size, last_value FROM sequence_facts;
CREATE VIEW pg_cursors AS SELECT unnest(from_json(coalesce(getvariable('sqlml_cursors')::VARCHAR, '[]'),
  '[{"name": "VARCHAR", "statement": "VARCHAR", "is_holdable": "BOOLEAN", "is_binary": "BOOLEAN", "is_scrollable": "BOOLEAN", "creation_time": "TIMESTAMPTZ"}]'), recursive := true);
CREATE VIEW pg_prepared_statements AS SELECT unnest(from_json(coalesce(getvariable('sqlml_prepared')::VARCHAR, '[]'),
  '[{"name": "VARCHAR", "statement": "VARCHAR", "prepare_time": "TIMESTAMPTZ", "parameter_types": "VARCHAR[]"}]'), recursive := true);
CREATE VIEW pg_tables AS
SELECT schema_name AS schemaname, relname AS tablename, 'sqlml' AS tableowner, NULL::VARCHAR AS tablespace, relhasindex AS hasindexes, false AS hasrules, false AS hastriggers,
  false AS rowsecurity FROM relations WHERE relkind = 'r';
CREATE MACRO view_definition(text) AS ' ' || regexp_replace(text, '^CREATE .*? AS ', '', 's');
CREATE VIEW pg_views AS
SELECT schema_name AS schemaname, view_name AS viewname, 'sqlml' AS viewowner, view_definition(sql) AS definition
FROM own_views WHERE is_served(database_name) AND NOT internal;
CREATE VIEW index_definitions AS
SELECT oid, name, table_name, schema_name, written, 'CREATE ' || CASE WHEN is_unique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || quoted(name) || ' ON ' AS beginning,
  quoted(table_name) || ' USING btree (' || array_to_string(written, ', ') || ')' AS ending
FROM index_facts;
CREATE VIEW pg_indexes AS
SELECT schema_name AS schemaname, table_name AS tablename, name AS indexname, NULL::VARCHAR AS tablespace, beginning || quoted(schema_name) || '.' || ending AS indexdef
FROM index_definitions;
CREATE VIEW pg_stat_user_tables AS
SELECT oid AS relid, schema_name AS schemaname, relname, 0::BIGINT AS seq_scan, 0::BIGINT AS seq_tup_read, 0::BIGINT AS idx_scan, 0::BIGINT AS idx_tup_fetch,
  0::BIGINT AS n_tup_ins, 0::BIGINT AS n_tup_upd, 0::BIGINT AS n_tup_del, 0::BIGINT AS n_tup_hot_upd, reltuples AS n_live_tup, 0 AS n_dead_tup,
  0::BIGINT AS n_mod_since_analyze, 0::BIGINT AS n_ins_since_vacuum, NULL::TIMESTAMPTZ AS last_vacuum, NULL::TIMESTAMPTZ AS last_autovacuum,
  NULL::TIMESTAMPTZ AS last_analyze, NULL::TIMESTAMPTZ AS last_autoanalyze, 0::BIGINT AS vacuum_count, 0::BIGINT AS autovacuum_count,
  0::BIGINT AS analyze_count, 0::BIGINT AS autoanalyze_count FROM relations WHERE relkind = 'r';
CREATE VIEW pg_stat_all_tables AS FROM pg_stat_user_tables;
CREATE VIEW pg_stat_user_indexes AS
SELECT i.table_oid AS relid, i.oid AS indexrelid, i.schema_name AS schemaname, i.table_name AS relname, i.name AS indexrelname, 0::BIGINT AS idx_scan,
  0::BIGINT AS idx_tup_read, 0::BIGINT AS idx_tup_fetch FROM index_facts i;
CREATE VIEW clients AS SELECT unnest(from_json(coalesce(getvariable('sqlml_clients')::VARCHAR, '[]'),
  '[{"pid": "INTEGER", "usename": "VARCHAR", "application_name": "VARCHAR", "client_addr": "VARCHAR", "client_port": "INTEGER", "backend_start": "TIMESTAMPTZ",
  "xact_start": "TIMESTAMPTZ", "query_start": "TIMESTAMPTZ", "state_change": "TIMESTAMPTZ", "state": "VARCHAR", "query": "VARCHAR"}]'), recursive := true);
CREATE VIEW pg_stat_activity AS
SELECT 16384 AS datid, current_database() AS datname, pid, NULL::INTEGER AS leader_pid, CASE usename WHEN 'sqlml' THEN 10 WHEN user_name() THEN 11 END AS usesysid, usename,
  application_name, client_addr, NULL::VARCHAR AS client_hostname, client_port, backend_start, xact_start, query_start, state_change, NULL::VARCHAR AS wait_event_type,
  NULL::VARCHAR AS wait_event, state, NULL::BIGINT AS backend_xid, NULL::BIGINT AS backend_xmin, NULL::BIGINT AS query_id, query, 'client backend' AS backend_type FROM clients;
CREATE VIEW pg_stat_database AS
SELECT 16384 AS datid, current_database() AS datname, (SELECT count(*) FROM clients)::INTEGER AS numbackends, 0::BIGINT AS xact_commit, 0::BIGINT AS xact_rollback,
  0::BIGINT AS blks_read, 0::BIGINT AS blks_hit, 0::BIGINT AS tup_returned, 0::BIGINT AS tup_fetched, 0::BIGINT AS tup_inserted, 0::BIGINT AS tup_updated,
  0::BIGINT AS tup_deleted, 0::BIGINT AS conflicts, 0::BIGINT AS temp_files, 0::BIGINT AS temp_bytes, 0::BIGINT AS deadlocks, NULL::TIMESTAMPTZ AS stats_reset;
