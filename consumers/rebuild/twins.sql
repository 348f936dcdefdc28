-- twin --
-- The rows come faster without indexes; rights come last of all, so that nobody reads what is not whole.
SELECT 'CREATE TABLE read.' || quote_ident(%(next)s) || ' (LIKE read.' || quote_ident(relname)
    || ' INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS)'
    || coalesce(' WITH (' || array_to_string(reloptions, ', ') || ')', '')
FROM pg_class WHERE oid = %(live)s::regclass
UNION ALL
SELECT 'ALTER TABLE read.' || quote_ident(%(next)s) || ' ALTER COLUMN ' || quote_ident(attname)
    || ' SET STATISTICS ' || attstattarget
FROM pg_attribute WHERE attrelid = %(live)s::regclass AND attnum > 0 AND NOT attisdropped AND attstattarget >= 0
UNION ALL
SELECT 'ALTER TABLE read.' || quote_ident(%(next)s) || ' ENABLE ROW LEVEL SECURITY'
FROM pg_class WHERE oid = %(live)s::regclass AND relrowsecurity
UNION ALL
SELECT 'ALTER TABLE read.' || quote_ident(%(next)s) || ' FORCE ROW LEVEL SECURITY'
FROM pg_class WHERE oid = %(live)s::regclass AND relforcerowsecurity
UNION ALL
SELECT 'CREATE POLICY ' || quote_ident(policyname) || ' ON read.' || quote_ident(%(next)s) || ' AS ' || permissive
    || ' FOR ' || cmd || ' TO '
    || (SELECT string_agg(CASE r WHEN 'public' THEN r ELSE quote_ident(r) END, ', ') FROM unnest(roles) AS r)
    || coalesce(' USING (' || qual || ')', '') || coalesce(' WITH CHECK (' || with_check || ')', '')
FROM pg_policies WHERE schemaname = 'read' AND tablename = %(name)s

-- indexes --
-- GIN first: they take longest.
SELECT c.relname, regexp_replace(pg_get_indexdef(c.oid), ' INDEX .+? ON .+? USING ',
    ' INDEX ' || quote_ident(c.relname || '__next') || ' ON read.' || quote_ident(%(next)s) || ' USING ')
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am AS m ON m.oid = c.relam
WHERE i.indrelid = %(live)s::regclass ORDER BY m.amname = 'gin' DESC, c.relname

-- constraints --
-- Of the indexes, those that stand for a constraint: `ADD CONSTRAINT ... USING INDEX` gives them its name.
SELECT c.relname, 'ALTER TABLE read.' || quote_ident(%(name)s) || ' ADD CONSTRAINT ' || quote_ident(k.conname)
    || CASE k.contype WHEN 'p' THEN ' PRIMARY KEY' ELSE ' UNIQUE' END
    || ' USING INDEX ' || quote_ident(c.relname || '__next')
FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conindid
WHERE k.conrelid = %(live)s::regclass AND k.contype IN ('p', 'u')

-- triggers --
SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = %(live)s::regclass AND NOT tgisinternal ORDER BY tgname

-- grants --
SELECT 'GRANT ' || string_agg(a.privilege_type, ', ') || ' ON read.' || quote_ident(%(name)s) || ' TO '
    || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
    || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
FROM pg_class AS c, aclexplode(c.relacl) WITH ORDINALITY AS a (grantor, grantee, privilege_type, is_grantable, place)
WHERE c.oid = %(live)s::regclass AND a.grantee <> c.relowner GROUP BY a.grantee, a.is_grantable ORDER BY min(a.place)

-- recounts --
-- Tables that triggers keep of a list's rows are counted anew by functions of this kind: of which list, from what table.
SELECT proname FROM pg_proc WHERE pronamespace = 'read'::regnamespace
AND proname LIKE 'recount\_%' AND oidvectortypes(proargtypes) = 'text, regclass'

-- views --
-- A view stays with the table that it was made on, whatever that is called later.
SELECT DISTINCT n.nspname, v.relname, 'CREATE OR REPLACE VIEW ' || quote_ident(n.nspname) || '.' || quote_ident(v.relname)
    || coalesce(' WITH (' || array_to_string(v.reloptions, ', ') || ')', '') || ' AS ' || pg_get_viewdef(v.oid)
FROM pg_depend AS d JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
JOIN pg_class AS v ON v.oid = r.ev_class JOIN pg_namespace AS n ON n.oid = v.relnamespace
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (%(live)s::regclass[]::oid[]) AND v.relkind = 'v' ORDER BY 1, 2
