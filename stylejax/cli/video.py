"""`stylejax video`: clips in the style of one painting or several."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from rich.console import Console

from stylejax.cli.flags.video import Video
from stylejax.cli.terminal.console import plain_console
from stylejax.cli.terminal.video_display import video_display
from stylejax.errors import SettingsError
from stylejax.files.output_conflicts import check_output_conflicts
from stylejax.preview.command import repeat_video
from stylejax.preview.live_clip import LiveClip
from stylejax.preview.report import check_report, title_of
from stylejax.preview.report_video import write_video_report
from stylejax.run.inputs.reader import files_of, named_picture
from stylejax.settings.record import recorded_settings
from stylejax.signals import handling_signals, mark_started
from stylejax.version import VERSION
from stylejax.video.api import stylize_videos
from stylejax.video.media.pattern import clips_of
from stylejax.video.progress import StylizedVideo, VideoInterrupted, VideoProgress
from stylejax.weights.sources import resolve_auto


class VideoCommand(Video):
    """Executes the command."""

    def run(self, console: Console) -> int:
        """Paint and write; returns the exit code."""
        clips = clips_of(self.clip, self.output)
        styles = [("style", style) for style in self.styles]
        inputs = [*(("clip", clip) for clip, _ in clips), *styles, *files_of(self.settings)]
        outputs = [*(("output", output) for _, output in clips), *([("report", self.report)] if self.report else [])]
        check_output_conflicts(outputs, inputs=inputs)
        if self.report:
            check_report(self.report)
            if len(clips) > 1:
                raise SettingsError(f"got {len(clips)} clips and the report {self.report}, which is of one; leave it out")
        self.watching.check()
        if self.settings.model == "auto" and not self.quiet and not self.json:
            console.print(resolve_auto().message, soft_wrap=True)
        with self._page(console) as live:
            return self._run(clips, live, console)

    def _page(self, console: Console) -> AbstractContextManager[LiveClip | None]:
        """The live page, if the user wants it."""
        if not self.watching.live:
            return nullcontext()
        styles = [named_picture(style) for style in self.styles]
        record = {"program": "stylejax", "version": VERSION, "clip": str(self.clip), "styles": list(map(str, self.styles))}
        record["settings"] = recorded_settings(self.settings)
        live = LiveClip(title_of(self.clip.name, styles), styles, record)
        return self.watching.page(console, live, quiet=self.quiet, as_json=self.json)

    def _run(self, clips: Sequence[tuple[Path, Path]], live: LiveClip | None, console: Console) -> int:
        display = video_display(quiet=self.quiet, as_json=self.json, console=console)
        began = time.monotonic()

        def leave() -> None:
            display.close()
            self._print_stopped([], console)

        def observe(progress: VideoProgress) -> None:
            mark_started()
            display.show(progress)
            if live:
                live.show(progress)

        with handling_signals(display.stopping, on_early_exit=leave) as interrupts:
            try:
                videos = self._paint(clips, observe)
            except VideoInterrupted as stopped:
                display.close()
                self._report(clips[0][0], stopped.results, time.monotonic() - began)
                self._print_stopped(stopped.results, console)
                if live:
                    where = f"{stopped.result.frames} frames are in {stopped.result.output.resolve()}" if stopped.result else ""
                    live.end("stopped", message=where)
                return interrupts.exit_code
            finally:
                display.close()
            seconds = time.monotonic() - began
            self._report(clips[0][0], videos, seconds)
        for video in videos:
            self._print_result(video, seconds, console)
        if live:
            live.end("finished", message=f"painted: {self.output.resolve()}")
        return 0

    def _paint(self, clips: Sequence[tuple[Path, Path]], observe: Callable[[VideoProgress], None]) -> list[StylizedVideo]:
        warn = plain_console(stderr=True)
        return stylize_videos(
            [clip for clip, _ in clips],
            *self.styles,
            outputs=[output for _, output in clips],
            settings=self.settings,
            video=self.options,
            observe=observe,
            warn=lambda problem: warn.print(f"stylejax: {problem}", soft_wrap=True),
        )

    def _report(self, clip: Path, videos: Sequence[StylizedVideo], seconds: float) -> None:
        if self.report and videos:
            command = repeat_video(clip, self.styles, videos[0].output, self.settings, self.options)
            write_video_report(self.report, videos[0], clip, self.styles, command=command, seconds=seconds)

    def _print_stopped(self, videos: Sequence[StylizedVideo], console: Console) -> None:
        if self.json:
            output, frames = (str(videos[-1].output), videos[-1].frames) if videos else (None, 0)
            print(json.dumps({"event": "stopped", "output": output, "frames": frames}), flush=True)
        elif not videos:
            console.print("stopped before the first frame was finished; nothing was written")
        for video in () if self.json else videos:
            text = f"stopped; {video.frames} frames are in {video.output}; the same command goes on from {video.kept}"
            console.print(text, soft_wrap=True)

    def _print_result(self, video: StylizedVideo, seconds: float, console: Console) -> None:
        if self.json:
            result = {"event": "result", "output": str(video.output), "frames": video.frames, "scenes": video.scenes}
            print(json.dumps({**result, "seconds": seconds, "record": video.record, "notes": video.notes}), flush=True)
        elif not self.quiet:
            for note in video.notes:
                console.print(f"note: {note}", soft_wrap=True)
            scenes = f"{len(video.scenes)} scenes" if len(video.scenes) > 1 else "one scene"
            frames = f"{video.frames} frames" if video.frames > 1 else "one frame"
            facts = [f"{frames} in {scenes}", f"{seconds:.1f} s"]
            console.print("  ".join([f"the clip is in {video.output}", *facts]), soft_wrap=True)
            if self.report:
                console.print(f"look at {self.report}", soft_wrap=True)
