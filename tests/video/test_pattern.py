"""The clips that `video` names."""

from pathlib import Path

import pytest

from stylejax.errors import SettingsError
from stylejax.video.media.pattern import clips_of


def test_a_pattern_names_several_clips_whose_videos_go_into_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.mp4", "a.mp4", "a.mov", "notes.txt"):
        Path(name).touch()
    Path("out").mkdir()
    Path("out/old.mp4").touch()
    Path("c[1].mp4").touch()
    named = {str(clip): str(output) for clip, output in clips_of(Path("**/*.m*"), Path("out"))}
    assert named == {
        "a.mov": "out/a.mov.mp4",
        "a.mp4": "out/a.mp4.mp4",
        "b.mp4": "out/b.mp4",
        "c[1].mp4": "out/c[1].mp4",
    }
    assert clips_of(Path("c[1].mp4"), Path("one.mkv")) == [(Path("c[1].mp4"), Path("one.mkv"))]
    assert clips_of(Path("missing.mp4"), Path("one.mkv")) == [(Path("missing.mp4"), Path("one.mkv"))]
    with pytest.raises(SettingsError, match=r"no clip matches x\*; check the pattern"):
        clips_of(Path("x*"), Path("out"))
    with pytest.raises(SettingsError, match="name a folder for the videos"):
        clips_of(Path("*.mp4"), Path("out.mp4"))
