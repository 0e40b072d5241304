"""`stylejax stylize`: two pictures in, one painted picture out."""

import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from rich.console import Console

from stylejax.cli.default_output import STREAM, claimed_place, free_place, places_beside
from stylejax.cli.flags.stylize import Stylize
from stylejax.cli.terminal.console import plain_console
from stylejax.cli.terminal.display import display_for
from stylejax.cli.terminal.pipes import picture_output, send, standard_input
from stylejax.errors import NonFiniteError
from stylejax.files.atomic import check_writable, save_file
from stylejax.files.output_conflicts import NamedPath, check_output_conflicts
from stylejax.files.user_paths import expand_home
from stylejax.images.io.read import read_shape
from stylejax.images.io.write import check_format, check_output, encode_picture
from stylejax.optimize.config import CHUNK
from stylejax.preview.command import repeat_command
from stylejax.preview.curves import TERMS
from stylejax.preview.live import Live
from stylejax.preview.report import check_report, write_report
from stylejax.run.api import StylizeInterrupted, stylize
from stylejax.run.checkpoint.checkpoint import OWN, Checkpoint
from stylejax.run.checkpoint.state import Saved
from stylejax.run.inputs.reader import ImageSource, files_of, named_picture
from stylejax.run.memory.available import format_bytes
from stylejax.run.progress import Preparing, Progress
from stylejax.run.result import StylizedImage
from stylejax.settings.pyramid import scale_shapes
from stylejax.signals import handling_signals, mark_started
from stylejax.version import VERSION
from stylejax.weights.sources import resolve_auto


