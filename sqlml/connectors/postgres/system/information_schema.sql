-- The standard's information_schema, with PostgreSQL's columns and names of types.
CREATE SCHEMA information;
CREATE VIEW information.information_schema_catalog_name AS SELECT current_database() AS catalog_name;
CREATE VIEW information.schemata AS
SELECT current_database() AS catalog_name, nspname AS schema_name, 'sqlml' AS schema_owner, NULL::VARCHAR AS default_character_set_catalog,
  NULL::VARCHAR AS default_character_set_schema, NULL::VARCHAR AS default_character_set_name, NULL::VARCHAR AS sql_path FROM main.pg_namespace;
CREATE VIEW information.tables AS
SELECT current_database() AS table_catalog, schema_name AS table_schema, relname AS table_name,
  CASE WHEN relkind = 'v' THEN 'VIEW' WHEN is_temporary THEN 'LOCAL TEMPORARY' ELSE 'BASE TABLE' END AS table_type, NULL::VARCHAR AS self_referencing_column_name,
  NULL::VARCHAR AS reference_generation, NULL::VARCHAR AS user_defined_type_catalog, NULL::VARCHAR AS user_defined_type_schema, NULL::VARCHAR AS user_defined_type_name,
  CASE relkind WHEN 'r' THEN 'YES' ELSE 'NO' END AS is_insertable_into, 'NO' AS is_typed, NULL::VARCHAR AS commit_action
FROM main.relations WHERE relkind IN ('r', 'v');
CREATE VIEW information.views AS
SELECT current_database() AS table_catalog, schemaname AS table_schema, viewname AS table_name, definition AS view_definition, 'NONE' AS check_option, 'NO' AS is_updatable,
  'NO' AS is_insertable_into, 'NO' AS is_trigger_updatable, 'NO' AS is_trigger_deletable, 'NO' AS is_trigger_insertable_into FROM main.pg_views;
CREATE VIEW information.columns AS
SELECT current_database() AS table_catalog, c.schema_name AS table_schema, relname AS table_name, attname AS column_name, attnum::INTEGER AS ordinal_position,
  column_default, CASE WHEN attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,
  CASE WHEN typelem <> 0 AND typlen = -1 THEN 'ARRAY' ELSE (SELECT written FROM main.type_names n WHERE n.oid = atttypid) END AS data_type, NULL::INTEGER AS character_maximum_length,
  CASE WHEN atttypid IN (25, 1043) THEN 1073741824 END AS character_octet_length,
  CASE atttypid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53 WHEN 1700 THEN CASE WHEN atttypmod > 0 THEN (atttypmod - 4) >> 16 END END AS numeric_precision,
  CASE WHEN atttypid IN (20, 21, 23, 700, 701) THEN 2 WHEN atttypid = 1700 THEN 10 END AS numeric_precision_radix,
  CASE WHEN atttypid IN (20, 21, 23) THEN 0 WHEN atttypid = 1700 AND atttypmod > 0 THEN (atttypmod - 4) & 65535 END AS numeric_scale,
  CASE WHEN atttypid = 1082 THEN 0 WHEN atttypid IN (1083, 1114, 1184, 1186, 1266) THEN 6 END AS datetime_precision,
  NULL::VARCHAR AS interval_type, NULL::INTEGER AS interval_precision, NULL::VARCHAR AS character_set_catalog, NULL::VARCHAR AS character_set_schema,
  NULL::VARCHAR AS character_set_name, NULL::VARCHAR AS collation_catalog, NULL::VARCHAR AS collation_schema, NULL::VARCHAR AS collation_name, NULL::VARCHAR AS domain_catalog,
  NULL::VARCHAR AS domain_schema, NULL::VARCHAR AS domain_name, current_database() AS udt_catalog, 'pg_catalog' AS udt_schema, typname AS udt_name,
  NULL::VARCHAR AS scope_catalog, NULL::VARCHAR AS scope_schema, NULL::VARCHAR AS scope_name, NULL::INTEGER AS maximum_cardinality, attnum::VARCHAR AS dtd_identifier,
  'NO' AS is_self_referencing, 'NO' AS is_identity, NULL::VARCHAR AS identity_generation, NULL::VARCHAR AS identity_start, NULL::VARCHAR AS identity_increment,
  NULL::VARCHAR AS identity_maximum, NULL::VARCHAR AS identity_minimum, 'NO' AS identity_cycle, CASE WHEN is_generated THEN 'ALWAYS' ELSE 'NEVER' END AS is_generated,
  NULL::VARCHAR AS generation_expression, CASE relkind WHEN 'r' THEN 'YES' ELSE 'NO' END AS is_updatable
