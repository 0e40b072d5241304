"""`stylejax demo`: a photograph in three styles, without any file of the user."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from stylejax.cli.flags.shared import CompileCache, Quiet
from stylejax.signals import handling_signals

if TYPE_CHECKING:
    from rich.console import Console

STYLE_SIZE = 512


@dataclass(frozen=True)
class Demo:
    """Paint a photograph in three styles drawn by code, with the network that comes with stylejax.

    Example: stylejax demo -o my-demo
    """

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("stylejax-demo")
    """Folder for the photograph, the three styles, the three results and the contact sheet."""

    size: int = 512
    """Long side of the results, in pixels."""

    compile_cache: CompileCache = True
    quiet: Quiet = False

    def run(self, console: "Console") -> int:
        """Draw the styles, stylize and save; returns the exit code."""
        import numpy as np

        from stylejax.cli.terminal.run_display import run_display
        from stylejax.files.output_conflicts import check_output_conflicts
        from stylejax.images.io.write import check_output, write_picture
        from stylejax.images.resize import fit_long_side, resize
        from stylejax.images.sheet import contact_sheet
        from stylejax.network.backend import local_devices
        from stylejax.run.api import stylize_batch
        from stylejax.run.result import StylizeInterrupted
        from stylejax.samples import PAINTINGS, demo_photograph

        began = time.monotonic()
        local_devices()  # fails without devices, before anything is written
        names = ["photograph", *(f"{kind}_{name}" for name in PAINTINGS for kind in ("style", "painted")), "contact_sheet"]
        for name in names:
            check_output(self.output / f"{name}.png")
        check_output_conflicts(("picture", self.output / f"{name}.png") for name in names)
        photograph = demo_photograph()
        photograph = resize(photograph, *fit_long_side(photograph.shape[0], photograph.shape[1], self.size))
        styles = {name: draw(STYLE_SIZE, STYLE_SIZE) for name, draw in PAINTINGS.items()}
        write_picture(self.output / "photograph.png", photograph)
        for name, style in styles.items():
            write_picture(self.output / f"style_{name}.png", style)

        display = run_display(quiet=self.quiet, as_json=False, console=console)
        stopped = False
        with handling_signals(display.stopping) as interrupts:
            try:
                paintings = stylize_batch(
                    [photograph] * len(styles),
                    list(styles.values()),
                    model="vgg19-slim",
                    observe=display.show,
                    preparing=display.show,
                    size=self.size,
                )
            except StylizeInterrupted as interrupted:
                paintings, stopped = interrupted.results, True
            finally:
                display.close()
            for name, painting in zip(styles, paintings, strict=False):
                painting.save(self.output / f"painted_{name}.png")
            results = [(f"painted: {name}", painting.image) for name, painting in zip(styles, paintings, strict=False)]
            inputs = [("photograph", photograph), *((f"style: {name}", style) for name, style in styles.items())]
            sheet = contact_sheet([inputs, [("", np.ones_like(photograph)), *results]])
            write_picture(self.output / "contact_sheet.png", sheet)
        if not self.quiet:
            seconds = time.monotonic() - began
            message = "stopped; " * stopped + f"wrote {len(inputs) + len(paintings) + 1} pictures in {seconds:.0f} s"
            console.print(message)
            console.print(f"look at {self.output / 'contact_sheet.png'}", soft_wrap=True)
        return interrupts.exit_code if stopped else 0
