-- The types of PostgreSQL that values here can have, as its own catalog has them; what reads and writes each of them.
CREATE TABLE type_functions AS FROM (VALUES
  (16, '', 1242, 1243, 2436, 2437), (17, '', 1244, 31, 2412, 2413), (18, '', 1245, 33, 2434, 2435), (19, '', 34, 35, 2422, 2423), (20, '', 460, 461,
  2408, 2409), (21, '', 38, 39, 2404, 2405), (22, '', 40, 41, 2410, 2411), (23, '', 42, 43, 2406, 2407), (24, '', 44, 45, 2444, 2445), (25, '', 46, 47,
  2414, 2415), (26, '', 1798, 1799, 2418, 2419), (28, '', 50, 51, 2440, 2441), (30, '', 54, 55, 2420, 2421), (114, '_', 321, 322, 323, 324), (700, '',
  200, 201, 2424, 2425), (701, '', 214, 215, 2426, 2427), (705, '', 109, 110, 2416, 2417), (1042, '', 1044, 1045, 2430, 2431), (1043, '', 1046, 1047,
  2432, 2433), (1082, '_', 1084, 1085, 2468, 2469), (1083, '_', 1143, 1144, 2470, 2471), (1114, '_', 1312, 1313, 2474, 2475), (1184, '_', 1150, 1151,
  2476, 2477), (1186, '_', 1160, 1161, 2478, 2479), (1266, '_', 1350, 1351, 2472, 2473), (1562, '_', 1579, 1580, 2458, 2459), (1700, '_', 1701, 1702,
  2460, 2461), (2205, '', 2218, 2219, 2452, 2453), (2206, '', 2220, 2221, 2454, 2455), (2249, '_', 2290, 2291, 2402, 2403), (2276, '_', 2294, 2295, 0,
  0), (2277, '_', 2296, 2297, 2502, 2503), (2278, '_', 2298, 2299, 3120, 3121), (2950, '_', 2952, 2953, 2961, 2962), (3802, '_', 3806, 3804, 3805, 3803),
  (0, '_', 750, 751, 2400, 2401)
) t(type, divider, input, output, receive, send);
CREATE TABLE pg_type AS
SELECT oid, typname, 11 AS typnamespace, 10 AS typowner, typlen, typbyval = 't' AS typbyval, typtype::one_character AS typtype,
  typcategory::one_character AS typcategory, typispreferred, true AS typisdefined, ','::one_character AS typdelim, 0 AS typrelid,
  CASE WHEN is_array THEN 'array_subscript_handler' WHEN typelem <> 0 THEN 'raw_array_subscript_handler' ELSE '-' END AS typsubscript, typelem, typarray,
  f.input AS typinput, f.output AS typoutput, f.receive AS typreceive, f.send AS typsend, 0 AS typmodin, 0 AS typmodout, 0 AS typanalyze,
  typalign, typstorage, false AS typnotnull, 0 AS typbasetype, -1 AS typtypmod, 0 AS typndims, typcollation,
  NULL::VARCHAR AS typdefaultbin, NULL::VARCHAR AS typdefault, NULL::VARCHAR[] AS typacl