FROM (SELECT *, column_name AS attname, column_index AS attnum, NOT is_nullable AS attnotnull, coalesce(k.oid, 25) AS atttypid, type_modifier(data_type) AS atttypmod
  FROM main.stored_columns LEFT JOIN main.known_types k ON k.name = bare_type(data_type)) c
JOIN main.relations r ON r.oid = relation JOIN main.pg_type t ON t.oid = atttypid;
CREATE VIEW information.table_constraints AS
SELECT current_database() AS constraint_catalog, schema_name AS constraint_schema, name AS constraint_name, current_database() AS table_catalog, schema_name AS table_schema, table_name,
  kind AS constraint_type, 'NO' AS is_deferrable, 'NO' AS initially_deferred, 'YES' AS enforced, CASE kind WHEN 'UNIQUE' THEN 'YES' END AS nulls_distinct FROM main.constraint_facts
UNION ALL SELECT current_database(), schema_name, '2200_' || relation || '_' || column_index || '_not_null', current_database(), schema_name, table_name, 'CHECK', 'NO', 'NO', 'YES', NULL
FROM main.stored_columns WHERE NOT is_nullable;
CREATE VIEW information.check_constraints AS
SELECT current_database() AS constraint_catalog, schema_name AS constraint_schema, name AS constraint_name, CASE WHEN expression LIKE '(%)' THEN '(' || expression || ')' ELSE '((' || expression || '))' END AS check_clause
FROM main.constraint_facts WHERE kind = 'CHECK'
UNION ALL SELECT current_database(), schema_name, '2200_' || relation || '_' || column_index || '_not_null', column_name || ' IS NOT NULL'
FROM main.stored_columns WHERE NOT is_nullable;
CREATE VIEW information.key_column_usage AS
SELECT current_database() AS constraint_catalog, schema_name AS constraint_schema, name AS constraint_name, current_database() AS table_catalog, schema_name AS table_schema, table_name,
  unnest(names) AS column_name, generate_subscripts(names, 1)::INTEGER AS ordinal_position,
  CASE kind WHEN 'FOREIGN KEY' THEN generate_subscripts(names, 1)::INTEGER END AS position_in_unique_constraint
FROM main.constraint_facts WHERE kind <> 'CHECK';
CREATE VIEW information.constraint_column_usage AS
SELECT current_database() AS table_catalog, schema_name AS table_schema, coalesce(referenced_table, table_name) AS table_name, unnest(CASE kind WHEN 'FOREIGN KEY' THEN referenced_column_names ELSE names END) AS column_name,
  current_database() AS constraint_catalog, schema_name AS constraint_schema, name AS constraint_name FROM main.constraint_facts;
CREATE VIEW information.constraint_table_usage AS
SELECT current_database() AS table_catalog, schema_name AS table_schema, coalesce(referenced_table, table_name) AS table_name, current_database() AS constraint_catalog,
  schema_name AS constraint_schema, name AS constraint_name FROM main.constraint_facts WHERE kind <> 'CHECK';
CREATE VIEW information.referential_constraints AS
SELECT current_database() AS constraint_catalog, f.schema_name AS constraint_schema, f.name AS constraint_name, current_database() AS unique_constraint_catalog,
  t.schema_name AS unique_constraint_schema, t.name AS unique_constraint_name, 'NONE' AS match_option, 'NO ACTION' AS update_rule, 'NO ACTION' AS delete_rule
