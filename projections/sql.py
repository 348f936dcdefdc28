"""SQL lives in a .sql file beside the module that runs it, parted by `-- name --` lines.

The adapters have a reader of their own like this one: the two layers do not know each other.
"""

import re
from functools import cache
from pathlib import Path

_NAME = re.compile(r"^-- (\w+) --$", re.MULTILINE)


@cache
def load(file: str) -> dict[str, str]:
    """The named statements of the .sql file beside a .py file. Raises FileNotFoundError or ValueError."""
    path = Path(file).with_suffix(".sql")
    parts = _NAME.split(path.read_text())
    if len(parts) < 3:
        raise ValueError(f"{path.name} names no statement (a line '-- name --')")
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))
