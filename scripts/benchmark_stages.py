"""Measure the peak memory of each stage of a large picture besides its optimization: from the file to the result.

    python scripts/benchmark_stages.py                                 24 and 100 megapixels
    python scripts/benchmark_stages.py --megapixels 4 --stages read    stages whose name contains `read`

Each stage is a process of its own. Counted is what it takes in addition to Python and the libraries: its input, its output and
what it holds between. Prints a Markdown table. Linux only, where a process can reset its peak.
"""

import dataclasses
import math
import multiprocessing
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import tifffile
import tyro
from benchmark import machine
from PIL import Image, ImageCms

from stylejax.images.io.png16 import write_png16
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import write_picture
from stylejax.images.masks import read_regions
from stylejax.images.picture import Picture
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import PictureState
from stylejax.optimize.traced_config import TracedConfig
from stylejax.preview.report import write_report
from stylejax.preview.thumbnails import make_thumbnails
from stylejax.run.inputs.job import Job
from stylejax.run.inputs.preserve_color import content_to_paint, with_kept_colors
from stylejax.run.inputs.reader import Reader
from stylejax.run.result import StylizedImage
from stylejax.run.starts import detail_of, start_of, starting_images
from stylejax.run.tiles.begin import begin_in_bands, enlarge_in_bands
from stylejax.samples import demo_photograph, paint_strokes
from stylejax.settings.settings import Settings

LIMIT = 10**10
"""Pixels of a file."""


@dataclass(frozen=True)
class Setting:
    """What a stage is measured with."""

    folder: Path
    height: int
    width: int

    @property
    def half(self) -> tuple[int, int]:
        """The shape of a picture with half the sides."""
        return self.height // 2, self.width // 2

    def levels(self) -> np.ndarray:
        """A photograph with some noise, uint8 `[height, width, 3]`."""
        return _photograph(self.height, self.width)

    def floats(self) -> np.ndarray:
        """The same as float32."""
        levels = self.levels()
        values = np.empty(levels.shape, np.float32)
        np.divide(levels, np.float32(255), out=values)
        return values

    def content(self) -> Picture:
        """It as it is read."""
        return read_picture(self.folder / "8.tif", limit=LIMIT)

    def job(self, shape: tuple[int, int] | None = None, **options: Any) -> Job:
        """It as a content, or one of another shape."""
        levels = _photograph(*(shape or (self.height, self.width)))
        settings = Settings(**options)
        content = Reader(LIMIT).content(Reader(LIMIT).read(levels), settings)
        return Job(content, (paint_strokes(512, 512),), settings)

    def painting(self) -> StylizedImage:
        """It as a result."""
        return StylizedImage(self.floats(), None, [], Settings(), "vgg19-slim", {})


_LABELS = np.tri(512, dtype=np.float32)[..., np.newaxis].repeat(3, 2)

Prepare = Callable[[Setting], Any]
Act = Callable[[Setting, Any], object]


def _read(name: str) -> tuple[Prepare, Act]:
    return lambda _: None, lambda setting, _: read_picture(setting.folder / name, limit=LIMIT)


def _write(name: str, bits: int) -> tuple[Prepare, Act]:
    return Setting.floats, lambda setting, pixels: write_picture(setting.folder / f"out.{name}", pixels, bits=bits)


def _start(**options: Any) -> tuple[Prepare, Act]:
    return lambda setting: setting.job(setting.half, **options), lambda setting, job: jax.block_until_ready(
        starting_images([job], setting.height, setting.width)
    )


def _state(job: Job, height: int, width: int) -> PictureState:
    return begin_in_bands([start_of(job, height, width)], StaticConfig.of(job.settings))


def _begin(setting: Setting, job: Job) -> object:
    return _state(job, setting.height, setting.width)


def _enlarge(setting: Setting, given: tuple[Job, PictureState]) -> object:
    job, state = given
    shape, static = (setting.height, setting.width), StaticConfig.of(job.settings)
    traced = jax.device_get(TracedConfig.of([job.settings]))
    return enlarge_in_bands(state, traced, [detail_of(job, setting.half, shape)], shape=shape, static=static)


def _thumbnail(_: Setting, pictures: jax.Array) -> object:
    return np.asarray(make_thumbnails(pictures))


def _keep(setting: Setting, given: tuple[Picture, np.ndarray]) -> object:
    content, painted = given
    return with_kept_colors(painted[np.newaxis], [content], [Settings(keep_color="luminance")])


def _report(setting: Setting, painting: StylizedImage) -> object:
    painting = dataclasses.replace(painting, settings=Settings(size=60_000))
    return write_report(setting.folder / "report.html", painting, setting.folder / "8.jpg", [paint_strokes(512, 512)])


