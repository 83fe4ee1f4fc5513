CREATE TABLE pg_am AS SELECT 2 AS oid, 'heap' AS amname, 't' AS amtype UNION ALL SELECT 403, 'btree', 'i';
CREATE TABLE pg_auth_members (roleid BIGINT, member BIGINT);
CREATE TABLE pg_collation (oid BIGINT, collname VARCHAR);
CREATE TABLE pg_inherits (inhrelid BIGINT, inhparent BIGINT, inhseqno INT, inhdetachpending BOOLEAN);
CREATE TABLE pg_policy (oid BIGINT, polname VARCHAR, polrelid BIGINT, polcmd VARCHAR, polpermissive BOOLEAN, polroles BIGINT[], polqual VARCHAR, polwithcheck VARCHAR);
CREATE TABLE pg_statistic_ext (oid BIGINT, stxrelid BIGINT, stxnamespace BIGINT, stxname VARCHAR, stxkind VARCHAR[], stxstattarget INT);
CREATE TABLE pg_publication (oid BIGINT, pubname VARCHAR, puballtables BOOLEAN);
CREATE TABLE pg_publication_namespace (pnpubid BIGINT, pnnspid BIGINT);
CREATE TABLE pg_publication_rel (prpubid BIGINT, prrelid BIGINT, prqual VARCHAR, prattrs INT[]);
CREATE TABLE pg_roles AS SELECT 10 AS oid, 'sqlml' AS rolname, true AS rolsuper, true AS rolinherit, false AS rolcreaterole, false AS rolcreatedb, true AS rolcanlogin, -1 AS rolconnlimit, NULL::TIMESTAMP AS rolvaliduntil, false AS rolreplication, false AS rolbypassrls;
CREATE VIEW pg_namespace AS
SELECT CASE schema_name WHEN 'main' THEN 2200 ELSE 20000 + oid END AS oid, schema_name AS nspname, 10 AS nspowner, NULL AS nspacl
FROM duckdb_schemas() WHERE database_name = current_database() AND NOT internal OR database_name = current_database() AND schema_name = 'main';
CREATE VIEW pg_database AS
SELECT 16384 AS oid, current_database() AS datname, 10 AS datdba, 6 AS encoding, 'C' AS datcollate, 'C' AS datctype, NULL::VARCHAR AS daticulocale, 'c' AS datlocprovider, true AS datallowconn, false AS datistemplate, NULL::VARCHAR[] AS datacl;
CREATE VIEW constraints AS
SELECT 2000000 + table_oid * 64 + constraint_index AS oid, 1000000 + table_oid * 64 + constraint_index AS index_oid,
  16384 + table_oid * 4 AS table_oid, schema_name, table_name, constraint_type AS kind, constraint_column_names AS columns,
  constraint_column_indexes AS places, expression, referenced_table, referenced_column_names,
  table_name || CASE constraint_type WHEN 'PRIMARY KEY' THEN '_pkey' WHEN 'UNIQUE' THEN '_' || array_to_string(constraint_column_names, '_') || '_key'
    WHEN 'FOREIGN KEY' THEN '_' || array_to_string(constraint_column_names, '_') || '_fkey' ELSE coalesce('_' || constraint_column_names[1], '') || '_check' END AS name
FROM duckdb_constraints() WHERE database_name = current_database() AND constraint_type <> 'NOT NULL';
CREATE VIEW relations AS
SELECT 16384 + table_oid * 4 AS oid, table_name AS relname, schema_name, 'r' AS relkind, 2 AS relam, temporary AS is_temporary,
  index_count > 0 OR has_primary_key AS relhasindex, check_constraint_count AS relchecks, column_count AS relnatts, estimated_size AS reltuples, comment
