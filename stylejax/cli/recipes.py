"""`stylejax recipes`: the published recipes side by side."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stylejax.settings.recipes import RECIPES
from stylejax.settings.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Recipes:
    """Show the recipes side by side: every setting in which they differ.

    Example: stylejax stylize town.jpg starry_night.jpg -o painted.png --recipe crowson
    """

    def run(self, console: "Console") -> int:
        """Print the table; returns the exit code."""
        from rich.table import Table

        table = Table(box=None, pad_edge=False)
        for heading in ("setting", *RECIPES):
            table.add_column(heading, overflow="fold")
        for field in dataclasses.fields(Settings):
            values = [_short(getattr(settings, field.name)) for settings in RECIPES.values()]
            if field.name != "recipe" and len(set(values)) > 1:
                table.add_row(field.name, *values)
        if not console.is_terminal:
            console.width = 160
        console.print(table)
        return 0


def _short(value: object) -> str:
    """A value, shortened as far as recipes remain distinguishable."""
    if isinstance(value, str) and "=" in value:
        pairs = (entry.partition("=") for entry in value.split(","))
        return " ".join(f"{layer}={float(weight):.3g}" for layer, _, weight in pairs)
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace(",", " ")