STAGES: dict[str, tuple[Prepare, Act]] = {
    "read JPEG": _read("8.jpg"),
    "read JPEG, turned": _read("turned.jpg"),
    "read JPEG, profile": _read("profile.jpg"),
    "read PNG": _read("8.png"),
    "read PNG, alpha": _read("alpha.png"),
    "read PNG, 16 bits": _read("16.png"),
    "read TIFF": _read("8.tif"),
    "read TIFF, profile": _read("profile.tif"),
    "read TIFF, 16 bits": _read("16.tif"),
    "two labels": (
        lambda setting: str(setting.folder / "labels.png"),
        lambda setting, labels: read_regions(
            [labels], [_LABELS], (setting.height, setting.width), [_LABELS.shape], limit=LIMIT
        ),
    ),
    "luminance of the content": (
        Setting.content,
        lambda _, content: content_to_paint(content.samples, Settings(keep_color="luminance")),
    ),
    "content at half the size": (Setting.job, lambda setting, job: job.content_at(*setting.half)),
    "content from half the size": (
        lambda setting: setting.job(setting.half),
        lambda setting, job: job.content_at(setting.height, setting.width),
    ),
    "start recolored": _start(init="recolored"),
    "start content": _start(init="content"),
    "start style-stats": _start(init="style-stats"),
    "start noise": _start(init="noise"),
    "state in tiles": (lambda setting: setting.job(setting.half), _begin),
    "state in tiles, enlarged": (
        lambda setting: (setting.job(setting.half, detail=0.5), _state(setting.job(setting.half), *setting.half)),
        _enlarge,
    ),
    "colors of the content": (lambda setting: (setting.content(), setting.floats()), _keep),
    "thumbnail": (lambda setting: jax.device_put(setting.floats()[np.newaxis]), _thumbnail),
    "report": (Setting.painting, _report),
    "write JPEG": _write("jpg", 8),
    "write PNG": _write("png", 8),
    "write PNG, 16 bits": _write("png", 16),
    "write TIFF": _write("tif", 8),
    "write TIFF, 16 bits": _write("tif", 16),
}


@dataclass(frozen=True)
class Benchmark:
    """Measure the peak memory of the stages."""

    megapixels: tuple[int, ...] = (24, 100)
    """Sizes of the picture, whose sides are as 3 to 2."""

    stages: str = ""
    """Only stages whose name contains this."""

    def run(self) -> None:
        """Run all measurements and print the table."""
        print(machine.describe(), "", "| stage | " + " | ".join(f"{size} MP" for size in self.megapixels) + " |", sep="\n")
        print("| --- |" + " ---: |" * len(self.megapixels))
        with tempfile.TemporaryDirectory() as place:
            settings = []
            for size in self.megapixels:
                width = round(math.sqrt(size * 1.5e6))
                settings.append(Setting(Path(place) / str(size), round(width / 1.5), width))
                _alone(_make_files, settings[-1])
            for name in STAGES:
                if self.stages in name:
                    peaks = [_alone(_measure, setting, name) for setting in settings]
                    each = [_cell(peak, setting) for peak, setting in zip(peaks, settings, strict=True)]
                    print(f"| {name} | {' | '.join(each)} |", flush=True)


def _cell(peak: int, setting: Setting) -> str:
    return f"{peak / 1e9:.2f} GB, {peak / (setting.height * setting.width):.1f} B a pixel"


def _alone(function: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def _measure(setting: Setting, name: str) -> int:
    """Peak bytes of a stage, with its input and its output."""
    prepare, act = STAGES[name]
    jax.block_until_ready(jax.numpy.zeros(3) + 1)
    before = _status("VmRSS")
    given = prepare(setting)
    Path("/proc/self/clear_refs").write_text("5")  # the peak becomes what is resident now
    act(setting, given)
    return _status("VmHWM") - before


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


def _photograph(height: int, width: int) -> np.ndarray:
    cat = Image.fromarray(np.rint(255 * demo_photograph()).astype(np.uint8)).resize((width, 300))
    rows = np.asarray(cat)
    noise = np.random.default_rng(0).integers(0, 5, (64, width, 3), np.uint8)
    levels = np.empty((height, width, 3), np.uint8)
    for row in range(height):
        np.add(rows[row * 300 // height] // 2, noise[row % 64], out=levels[row])
    return levels


def _make_files(setting: Setting) -> None:
    setting.folder.mkdir()
    levels, place = setting.levels(), setting.folder
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    other = _wide_profile(profile)
    image = Image.fromarray(levels)
    image.save(place / "8.jpg", quality=90)
    image.save(place / "profile.jpg", quality=90, icc_profile=other)
    exif = Image.Exif()
    exif[274] = 6
    image.save(place / "turned.jpg", quality=90, exif=exif)
    image.save(place / "8.png", compress_level=1)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(place / "alpha.png", compress_level=1)
    Image.fromarray(255 * np.tri(*levels.shape[:2], dtype=np.uint8)).save(place / "labels.png")
    del image
    tiled: dict[str, Any] = {"tile": (256, 256), "photometric": "rgb", "compression": "zlib", "predictor": True}
    tifffile.imwrite(place / "8.tif", levels, **tiled)
    deep = levels.astype(np.uint16) * np.uint16(257)
    del levels
    tifffile.imwrite(place / "16.tif", deep, **tiled)
    tifffile.imwrite(place / "profile.tif", deep, iccprofile=other, **tiled)
    with (place / "16.png").open("wb") as file:
        write_png16(file, deep, profile=profile, text=None)


def _wide_profile(srgb: bytes) -> bytes:
    """An RGB profile with other primaries: sRGB's with two of them exchanged."""
    return srgb.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ")


if __name__ == "__main__":
    tyro.cli(Benchmark).run()