FROM (SELECT *, starts_with(typname, '_') AS is_array FROM (VALUES
  (16, 'bool', 1, 't', 'b', 'B', true, 0, 1000, 'c', 'p', 0), (17, 'bytea', -1, 'f', 'b', 'U', false, 0, 1001, 'i', 'x', 0),
  (18, 'char', 1, 't', 'b', 'Z', false, 0, 1002, 'c', 'p', 0), (19, 'name', 64, 'f', 'b', 'S', false, 18, 1003, 'c', 'p', 950),
  (20, 'int8', 8, 't', 'b', 'N', false, 0, 1016, 'd', 'p', 0), (21, 'int2', 2, 't', 'b', 'N', false, 0, 1005, 's', 'p', 0),
  (22, 'int2vector', -1, 'f', 'b', 'A', false, 21, 1006, 'i', 'p', 0), (23, 'int4', 4, 't', 'b', 'N', false, 0, 1007, 'i', 'p', 0),
  (24, 'regproc', 4, 't', 'b', 'N', false, 0, 1008, 'i', 'p', 0), (25, 'text', -1, 'f', 'b', 'S', true, 0, 1009, 'i', 'x', 100),
  (26, 'oid', 4, 't', 'b', 'N', true, 0, 1028, 'i', 'p', 0), (28, 'xid', 4, 't', 'b', 'U', false, 0, 1011, 'i', 'p', 0),
  (30, 'oidvector', -1, 'f', 'b', 'A', false, 26, 1013, 'i', 'p', 0), (114, 'json', -1, 'f', 'b', 'U', false, 0, 199, 'i', 'x', 0),
  (199, '_json', -1, 'f', 'b', 'A', false, 114, 0, 'i', 'x', 0), (700, 'float4', 4, 't', 'b', 'N', false, 0, 1021, 'i', 'p', 0),
  (701, 'float8', 8, 't', 'b', 'N', true, 0, 1022, 'd', 'p', 0), (705, 'unknown', -2, 'f', 'p', 'X', false, 0, 0, 'c', 'p', 0),
  (1000, '_bool', -1, 'f', 'b', 'A', false, 16, 0, 'i', 'x', 0), (1001, '_bytea', -1, 'f', 'b', 'A', false, 17, 0, 'i', 'x', 0),
  (1002, '_char', -1, 'f', 'b', 'A', false, 18, 0, 'i', 'x', 0), (1003, '_name', -1, 'f', 'b', 'A', false, 19, 0, 'i', 'x', 950),
  (1005, '_int2', -1, 'f', 'b', 'A', false, 21, 0, 'i', 'x', 0), (1007, '_int4', -1, 'f', 'b', 'A', false, 23, 0, 'i', 'x', 0),
  (1008, '_regproc', -1, 'f', 'b', 'A', false, 24, 0, 'i', 'x', 0), (1009, '_text', -1, 'f', 'b', 'A', false, 25, 0, 'i', 'x', 100),
  (1014, '_bpchar', -1, 'f', 'b', 'A', false, 1042, 0, 'i', 'x', 100), (1015, '_varchar', -1, 'f', 'b', 'A', false, 1043, 0, 'i', 'x', 100),
  (1016, '_int8', -1, 'f', 'b', 'A', false, 20, 0, 'd', 'x', 0), (1021, '_float4', -1, 'f', 'b', 'A', false, 700, 0, 'i', 'x', 0),
  (1022, '_float8', -1, 'f', 'b', 'A', false, 701, 0, 'd', 'x', 0), (1028, '_oid', -1, 'f', 'b', 'A', false, 26, 0, 'i', 'x', 0),
  (1042, 'bpchar', -1, 'f', 'b', 'S', false, 0, 1014, 'i', 'x', 100), (1043, 'varchar', -1, 'f', 'b', 'S', false, 0, 1015, 'i', 'x', 100),
  (1082, 'date', 4, 't', 'b', 'D', false, 0, 1182, 'i', 'p', 0), (1083, 'time', 8, 't', 'b', 'D', false, 0, 1183, 'd', 'p', 0),
  (1114, 'timestamp', 8, 't', 'b', 'D', false, 0, 1115, 'd', 'p', 0), (1115, '_timestamp', -1, 'f', 'b', 'A', false, 1114, 0, 'd', 'x', 0),
  (1182, '_date', -1, 'f', 'b', 'A', false, 1082, 0, 'i', 'x', 0), (1183, '_time', -1, 'f', 'b', 'A', false, 1083, 0, 'd', 'x', 0),
  (1184, 'timestamptz', 8, 't', 'b', 'D', true, 0, 1185, 'd', 'p', 0), (1185, '_timestamptz', -1, 'f', 'b', 'A', false, 1184, 0, 'd', 'x', 0),
  (1186, 'interval', 16, 'f', 'b', 'T', true, 0, 1187, 'd', 'p', 0), (1187, '_interval', -1, 'f', 'b', 'A', false, 1186, 0, 'd', 'x', 0),
  (1231, '_numeric', -1, 'f', 'b', 'A', false, 1700, 0, 'i', 'x', 0), (1266, 'timetz', 12, 'f', 'b', 'D', false, 0, 1270, 'd', 'p', 0),
  (1270, '_timetz', -1, 'f', 'b', 'A', false, 1266, 0, 'd', 'x', 0), (1562, 'varbit', -1, 'f', 'b', 'V', true, 0, 1563, 'i', 'x', 0),
  (1563, '_varbit', -1, 'f', 'b', 'A', false, 1562, 0, 'i', 'x', 0), (1700, 'numeric', -1, 'f', 'b', 'N', false, 0, 1231, 'i', 'm', 0),
  (2205, 'regclass', 4, 't', 'b', 'N', false, 0, 2210, 'i', 'p', 0), (2206, 'regtype', 4, 't', 'b', 'N', false, 0, 2211, 'i', 'p', 0),
  (2210, '_regclass', -1, 'f', 'b', 'A', false, 2205, 0, 'i', 'x', 0), (2211, '_regtype', -1, 'f', 'b', 'A', false, 2206, 0, 'i', 'x', 0),
  (2249, 'record', -1, 'f', 'p', 'P', false, 0, 2287, 'd', 'x', 0), (2276, 'any', 4, 't', 'p', 'P', false, 0, 0, 'i', 'p', 0),
  (2277, 'anyarray', -1, 'f', 'p', 'P', false, 0, 0, 'd', 'x', 0), (2278, 'void', 4, 't', 'p', 'P', false, 0, 0, 'i', 'p', 0),
  (2950, 'uuid', 16, 'f', 'b', 'U', false, 0, 2951, 'c', 'p', 0), (2951, '_uuid', -1, 'f', 'b', 'A', false, 2950, 0, 'i', 'x', 0),
  (3802, 'jsonb', -1, 'f', 'b', 'U', false, 0, 3807, 'i', 'x', 0), (3807, '_jsonb', -1, 'f', 'b', 'A', false, 3802, 0, 'i', 'x', 0)
) t(oid, typname, typlen, typbyval, typtype, typcategory, typispreferred, typelem, typarray, typalign, typstorage, typcollation)) JOIN type_functions f ON f.type = CASE WHEN is_array THEN 0 ELSE oid END;
CREATE TABLE system_functions AS
SELECT DISTINCT unnest([input, output, receive, send]) AS oid,
  unnest(list_transform(['in', 'out', 'recv', 'send'], lambda e: coalesce(typname, 'array') || divider || e)) AS name
FROM type_functions LEFT JOIN pg_type ON type = pg_type.oid;