class StylizeRun(Stylize):
    """Does what the flags ask for."""

    def run(self, console: Console) -> int:
        """Paint and save; returns the exit code."""
        if self.output == STREAM:
            console, _ = plain_console(stderr=True), self._output
        self._check()
        if self.settings.model == "auto" and not self.quiet and not self.json:
            console.print(resolve_auto().message, soft_wrap=True)
        with self._page(console) as live:
            return self._run(live, console)

    def _page(self, console: Console):
        """The live page, if it is asked for."""
        if not self.watching.live:
            return nullcontext()
        content, styles = named_picture(self._content), [named_picture(style) for style in self._styles]
        names = [style.source for style in styles]
        return self.watching.page(
            console,
            f"{content.source} in the style of {', '.join(names)}",
            content,
            styles,
            record={"program": "stylejax", "version": VERSION, "content": content.source, "styles": names}
            | {"settings": self.settings.as_options()},
            quiet=self.quiet,
            as_json=self.json,
        )

    def _run(self, live: Live | None, console: Console) -> int:
        display = display_for(quiet=self.quiet, as_json=self.json, console=console)
        checkpoint = Checkpoint(self.checkpoint, minutes=self.checkpoint_every, warn=_warn) if self.checkpoint else None
        began, latest = time.monotonic(), None

        def observe(progress: Progress) -> None:
            nonlocal latest
            if latest is None and checkpoint and checkpoint.resumed:
                self._tell_of(checkpoint.resumed, console)
            latest = progress
            mark_started()
            display.show(progress)
            if self.save_every and progress.step % self.save_every == 0:
                self._save_intermediate(progress)
            if live:
                live.show(progress)

        def leave() -> None:
            display.close()
            if checkpoint:
                checkpoint.release()
            self._keep(StylizeInterrupted([]), 0, checkpoint, console)

        with handling_signals(display.stopping, on_early_exit=leave) as interrupts:
            try:
                painting = self._paint(observe, display.prepare, checkpoint)
            except StylizeInterrupted as stopped:
                display.close()
                self._keep(stopped, time.monotonic() - began, checkpoint, console)
                if live:
                    live.end("stopped", f"what there was is {self._where(in_full=True)}" if stopped.paintings else "")
                return interrupts.exit_code
            except NonFiniteError as failed:
                display.close()
                self._finish(failed.painting, time.monotonic() - began, checkpoint)
                raise NonFiniteError(f"{failed}; the last good picture is {self._where()}", failed.painting) from None
            except Exception:
                display.close()
                if latest:
                    with suppress(Exception):  # what went wrong first is told
                        self._keep(StylizeInterrupted(latest.paintings()), time.monotonic() - began, checkpoint, console)
                raise
            finally:
                display.close()
            seconds = time.monotonic() - began
            self._finish(painting, seconds, checkpoint)
            self._tell(painting, seconds, console)
        if live:
            live.end("finished", f"the picture is {self._where(in_full=True)}")
        return 0

    def _paint(
        self, observe: Callable[[Progress], None], preparing: Callable[[Preparing], None], checkpoint: Checkpoint | None
    ) -> StylizedImage:
        return stylize(
            self._content,
            *self._styles,
            settings=self.settings,
            content_masks=self.content_mask,
            style_masks=self.style_mask,
            observe=observe,
            preparing=preparing,
            every=self.save_every or CHUNK,
            checkpoint=checkpoint,
        )

    def _check(self) -> None:
        if self.output == STREAM:
            check_format(f"standard output{self._suffix}", bits=self.bits)
        else:
            check_output(self._aim, bits=self.bits)
        if self.trace:
            check_writable(self.trace)
        if self.report:
            check_report(self.report)
        check_output_conflicts(self._outputs(), inputs=self._inputs())

    def _outputs(self) -> Iterator[NamedPath]:
        if self.output != STREAM:
            yield "output", self._aim
        yield from ((what, path) for what, path in (("trace", self.trace), ("report", self.report)) if path)
        if self.checkpoint:
            yield "checkpoint", self.checkpoint / OWN
        if self.save_every:
            scales = scale_shapes(*self._shape(), self.settings)
            for scale, steps in enumerate(self.settings.steps(len(scales)), start=1):
                for step in range(self.save_every, steps + 1, self.save_every):
                    yield "picture of --save-every", self._intermediate(scale, step)

    def _inputs(self) -> Iterator[NamedPath]:
        yield "content", self.content
        yield from (("style", style) for style in self.styles)
        yield from (("mask", mask) for mask in (*self.content_mask, *self.style_mask))
        yield from ((what, expand_home(place)) for what, place in files_of(self.settings))

    def _intermediate(self, scale: int, step: int) -> Path:
        return self._aim.with_name(f"{self._aim.stem}-scale{scale}-step{step:04d}{self._aim.suffix}")

    def _shape(self) -> tuple[int, int]:
        """Height and width of the content."""
        return self._content.pixels.shape[:2] if self.content == STREAM else read_shape(self.content)

    @cached_property
    def _content(self) -> ImageSource:
        return standard_input() if self.content == STREAM else self.content

    @cached_property
    def _styles(self) -> list[ImageSource]:
        return [standard_input() if style == STREAM else style for style in self.styles]

    @property
    def _suffix(self) -> str:
        return f".{self.format or 'png'}"

    @cached_property
    def _aim(self) -> Path:
        """Where the result is to go, as far as that is known before it is there."""
        return self.output or free_place(places_beside(self.content, self.styles, self._suffix))

    @cached_property
    def _place(self) -> Path:
        """Where the result goes. A name that nobody gave is taken only now, so that no other run has it, too."""
        return self.output or claimed_place(places_beside(self.content, self.styles, self._suffix))

    @cached_property
    def _output(self) -> BinaryIO:
        """Standard output, for the picture alone from when this is first asked for."""
        return picture_output()

    def _where(self, *, in_full: bool = False) -> str:
        return "on standard output" if self.output == STREAM else f"in {self._place.resolve() if in_full else self._place}"

    def _save(self, painting: StylizedImage) -> None:
        try:
            painting.save(self._place, bits=self.bits)
        except BaseException:
            if not self.output:
                self._place.unlink()  # it was only claimed
            raise

    def _save_intermediate(self, progress: Progress) -> None:
        progress.paintings()[0].save(self._intermediate(progress.scale, progress.step), bits=self.bits)

    def _tell_of(self, resumed: Saved, console: Console) -> None:
        if self.json:
            print(json.dumps({"event": "resumed", "scale": resumed.scale, "step": resumed.step}), flush=True)
        elif not self.quiet:
            place = f"scale {resumed.scale}, step {resumed.step}"
            console.print(f"going on from {self.checkpoint}: {place}", soft_wrap=True)

    def _finish(self, painting: StylizedImage, seconds: float, checkpoint: Checkpoint | None) -> None:
        self._write(painting, seconds)
        if checkpoint:
            checkpoint.remove()

    def _write(self, painting: StylizedImage, seconds: float) -> None:
        if self.output == STREAM:
            name, image = f"picture{self._suffix}", painting.image
            data = encode_picture(name, image, alpha=painting.alpha, metadata=painting.record, bits=self.bits)
            send(data, self._output)
        else:
            self._save(painting)
        if self.trace:
            save_file(self.trace, b"".join(json.dumps(record).encode() + b"\n" for record in painting.trace))
        if self.report:
            write_report(self.report, painting, self._content, self._styles, command=self._command(), seconds=seconds)

    def _command(self) -> str:
        """The command line that paints the same again."""
        masks = {"content_masks": self.content_mask, "style_masks": self.style_mask}
        return repeat_command(self.content, self.styles, self._place, self.settings, **masks, bits=self.bits)

    def _keep(self, stopped: StylizeInterrupted, seconds: float, checkpoint: Checkpoint | None, console: Console) -> None:
        kept = bool(stopped.paintings)
        if kept:
            self._write(stopped.paintings[0], seconds)
        if self.json:
            print(json.dumps({"event": "stopped", "output": str(self._place) if kept else None}), flush=True)
        else:
            told = f"what there was is {self._where()}" if kept else "before the first steps; nothing was written"
            more = f"; the same command goes on from {self.checkpoint}" if checkpoint and checkpoint.saved else ""
            console.print(f"stopped; {told}{more}", soft_wrap=True)

    def _tell(self, painting: StylizedImage, seconds: float, console: Console) -> None:
        if self.json:
            last = {name: painting.trace[-1][name] for name in TERMS}
            result = {
                "event": "result",
                "output": str(self._place),
                "seconds": seconds,
                "peak_memory_bytes": painting.memory,
                **last,
                "record": painting.record,
                "notes": painting.notes,
                "stops": [dataclasses.asdict(stop) for stop in painting.stops],
            }
            print(json.dumps(result), flush=True)
        elif not self.quiet:
            height, width = painting.image.shape[:2]
            for note in painting.notes:
                console.print(f"note: {note}", soft_wrap=True)
            for stop in painting.stops:
                console.print(f"scale {stop.scale} had converged after {stop.step} steps")
            facts = [f"{width}×{height}", f"{seconds:.1f} s", f"peak memory {format_bytes(painting.memory)}"]
            console.print("  ".join([f"the picture is {self._where()}", *facts]), soft_wrap=True)
            if self.report:
                console.print(f"look at {self.report}", soft_wrap=True)


def _warn(told: str) -> None:
    plain_console(stderr=True).print(f"stylejax: {told}", soft_wrap=True)