FROM duckdb_tables() WHERE database_name IN (current_database(), 'temp')
UNION ALL SELECT 16385 + view_oid * 4, view_name, schema_name, 'v', 0, temporary, false, 0, column_count, -1, comment
FROM duckdb_views() WHERE database_name IN (current_database(), 'temp') AND NOT internal
UNION ALL SELECT 16386 + index_oid * 4, index_name, schema_name, 'i', 403, false, false, 0, 1, 0, comment
FROM duckdb_indexes() WHERE database_name = current_database()
UNION ALL SELECT 16387 + sequence_oid * 4, sequence_name, schema_name, 'S', 0, temporary, false, 0, 3, 1, comment
FROM duckdb_sequences() WHERE database_name = current_database()
UNION ALL SELECT index_oid, name, schema_name, 'i', 403, false, false, 0, len(columns), 0, NULL FROM sqlml_pg.main.constraints WHERE kind IN ('PRIMARY KEY', 'UNIQUE');
CREATE VIEW pg_class AS
SELECT r.oid, relname, CASE schema_name WHEN 'main' THEN 2200 ELSE n.oid END AS relnamespace, 0 AS reltype, 0 AS reloftype, 10 AS relowner, relam,
  0 AS relfilenode, 0 AS reltablespace, 0 AS relpages, reltuples::FLOAT AS reltuples, 0 AS reltoastrelid, relhasindex, false AS relisshared,
  CASE WHEN is_temporary THEN 't' ELSE 'p' END AS relpersistence, relkind, relnatts, relchecks, relkind = 'v' AS relhasrules, false AS relhastriggers,
  false AS relhassubclass, false AS relrowsecurity, false AS relforcerowsecurity, true AS relispopulated,
  CASE relkind WHEN 'r' THEN 'd' ELSE 'n' END AS relreplident, false AS relispartition, NULL::VARCHAR[] AS relacl, NULL::VARCHAR[] AS reloptions, NULL::VARCHAR AS relpartbound
FROM relations r LEFT JOIN pg_namespace n ON n.nspname = schema_name;
CREATE VIEW pg_attribute AS
SELECT r.oid AS attrelid, c.column_name AS attname, type_oid(c.data_type) AS atttypid, type_modifier(c.data_type) AS atttypmod, c.column_index AS attnum,
  NOT c.is_nullable AS attnotnull, c.column_default IS NOT NULL AS atthasdef, false AS attisdropped, '' AS attidentity, '' AS attgenerated, 0 AS attcollation,
  -1 AS attlen, CASE WHEN type_oid(c.data_type) IN (25, 1043, 17) THEN 'x' WHEN type_oid(c.data_type) = 1700 THEN 'm' ELSE 'p' END AS attstorage, '' AS attcompression, -1 AS attstattarget, 0 AS attndims, c.column_default, c.comment
FROM duckdb_columns() c JOIN relations r ON r.schema_name = c.schema_name AND r.relname = c.table_name AND r.relkind IN ('r', 'v')
WHERE c.database_name IN (current_database(), 'temp');
CREATE VIEW pg_attrdef AS
SELECT attrelid AS adrelid, attnum AS adnum, column_default AS adbin, 3000000 + attrelid * 1000 + attnum AS oid FROM pg_attribute WHERE atthasdef;
CREATE VIEW pg_index AS
SELECT index_oid AS indexrelid, table_oid AS indrelid, kind = 'PRIMARY KEY' AS indisprimary, true AS indisunique, false AS indisclustered, true AS indisvalid, true AS indimmediate, false AS indnullsnotdistinct,
  true AS indisready, false AS indisreplident, list_transform(places, lambda p: p + 1) AS indkey, len(columns) AS indnatts, len(columns) AS indnkeyatts, columns AS names,
  NULL::VARCHAR AS indexprs, NULL::VARCHAR AS indpred
