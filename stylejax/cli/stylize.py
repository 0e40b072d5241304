"""`stylejax stylize`: one photograph in the style of one painting or several."""

import dataclasses
import json
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress

from rich.console import Console

from stylejax.choices import LOSSES
from stylejax.cli.default_output import STREAM
from stylejax.cli.stylize_files import StylizeFiles
from stylejax.cli.terminal.console import plain_console
from stylejax.cli.terminal.run_display import RunDisplay, run_display
from stylejax.cli.together import end_others, relying_on_others
from stylejax.errors import NonFiniteError, StylejaxError
from stylejax.optimize.config import CHUNK
from stylejax.preview.live import Live
from stylejax.preview.report import title_of
from stylejax.run.api import stylize
from stylejax.run.checkpoint.checkpoint import Checkpoint
from stylejax.run.checkpoint.state import Saved
from stylejax.run.inputs.reader import named_picture
from stylejax.run.memory.available import format_bytes
from stylejax.run.progress import Preparing, Progress
from stylejax.run.result import StylizedImage, StylizeInterrupted
from stylejax.settings.record import recorded_settings
from stylejax.signals import handling_signals, mark_started
from stylejax.version import VERSION
from stylejax.weights.sources import resolve_auto


class StylizeRun(StylizeFiles):
    """Executes the command."""

    def run(self, console: Console) -> int:
        """Stylize and save; returns the exit code."""
        if self.output == STREAM:
            console, _ = plain_console(stderr=True), self._output
        self._check_files()
        if self.settings.model == "auto" and not self.quiet and not self.json:
            console.print(resolve_auto().message, soft_wrap=True)
        with self._page(console) as live:
            return self._run(live, console)

    def _page(self, console: Console):
        """The live page, if the user wants it."""
        if not self.watching.live:
            return nullcontext()
        content, *styles = (named_picture(source, limit=self._limit) for source in (self._content, *self._styles))
        names = [style.source for style in styles]
        record = {"program": "stylejax", "version": VERSION, "content": content.source, "styles": names}
        record["settings"] = recorded_settings(self.settings)
        live = Live(title_of(content.source, styles), content, styles, record)
        return self.watching.page(console, live, quiet=self.quiet, as_json=self.json)

    def _run(self, live: Live | None, console: Console) -> int:
        """Stylize, and write what there is however it ends; returns the exit code."""
        display = run_display(quiet=self.quiet, as_json=self.json, console=console)
        checkpoint = self._checkpoint()
        observer, began = _Observer(self, display, checkpoint, live, console), time.monotonic()

        def leave() -> None:
            display.close()
            if checkpoint:
                checkpoint.release()
            self._keep([], 0, checkpoint, console)
            end_others()

        with handling_signals(display.stopping, on_early_exit=leave) as interrupts:
            try:
                with relying_on_others(display.close):
                    painting = self._stylize(observer, display.show, checkpoint)
            except StylizeInterrupted as stopped:
                display.close()
                self._keep(stopped.results, time.monotonic() - began, checkpoint, console)
                if live:
                    live.end("stopped", message=f"what there was is {self._where(in_full=True)}" if stopped.results else "")
                return interrupts.exit_code
            except NonFiniteError as failed:
                display.close()
                self._finish(failed.result, time.monotonic() - began, checkpoint)
                raise NonFiniteError(f"{failed}; the last good picture is {self._where()}", failed.result) from None
            except Exception:
                display.close()
                if observer.latest:
                    with suppress(Exception):  # the first error is the one to report
                        self._keep(observer.latest.results(), time.monotonic() - began, checkpoint, console)
                raise
            finally:
                display.close()
            seconds = time.monotonic() - began
            self._finish(painting, seconds, checkpoint)
            self._print_result(painting, seconds, console)
        if live:
            live.end("finished", message=f"the picture is {self._where(in_full=True)}")
        return 0

    def follow(self) -> None:
        """Compute this process's part of the picture, which process 0 shows and writes."""
        with handling_signals(lambda number: None, on_early_exit=end_others):
            self._stylize(lambda progress: mark_started(), None, self._checkpoint())

    def _checkpoint(self) -> Checkpoint | None:
        return Checkpoint(self.checkpoint, minutes=self.checkpoint_every, warn=_warn) if self.checkpoint else None

    def _stylize(
        self,
        observe: Callable[[Progress], None],
        preparing: Callable[[Preparing], None] | None,
        checkpoint: Checkpoint | None,
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
            devices=self.devices,
            split=self.split,
        )

    def _finish(self, painting: StylizedImage, seconds: float, checkpoint: Checkpoint | None) -> None:
        try:
            self._write(painting, seconds)
        except StylejaxError as problem:  # a full disk, for example
            if checkpoint:
                checkpoint.save()
            if checkpoint and checkpoint.saved:
                raise StylejaxError(f"{problem}; correct that, and the same command resumes from {self.checkpoint}") from None
            raise
        if checkpoint:
            checkpoint.remove()

    def _keep(self, results: list[StylizedImage], seconds: float, checkpoint: Checkpoint | None, console: Console) -> None:
        """Write the picture of a run that was stopped, if there is one, and print where it is."""
        for painting in results:
            self._write(painting, seconds)
        if self.json:
            print(json.dumps({"event": "stopped", "output": str(self._place) if results else None}), flush=True)
        else:
            kept = f"what there was is {self._where()}" if results else "before the first steps; nothing was written"
            more = f"; the same command resumes from {self.checkpoint}" if checkpoint and checkpoint.saved else ""
            console.print(f"stopped; {kept}{more}", soft_wrap=True)

    def _print_resumed(self, resumed: Saved, console: Console) -> None:
        if self.json:
            print(json.dumps({"event": "resumed", "scale": resumed.scale, "step": resumed.step}), flush=True)
        elif not self.quiet:
            place = f"scale {resumed.scale}, step {resumed.step}"
            console.print(f"going on from {self.checkpoint}: {place}", soft_wrap=True)

    def _print_result(self, painting: StylizedImage, seconds: float, console: Console) -> None:
        if self.json:
            last = {name: painting.trace[-1][name] for name in LOSSES}
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


class _Observer:
    """Shows the progress of a run, and remembers the latest."""

    def __init__(
        self, run: StylizeRun, display: RunDisplay, checkpoint: Checkpoint | None, live: Live | None, console: Console
    ):
        self._run, self._display, self._checkpoint, self._live, self._console = run, display, checkpoint, live, console
        self.latest: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        run = self._run
        if self.latest is None and self._checkpoint and self._checkpoint.resumed:
            run._print_resumed(self._checkpoint.resumed, self._console)
        self.latest = progress
        mark_started()
        self._display.show(progress)
        if run.save_every and progress.step % run.save_every == 0:
            run._save_intermediate(progress)
        if self._live:
            self._live.show(progress)


def _warn(problem: str) -> None:
    plain_console(stderr=True).print(f"stylejax: {problem}", soft_wrap=True)
