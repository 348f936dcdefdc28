"""PostgreSQL: pools with a role, migrations, SQL files, and the embedded server."""
