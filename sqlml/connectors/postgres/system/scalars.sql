-- Functions that PostgreSQL's users call in queries of their own, and that DuckDB lacks.
CREATE MACRO clock_timestamp() AS current_localtimestamp()::TIMESTAMPTZ;
CREATE MACRO quote_ident(x) AS sqlml_pg.main.quoted(x);
CREATE MACRO quote_literal(x) AS '''' || replace(x::VARCHAR, '''', '''''') || '''';
CREATE MACRO quote_nullable(x) AS coalesce(sqlml_pg.main.quote_literal(x), 'NULL');
CREATE MACRO initcap(x) AS array_to_string(list_transform(regexp_extract_all(x, '[[:alnum:]]+|[^[:alnum:]]+'), lambda w: upper(w[1]) || lower(w[2:])), '');
CREATE MACRO div(x, y) AS trunc(x / y);
CREATE MACRO width_bucket(x, low, high, count) AS CASE WHEN x < low THEN 0 WHEN x >= high THEN count + 1 ELSE (floor((x - low) * count / (high - low)) + 1)::INTEGER END;
CREATE MACRO to_hex(x) AS lower(hex(x));
CREATE MACRO make_interval(years := 0, months := 0, weeks := 0, days := 0, hours := 0, mins := 0, secs := 0) AS
  to_months(12 * years + months) + to_days(7 * weeks + days) + to_seconds(3600 * hours + 60 * mins + secs);
CREATE MACRO array_replace(x, old, new) AS list_transform(x, lambda e: CASE WHEN e IS NOT DISTINCT FROM old THEN new ELSE e END);
CREATE MACRO number_grouped(whole, least, is_grouped, point) AS CASE WHEN whole = '0' AND least = 0 AND point <> '' THEN ''
  WHEN is_grouped THEN format('{:,}', whole::HUGEINT) ELSE lpad(whole, greatest(least, len(whole))::INTEGER, '0') END;
CREATE MACRO number_laid(whole, part, is_negative, places, least, is_grouped, point, is_trimmed, front) AS
  CASE WHEN len(whole) > places AND whole <> '0' THEN front || repeat('#', places::INTEGER) || point || repeat('#', len(part)::INTEGER)
  ELSE front || CASE WHEN is_negative THEN '-' ELSE '' END || sqlml_pg.main.number_grouped(whole, least, is_grouped, point)
    || point || CASE WHEN is_trimmed THEN rtrim(part, '0') ELSE part END END;
CREATE MACRO number_padded(text, width) AS CASE WHEN width > len(text) THEN lpad(text, width::INTEGER, ' ') ELSE text END;
CREATE MACRO number_written(digits, is_negative, places, least, is_grouped, point, is_trimmed, width, front) AS sqlml_pg.main.number_padded(
  sqlml_pg.main.number_laid(split_part(digits, '.', 1), split_part(digits, '.', 2), is_negative, places, least, is_grouped, point, is_trimmed, front), width);
CREATE MACRO pg_typeof(x) AS (SELECT min(written) FROM sqlml_pg.main.type_names JOIN sqlml_pg.main.known_types USING (oid) WHERE name = sqlml_pg.main.bare_type(typeof(x)));
