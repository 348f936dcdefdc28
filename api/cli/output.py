"""How commands show what they found: a table for people, with a word where there is nothing."""

import os
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

WIDE = 1000
"""Characters a line may have where no person reads it: a program that does must get every id whole."""
console = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """Print a table, or `empty` where there is no row. The first column, which other commands ask for, stays whole."""
    found = list(rows)
    if not found:
        console.print(empty)
        return
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for place, column in enumerate(columns):
        shown.add_column(column, no_wrap=place == 0, overflow="fold")
    for row in found:
        shown.add_row(*row)
    console.print(shown)
