"""Options of a run over many pictures: the source of the flags of `stylejax batch` and of the options of `stylize_table`."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from stylejax.choices import BatchSize, FormatName, Pairing, Rounding
from stylejax.errors import SettingsError

BitDepth = Literal[8, 16]


@dataclass(frozen=True)
class BatchOptions:
    """Which pictures, how they are batched, in which format, and how the run continues. `Settings` say how each is stylized."""

    about_job: ClassVar = "Which pictures to stylize, and the format of the results."

    content: tuple[str, ...] = ()
    """Instead of a table: the photographs, as patterns such as `'photos/**/*.jpg'`. A name that exists as written is no
    pattern."""

    style: tuple[str, ...] = ()
    """The style pictures, as patterns."""

    pair: Pairing = "cross"
    """`cross` combines every content with every style; `zip` the first with the first, the second with the second, and so
    on."""

    format: FormatName = "png"
    """Format of the results whose row names no output."""

    bits: BitDepth = 8
    """Bits per color channel of the results; 16 only for PNG and TIFF."""

    round: Rounding = "auto"
    """Shapes of the pictures during the optimization. `auto` uses the nearest of a few common aspects, so that few programs are
    compiled, and resizes the result to the content's aspect; a number rounds each side to a multiple of that many pixels."""

    batch_size: BatchSize = "auto"
    """Pictures in a batch; `auto` for as many as fit into memory and are of use."""

    about_resume: ClassVar = "How the run stops and resumes."

    grace: float = 25.0
    """Seconds for which the current batch may continue after Ctrl-C or SIGTERM. A second Ctrl-C stops at once."""

    retry_failed: bool = False
    """Retry the rows that failed in an earlier run."""

    skip_bad: bool = False
    """Leave out invalid rows instead of refusing the whole table."""

    def __post_init__(self):
        """Raise SettingsError, naming the option, its value and what it may be. A single pattern may be given as a string."""
        for name in ("content", "style"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, str) else tuple(value))
        if bool(self.content) != bool(self.style):
            raise SettingsError("content and style patterns go together; give both: --content and --style")
        for name, kinds in (("pair", Pairing), ("format", FormatName), ("bits", BitDepth)):
            if getattr(self, name) not in get_args(kinds):
                raise SettingsError(
                    f"{name} is {getattr(self, name)}; it must be one of {', '.join(map(str, get_args(kinds)))}"
                )
        for name in ("batch_size", "round"):
            value = getattr(self, name)
            if value != "auto" and not (isinstance(value, int) and 1 <= value <= 4096):
                raise SettingsError(f"{name} is {value}; it must be a whole number from 1 to 4096, or auto")
        if not isinstance(self.grace, int | float) or not 0 <= self.grace <= 86400:
            raise SettingsError(f"grace is {self.grace}; it must be a number of seconds from 0 to 86400")
