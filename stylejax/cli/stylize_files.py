"""The files of `stylejax stylize`: what it reads, where its result goes, and writing it."""

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from stylejax.cli.default_output import STREAM, claimed_place, free_place, places_beside
from stylejax.cli.flags.stylize import Stylize
from stylejax.cli.terminal.pipes import picture_output, send, standard_input
from stylejax.files.atomic import check_writable, save_file
from stylejax.files.output_conflicts import NamedPath, check_output_conflicts
from stylejax.images.io.read import read_shape
from stylejax.images.io.write import check_format, check_output, encode_picture
from stylejax.preview.command import repeat_command
from stylejax.preview.report import check_report, write_report
from stylejax.run.checkpoint.checkpoint import OWN
from stylejax.run.inputs.reader import ImageSource, files_of
from stylejax.run.progress import Progress
from stylejax.run.result import StylizedImage
from stylejax.settings.pyramid import pixel_limit, scale_shapes


class StylizeFiles(Stylize):
    """The flags, with the files that they name."""

    def _check_files(self) -> None:
        """Raise StylejaxError when an output cannot be written, or is an input or another output."""
        if self.output == STREAM:
            check_format(self._stream_name, bits=self.bits)
        else:
            check_output(self._aim, bits=self.bits)
        if self.trace:
            check_writable(self.trace)
        if self.report:
            check_report(self.report)
        self.watching.check()
        check_output_conflicts(self._outputs(), inputs=self._inputs())
        height, width = scale_shapes(*self._shape(), self.settings)[-1]
        check_format(self._stream_name if self.output == STREAM else self._aim, bits=self.bits, height=height, width=width)

    def _outputs(self) -> Iterator[NamedPath]:
        """Every file that the run may write."""
        if self.output != STREAM:
            yield "output", self._aim
        yield from ((purpose, path) for purpose, path in (("trace", self.trace), ("report", self.report)) if path)
        if self.checkpoint:
            yield "checkpoint", self.checkpoint / OWN
        if self.save_every:
            scales = scale_shapes(*self._shape(), self.settings)
            for scale, steps in enumerate(self.settings.steps(len(scales)), start=1):
                for step in range(self.save_every, steps + 1, self.save_every):
                    yield "picture of --save-every", self._intermediate(scale, step)

    def _inputs(self) -> Iterator[NamedPath]:
        """Every file that the run reads."""
        yield "content", self.content
        yield from (("style", style) for style in self.styles)
        yield from (("mask", mask) for mask in (*self.content_mask, *self.style_mask))
        yield from files_of(self.settings)

    def _intermediate(self, scale: int, step: int) -> Path:
        return self._aim.with_name(f"{self._aim.stem}-scale{scale}-step{step:04d}{self._aim.suffix}")

    def _shape(self) -> tuple[int, int]:
        """Height and width of the content."""
        if self.content == STREAM:
            return self._content.height, self._content.width
        return read_shape(self.content, limit=self._limit)

    @cached_property
    def _content(self) -> ImageSource:
        return standard_input(self._limit) if self.content == STREAM else self.content

    @cached_property
    def _styles(self) -> list[ImageSource]:
        return [standard_input(self._limit) if style == STREAM else style for style in self.styles]

    @property
    def _limit(self) -> int:
        return pixel_limit(self.settings)

    @property
    def _suffix(self) -> str:
        return f".{self.format or 'png'}"

    @property
    def _stream_name(self) -> str:
        """What messages call standard output."""
        return f"standard output{self._suffix}"

    @cached_property
    def _aim(self) -> Path:
        """Where the result will probably go, before its name is claimed."""
        return self.output or free_place(places_beside(self.content, self.styles, self._suffix))

    @cached_property
    def _place(self) -> Path:
        """Where the result goes. A name that the user did not give is claimed now, so that no other run takes it."""
        return self.output or claimed_place(places_beside(self.content, self.styles, self._suffix))

    @cached_property
    def _output(self) -> BinaryIO:
        """Standard output; from the first access on only the picture goes there."""
        return picture_output()

    def _where(self, *, in_full: bool = False) -> str:
        """The place of the result in words, with its whole path if `in_full`."""
        return "on standard output" if self.output == STREAM else f"in {self._place.resolve() if in_full else self._place}"

    def _save(self, painting: StylizedImage) -> None:
        try:
            painting.save(self._place, bits=self.bits)
        except BaseException:
            if not self.output:
                self._place.unlink()  # it was only claimed
            raise

    def _save_intermediate(self, progress: Progress) -> None:
        progress.results()[0].save(self._intermediate(progress.scale, progress.step), bits=self.bits)

    def _write(self, painting: StylizedImage, seconds: float) -> None:
        """Write the result and what describes it: trace and report."""
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
        """The command line that repeats the run."""
        masks = {"content_masks": self.content_mask, "style_masks": self.style_mask}
        return repeat_command(self.content, self.styles, self._place, self.settings, **masks, bits=self.bits)
