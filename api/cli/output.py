"""How commands show what they found: a table for people, with a word where there is nothing."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

console = Console()


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """Print a table, or `empty` where there is no row."""
    found = list(rows)
    if not found:
        console.print(empty)
        return
    shown = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in found:
        shown.add_row(*row)
    console.print(shown)
