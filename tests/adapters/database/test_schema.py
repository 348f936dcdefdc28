"""What must hold for every table and function, those of later migrations too."""

import re
import shutil
import subprocess
from pathlib import Path

from adapters.database.embedded import binaries
from adapters.database.migrate import FOLDER, migrate
from adapters.database.pool import connect
from tests.support.database import Server, fresh_database

OURS = ["events", "read", "work", "config"]


def dump(url: str) -> str:
    """The schema as text; without the random key that guards psql against a hostile dump."""
    command = [str(binaries() / "pg_dump"), "--schema-only", "--dbname", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return re.sub(r"^\\(un)?restrict .*$", "", said, flags=re.MULTILINE)


def test_a_new_installation_and_one_that_came_through_every_release_have_the_same_schema(
    server: Server, database_url: str, tmp_path: Path
) -> None:
    shutil.copy(FOLDER / "roles.sql", tmp_path)
    with fresh_database(server) as grown:
        for path in sorted(FOLDER.glob("[0-9]*.sql")):
            shutil.copy(path, tmp_path)
            assert migrate(grown, tmp_path) == [path.name]
        assert dump(grown) == dump(database_url)


def test_every_table_with_a_tenant_is_under_row_level_security(database_url: str) -> None:
    sql = """SELECT c.oid::regclass::text FROM pg_class AS c
             JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
             WHERE c.relnamespace::regnamespace::text = ANY (%s) AND c.relkind IN ('r', 'p')
             AND NOT c.relispartition AND NOT c.relrowsecurity"""
    with connect(database_url) as connection:
        assert connection.execute(sql, (OURS,)).fetchall() == []


def test_the_api_reaches_no_table_without_a_tenant_except_the_few_that_name_nobody(database_url: str) -> None:
    sql = """SELECT c.oid::regclass::text FROM pg_class AS c
             WHERE c.relnamespace::regnamespace::text = ANY (%s) AND c.relkind IN ('r', 'p', 'v', 'm')
             AND has_table_privilege('sendtrail_api', c.oid, 'SELECT')
             AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
             ORDER BY 1"""
    with connect(database_url) as connection:
        assert connection.execute(sql, (OURS,)).fetchall() == [("config.setting",), ("read.checkpoint",)]


def test_functions_with_their_owners_rights_fix_the_search_path_and_are_not_for_everybody(database_url: str) -> None:
    sql = """SELECT p.oid::regprocedure::text FROM pg_proc AS p
             WHERE p.pronamespace::regnamespace::text = ANY (%s) AND p.prosecdef
             AND (NOT coalesce('search_path=pg_catalog' = ANY (p.proconfig), false)
                  OR EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner)))
                             WHERE grantee = 0))"""
    with connect(database_url) as connection:
        assert connection.execute(sql, (OURS,)).fetchall() == []


def test_no_role_passes_by_row_level_security(database_url: str) -> None:
    sql = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'sendtrail%' AND (rolsuper OR rolbypassrls)"
    with connect(database_url) as connection:
        assert connection.execute(sql).fetchall() == []