FROM main.constraint_facts f LEFT JOIN main.foreign_keys k ON k.oid = f.oid LEFT JOIN main.constraint_facts t ON t.oid = k.key WHERE f.kind = 'FOREIGN KEY';
CREATE VIEW information.sequences AS
SELECT current_database() AS sequence_catalog, schema_name AS sequence_schema, sequence_name, 'bigint' AS data_type, 64 AS numeric_precision, 2 AS numeric_precision_radix, 0 AS numeric_scale,
  start_value::VARCHAR AS start_value, min_value::VARCHAR AS minimum_value, max_value::VARCHAR AS maximum_value, increment_by::VARCHAR AS increment,
  CASE WHEN cycle THEN 'YES' ELSE 'NO' END AS cycle_option FROM main.sequence_facts;
CREATE VIEW information.routines AS
SELECT current_database() AS specific_catalog, schema_name AS specific_schema, function_name || '_' || oid AS specific_name, current_database() AS routine_catalog,
  schema_name AS routine_schema, function_name AS routine_name, 'FUNCTION' AS routine_type, NULL::VARCHAR AS data_type, 'SQL' AS routine_body, macro_definition AS routine_definition,
  'SQL' AS external_language FROM main.function_facts;
CREATE VIEW information.parameters AS
SELECT current_database() AS specific_catalog, schema_name AS specific_schema, function_name || '_' || oid AS specific_name, generate_subscripts(parameters, 1)::INTEGER AS ordinal_position,
  'IN' AS parameter_mode, unnest(parameters) AS parameter_name, NULL::VARCHAR AS data_type FROM main.function_facts;
CREATE VIEW information.character_sets AS
SELECT NULL::VARCHAR AS character_set_catalog, NULL::VARCHAR AS character_set_schema, 'UTF8' AS character_set_name, 'UCS' AS character_repertoire, 'UTF8' AS form_of_use,
  current_database() AS default_collate_catalog, 'pg_catalog' AS default_collate_schema, 'C' AS default_collate_name;
CREATE VIEW information.enabled_roles AS SELECT rolname AS role_name FROM main.pg_roles;
CREATE VIEW information.applicable_roles AS SELECT 'sqlml' AS grantee, 'sqlml' AS role_name, 'NO' AS is_grantable WHERE false;
CREATE VIEW information.table_privileges AS
SELECT 'sqlml' AS grantor, rolname AS grantee, table_catalog, table_schema, table_name, privilege_type, 'YES' AS is_grantable,
  CASE privilege_type WHEN 'SELECT' THEN 'YES' ELSE 'NO' END AS with_hierarchy
FROM information.tables, main.pg_roles, (SELECT unnest(['INSERT', 'SELECT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS privilege_type)
WHERE rolname = 'sqlml' OR main.may_do(privilege_type);
CREATE VIEW information.column_privileges AS
SELECT p.grantor, p.grantee, p.table_catalog, p.table_schema, p.table_name, c.column_name, p.privilege_type, p.is_grantable
FROM information.table_privileges p JOIN information.columns c USING (table_schema, table_name) WHERE p.privilege_type IN ('INSERT', 'SELECT', 'UPDATE', 'REFERENCES');
CREATE VIEW information.role_table_grants AS FROM information.table_privileges;
CREATE VIEW information.element_types AS
SELECT current_database() AS object_catalog, table_schema AS object_schema, table_name AS object_name, 'TABLE' AS object_type, dtd_identifier AS collection_type_identifier,
  (SELECT min(written) FROM main.type_names n WHERE n.oid = t.typelem) AS data_type, current_database() AS udt_catalog, 'pg_catalog' AS udt_schema, udt_name[2:] AS udt_name
FROM information.columns JOIN main.pg_type t ON t.typname = udt_name WHERE data_type = 'ARRAY';
CREATE VIEW information.triggers AS
SELECT table_catalog AS trigger_catalog, table_schema AS trigger_schema, table_name AS trigger_name, '' AS event_manipulation, table_catalog AS event_object_catalog,
  table_schema AS event_object_schema, table_name AS event_object_table, 0 AS action_order, '' AS action_condition, '' AS action_statement, '' AS action_orientation, '' AS action_timing
FROM information.tables WHERE false;
CREATE VIEW information.domains AS
SELECT table_catalog AS domain_catalog, table_schema AS domain_schema, table_name AS domain_name, '' AS data_type, '' AS domain_default FROM information.tables WHERE false;