FROM constraints WHERE kind IN ('PRIMARY KEY', 'UNIQUE')
UNION ALL SELECT 16386 + index_oid * 4, 16384 + table_oid * 4, false, is_unique, false, true, true, false, true, false, NULL, 1, 1, [trim(e, '"') FOR e IN string_split(trim(expressions, '[]'), ', ')], NULL, NULL
FROM duckdb_indexes() WHERE database_name = current_database();
CREATE VIEW pg_constraint AS
SELECT oid, name AS conname, 2200 AS connamespace, CASE kind WHEN 'PRIMARY KEY' THEN 'p' WHEN 'UNIQUE' THEN 'u' WHEN 'FOREIGN KEY' THEN 'f' ELSE 'c' END AS contype,
  false AS condeferrable, false AS condeferred, true AS convalidated, table_oid AS conrelid, CASE WHEN kind IN ('PRIMARY KEY', 'UNIQUE') THEN index_oid ELSE 0 END AS conindid,
  0 AS conparentid, list_transform(places, lambda p: p + 1) AS conkey,
  coalesce((SELECT r.oid FROM relations r WHERE r.relname = referenced_table AND r.relkind = 'r' LIMIT 1), 0) AS confrelid,
  CASE kind WHEN 'CHECK' THEN 'CHECK ' || CASE WHEN expression LIKE '(%)' THEN expression ELSE '(' || expression || ')' END
    WHEN 'FOREIGN KEY' THEN 'FOREIGN KEY (' || array_to_string(columns, ', ') || ') REFERENCES ' || referenced_table || '(' || array_to_string(referenced_column_names, ', ') || ')'
    ELSE kind || ' (' || array_to_string(columns, ', ') || ')' END AS definition
FROM constraints;
CREATE VIEW pg_proc AS
SELECT function_oid AS oid, function_name AS proname, 2200 AS pronamespace, 'f' AS prokind, array_to_string(parameters, ', ') AS arguments
FROM duckdb_functions() WHERE database_name = current_database() AND NOT internal;
CREATE MACRO to_regtype(x) AS (SELECT own.oid FROM sqlml_pg.main.pg_type own WHERE own.typname = x);
CREATE MACRO version() AS 'PostgreSQL 15.0 (sqlml)';
CREATE MACRO array_upper(x, dimension) AS len(x);
CREATE MACRO pg_get_userbyid(x) AS 'sqlml';
CREATE MACRO pg_table_is_visible(x) AS x IN (SELECT c.oid FROM sqlml_pg.main.pg_class c JOIN sqlml_pg.main.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema());
CREATE MACRO pg_function_is_visible(x) AS true;
CREATE MACRO pg_relation_is_publishable(x) AS false;
CREATE MACRO pg_get_expr(a, b, c := true) AS a;
CREATE MACRO pg_get_constraintdef(x, pretty := true) AS (SELECT definition FROM sqlml_pg.main.pg_constraint WHERE oid = x);
CREATE MACRO pg_get_indexdef(x, place := 0, pretty := true) AS (
  SELECT 'CREATE ' || CASE WHEN own_index.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || own_class.relname || ' ON ' || own_table.relname || ' USING btree (' || array_to_string(own_index.names, ', ') || ')'
  FROM sqlml_pg.main.pg_index own_index JOIN sqlml_pg.main.pg_class own_class ON own_class.oid = own_index.indexrelid JOIN sqlml_pg.main.pg_class own_table ON own_table.oid = own_index.indrelid WHERE own_index.indexrelid = x);
CREATE MACRO pg_get_statisticsobjdef_columns(x) AS NULL;
CREATE MACRO pg_encoding_to_char(x) AS 'UTF8';
CREATE MACRO pg_table_size(x) AS (SELECT sum(reltuples)::BIGINT FROM sqlml_pg.main.pg_class WHERE oid = x);
CREATE MACRO pg_size_pretty(x) AS x || ' rows';
CREATE MACRO obj_description(x, y) AS (SELECT comment FROM sqlml_pg.main.relations WHERE oid = x);
CREATE MACRO col_description(x, y) AS (SELECT comment FROM sqlml_pg.main.pg_attribute WHERE attrelid = x AND attnum = y);
CREATE MACRO pg_get_function_result(x) AS NULL;
CREATE MACRO pg_get_function_arguments(x) AS (SELECT arguments FROM sqlml_pg.main.pg_proc WHERE oid = x LIMIT 1);
CREATE MACRO pg_get_viewdef(x, pretty := true) AS (SELECT sql FROM duckdb_views() WHERE 16385 + view_oid * 4 = x AND database_name = current_database() LIMIT 1);
CREATE MACRO regclass(x) AS (SELECT relname FROM sqlml_pg.main.pg_class WHERE oid = x);
