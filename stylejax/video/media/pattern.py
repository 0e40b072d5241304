"""The clips that `video` names: one, or all that match a pattern."""

import glob
from collections import Counter
from pathlib import Path

from stylejax.errors import SettingsError


def clips_of(clip: Path, output: Path) -> list[tuple[Path, Path]]:
    """The clips, each with its output.

    Args:
        clip: a clip, or a pattern such as `clips/*.mp4`; a name that exists as it is written is no pattern.
        output: of one clip; for a pattern a folder, in which each video is named after its clip.

    Raises:
        SettingsError: the pattern matches nothing, or the output is no folder.
    """
    if clip.exists() or not glob.has_magic(str(clip)):
        return [(clip, output)]
    if output.suffix:
        raise SettingsError(f"got the pattern {clip} and the output {output}; name a folder for the videos")
    matches = sorted(Path(match) for match in glob.glob(str(clip), recursive=True))  # noqa: PTH207 - as for `batch`
    found = [match for match in matches if not match.resolve().is_relative_to(output.resolve())]
    if not found:
        raise SettingsError(f"no clip matches {clip}; check the pattern, and quote it so that the shell leaves it alone")
    twins = Counter(match.stem.casefold() for match in found)
    names = [match.name if twins[match.stem.casefold()] > 1 else match.stem for match in found]
    return [(match, output / f"{name}.mp4") for match, name in zip(found, names, strict=True)]
