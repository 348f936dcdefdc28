"""What went wrong, in one line that never shows a row."""

import psycopg
from psycopg_pool import PoolTimeout


def in_one_line(error: Exception) -> str:
    """A database's details and context may quote values, so its first line is all that is taken."""
    if isinstance(error, psycopg.Error):
        said = error.diag.message_primary or (str(error).strip().splitlines() or [type(error).__name__])[0]
        return f"the database says: {said}"
    if isinstance(error, PoolTimeout):
        return "the database is away"
    return str(error) or type(error).__name__
