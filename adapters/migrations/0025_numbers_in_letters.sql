-- What is searched also has its long numbers in letters (projections/digits.py): here the rows that were written before.
-- The same letters as there: one for each three digits in a row, of numbers of five digits or more.
CREATE FUNCTION pg_temp.letters(run text) RETURNS text LANGUAGE sql IMMUTABLE RETURN (
    SELECT string_agg(chr(65 + substr(run, n, 3)::int * 7919 / 31 % 26), '' ORDER BY n)
    FROM generate_series(1, length(run) - 2) AS n
);
CREATE FUNCTION pg_temp.with_letters(searched text) RETURNS text LANGUAGE sql IMMUTABLE RETURN (
    SELECT searched || E'\n' || string_agg(letters, ' ' ORDER BY first) FROM (
        SELECT pg_temp.letters(run[1]) AS letters, min(place) AS first
        FROM regexp_matches(searched, '[0-9]{5,}', 'g') WITH ORDINALITY AS m (run, place) GROUP BY 1
    ) AS numbers
);

DO $$
DECLARE listed text;
BEGIN
    FOREACH listed IN ARRAY ARRAY['attempt', 'communication'] LOOP
        EXECUTE format($sql$
            UPDATE read.%s SET search = coalesce(pg_temp.with_letters(search), search),
                search_recipient = coalesce(pg_temp.with_letters(search_recipient), search_recipient)
            WHERE search ~ '[0-9]{5}' OR search_recipient ~ '[0-9]{5}'
        $sql$, listed);
    END LOOP;
END $$;
