"""Clips painted from end to end: still where the motion is known, begun anew at cuts, resumed, stopped."""

import errno
import json
import os
import signal
import sys
from fractions import Fraction
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from clips import HEIGHT, WIDTH, two_scenes, write_clip, write_frames
from objectives import SHALLOW_GRAMS
from processes import STEPWISE, interruptible_process, lines
from programs import compiled_programs

import stylejax
from stylejax.errors import MissingExtraError, SettingsError
from stylejax.images.io.read import read_picture
from stylejax.video.media.clip import VideoError
from stylejax.video.media.open import open_clip
from stylejax.video.motion.flicker import warping_error
from stylejax.video.motion.flo import FlowError, write_flo
from stylejax.video.motion.trust import trust_of
from stylejax.video.motion.warp import warp

OPTIONS = SHALLOW_GRAMS | {"size": WIDTH, "smallest_size": WIDTH, "iterations": 9}
FRAMES = 3
"""Of each of two scenes."""


@pytest.fixture(scope="module")
def clip():
    return two_scenes(FRAMES)


@pytest.fixture(scope="module")
def place(tmp_path_factory, clip, folder):
    """A folder with the clip as frames and its exact flows; the flows across the cut lead nowhere."""
    place = tmp_path_factory.mktemp("clip")
    write_frames(place / "frames", [frame.pixels for frame in clip])
    for number, frame in enumerate(clip[1:], start=1):
        cut = number == FRAMES
        write_flo(place / "flow" / f"forward_{number}_{number + 1}.flo", frame.forward + 1000 * cut)
        write_flo(place / "flow" / f"backward_{number + 1}_{number}.flo", frame.backward + 1000 * cut)
    for name in ("style.png", "tiny.safetensors"):
        (place / name).write_bytes((folder / name).read_bytes())
    return place


def paint(place, model, output, **options):
    """Paint the folder of frames; no package of the extra is needed."""
    own = OPTIONS | {"flow": place / "flow"} | options
    return stylejax.stylize_video(place / "frames", place / "style.png", output=output, model=model, **own)


def painted(folder):
    return [read_picture(path).pixels for path in sorted(folder.glob("*.png"))]


@pytest.fixture(scope="module")
def whole(place, tiny_model):
    """The painted clip, with what was observed and how many chunks were compiled."""
    progresses = []
    with compiled_programs() as names:
        video = paint(place, tiny_model, place / "whole", observe=progresses.append)
    return video, progresses, names["run_chunk"]


@pytest.mark.slow
def test_two_programs_paint_the_whole_clip(whole):
    video, progresses, compiled = whole
    assert compiled == 2  # first frames, and those that follow
    assert video.frames == 2 * FRAMES
    assert video.scenes == [1, FRAMES + 1]
    assert [progress.frame for progress in progresses] == [1, 2, 3, 4, 5, 6]
    assert [progress.steps for progress in progresses] == [9, 2, 2, 9, 2, 2]  # within a scene a sixth, rounded
    assert progresses[-1].fraction == 1
    assert progresses[-1].seconds_left == 0


@pytest.mark.slow
def test_the_facts_of_each_frame_are_told_returned_and_kept(whole, clip, place, tiny_model):
    video, progresses, _ = whole
    assert [progress.facts for progress in progresses] == video.facts
    assert [facts.steps for facts in video.facts] == [9, 2, 2, 9, 2, 2]
    assert [facts.flicker is None for facts in video.facts] == [True, False, False] * 2
    seen = trust_of(clip[1].forward, clip[1].backward) > 0
    for frames, error in ((painted(place / "whole"), "flicker"), ([frame.pixels for frame in clip], "clip_flicker")):
        expected = warping_error(frames[0], frames[1], clip[1].backward, seen)
        assert getattr(video.facts[1], error) == pytest.approx(expected, rel=0.05)  # but for rounding to 8 bits
    for progress in progresses:
        assert [record["step"] for record in progress.records] == list(range(progress.steps))
        assert progress.records[-1]["total"] == progress.losses["total"] == progress.facts.total
        assert progress.content.shape == progress.picture().shape == (HEIGHT, WIDTH, 3)
    again = []
    assert paint(place, tiny_model, place / "whole", observe=again.append).facts == video.facts
    assert [progress.facts for progress in again] == video.facts
    assert not any(progress.losses or progress.records for progress in again)


@pytest.mark.slow
def test_painted_frames_hold_still_where_frames_painted_one_by_one_do_not(whole, clip, place, tiny_model):
    ours = painted(place / "whole")
    options = OPTIONS | {"init": "noise", "learning_rate": 0.1}
    free = paint(place, tiny_model, place / "held", init="noise", learning_rate=0.1)
    held = painted(free.output)
    alone = [
        stylejax.stylize(frame.pixels, place / "style.png", model=tiny_model, **options, seed=number).image
        for number, frame in enumerate(clip[:FRAMES])
    ]

    def error(frames):
        pairs = zip(pairwise(frames), clip[1:FRAMES], strict=True)
        return np.mean([((here - warp(before, frame.backward)) ** 2)[frame.seen].mean() for (before, here), frame in pairs])

    assert error(held[:FRAMES]) < error(alone) / 3
    assert error(ours[:FRAMES]) < 4 * error([frame.pixels for frame in clip[:FRAMES]])


@pytest.mark.slow
def test_a_scene_begins_as_a_picture_of_its_own(whole, place, tiny_model):
    first = place / "frames" / f"frame{FRAMES + 1}.png"
    alone = stylejax.stylize(first, place / "style.png", model=tiny_model, **OPTIONS)
    np.testing.assert_allclose(painted(place / "whole")[FRAMES], alone.image, atol=2 / 255)


@pytest.mark.slow
def test_kept_frames_are_taken_up_and_damaged_ones_painted_again(whole, place, tiny_model):
    output = place / "again"
    output.mkdir()
    for name in ("run.json", "000001.png", "000002.png", "000004.png"):
        (output / name).write_bytes((place / "whole" / name).read_bytes())
    (output / "000004.png").write_bytes((output / "000004.png").read_bytes()[:500])
    steps = []
    paint(place, tiny_model, output, observe=lambda progress: steps.append((progress.frame, bool(progress.losses))))
    assert steps == [(1, False), (2, False), (3, True), (4, True), (5, True), (6, True)]
    for path in sorted((place / "whole").glob("*.png")):
        assert path.read_bytes() == (output / path.name).read_bytes(), path.name
    with pytest.raises(VideoError, match=r"another run: style_weight is 2\.0 and was 1\.0"):
        paint(place, tiny_model, output, style_weight=2.0)


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_the_same_call_goes_on_to_the_same_bytes(whole, place, tiny_model, monkeypatch):
    output, flush = place / "full", os.fsync

    def full_at_the_fourth_frame(descriptor):
        if (output / "000003.png").exists() and any(output.glob("*.tmp")):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr("stylejax.files.atomic.os.fsync", full_at_the_fourth_frame)
        with pytest.raises(VideoError, match=r"000004\.png cannot be written: No space left on device; finished frames are"):
            paint(place, tiny_model, output)
    assert sorted(path.name for path in output.iterdir()) == ["000001.png", "000002.png", "000003.png", "run.json"]
    paint(place, tiny_model, output)
    for path in sorted((place / "whole").iterdir()):
        assert path.read_bytes() == (output / path.name).read_bytes(), path.name


@pytest.mark.slow
def test_two_runs_never_share_a_folder(whole, place, tiny_model):
    def refused(progress):
        with pytest.raises(VideoError, match=r"another run keeps its frames in .*whole; wait for it"):
            paint(place, tiny_model, place / "whole")

    paint(place, tiny_model, place / "whole", observe=refused)  # all frames are finished
    assert not list((place / "whole").glob(".*"))


@pytest.mark.slow
def test_scenes_side_by_side_are_those_painted_one_after_the_other(whole, place, tiny_model):
    def stop(progress):
        if progress.frame == 5:  # of the second scene, while the first one lacks a frame or two
            raise KeyboardInterrupt

    output = place / "interrupted"
    with compiled_programs() as names, pytest.raises(stylejax.VideoInterrupted) as stopped:
        paint(place, tiny_model, output, batch_size=2, observe=stop)
    assert names["run_chunk"] == 1  # of two frames that follow; that of a first frame is there
    assert stopped.value.result.frames < FRAMES
    assert (output / "000004.png").exists()
    assert paint(place, tiny_model, output, batch_size=2).scenes == [1, FRAMES + 1]
    progresses = []
    video = paint(place, tiny_model, place / "together", batch_size=2, observe=progresses.append)
    assert video.frames == 2 * FRAMES
    assert progresses[-1].fraction == 1
    for path in sorted((place / "together").glob("*.png")):
        assert path.read_bytes() == (output / path.name).read_bytes(), path.name
    for ours, alone in zip(painted(place / "together"), painted(place / "whole"), strict=True):
        np.testing.assert_allclose(ours, alone, atol=2 / 255)


@pytest.mark.slow
def test_several_clips_side_by_side_become_several_films(place, film, tiny_model):
    paint_all = partial(stylejax.stylize_videos, model=tiny_model, **OPTIONS | {"end": 0.45})
    outputs = [place / "one", place / "two.mp4"]
    videos = paint_all([film, film], place / "style.png", outputs=outputs, batch_size=3)
    assert [(video.output, video.frames, video.scenes) for video in videos] == [(output, 5, [1, 4]) for output in outputs]
    assert len(list(open_clip(outputs[1], rate=25).frames(Fraction(0)))) == 5
    assert not list(place.glob("two.mp4.frames"))
    paint_all([film], place / "style.png", outputs=[place / "alone"])
    for ours, alone in zip(painted(place / "one"), painted(place / "alone"), strict=True):
        np.testing.assert_allclose(ours, alone, atol=2 / 255)


@pytest.mark.slow
def test_a_preview_is_the_beginning_of_the_whole(whole, place, tiny_model):
    video = paint(place, tiny_model, place / "preview", preview=0.08)
    assert video.frames == 2
    assert (place / "preview" / "000002.png").read_bytes() == (place / "whole" / "000002.png").read_bytes()


@pytest.mark.slow
def test_every_second_frame_the_far_past_and_kept_colors(place, tiny_model, clip):
    for distance in (1, 2):
        for number in range(1, 4 - distance):
            names = f"forward_{number}_{number + distance}.flo", f"backward_{number + distance}_{number}.flo"
            for name in names:
                if not (place / "flow" / name).exists():
                    write_flo(place / "flow" / name, np.zeros((HEIGHT, WIDTH, 2), np.float32))
    video = paint(place, tiny_model, place / "gray", long_term=(1, 2), keep_color="luminance", end=0.1, iterations=3)
    assert video.frames == 3
    for frame, original in zip(painted(place / "gray"), clip, strict=False):
        chroma = [each - each.mean(-1, keepdims=True) for each in (frame, original.pixels)]
        assert np.corrcoef(chroma[0].ravel(), chroma[1].ravel())[0, 1] > 0.9
    assert paint(place, tiny_model, place / "half", every=2, end=0.1, iterations=3).frames == 2


@pytest.mark.slow
def test_what_cannot_be_used_is_refused_before_any_work(place, tiny_model, monkeypatch):
    for options, message in (
        ({"every": 0}, "every is 0; it must be a whole number, at least 1"),
        ({"start": 2, "end": 1}, "got to 1 and from 2"),
        ({"long_term": (2, 4)}, "must contain 1"),
        ({"quality": 70}, "from 0 to 63"),
        ({"content_masks": ["sky.png"]}, "got content_masks, but a clip has no regions"),
    ):
        with pytest.raises(SettingsError, match=message):
            paint(place, tiny_model, place / "none", **options)
    with pytest.raises(VideoError, match="no frame from 9 s on"):
        paint(place, tiny_model, place / "none", start=9)
    with pytest.raises(FlowError, match="is not a folder"):
        paint(place, tiny_model, place / "none", flow=place / "nowhere")
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match=r"optical flow needs .*cv2.*or give flows with --flow"):
        paint(place, tiny_model, place / "none", flow=None)
    assert not (place / "none").exists()


@pytest.fixture(scope="module")
def film(place, clip):
    """The clip as a video file with sound."""
    pytest.importorskip("av", reason="the extra `video` is not installed")
    pytest.importorskip("cv2", reason="the extra `video` is not installed")
    return write_clip(place / "film.mp4", [frame.pixels for frame in clip], sound=True)


def command(place, output, *more):
    words = ["video", place / "film.mp4", place / "style.png", "-o", place / output, "--model", place / "tiny.safetensors"]
    words += [f"--{name.replace('_', '-')}={value}" for name, value in OPTIONS.items()]
    return [*STEPWISE, *map(str, words), "--json", *more]


def events(process):
    return map(json.loads, lines(process))


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_bytes_and_ctrl_c_leaves_a_film(place, film):
    with interruptible_process(command(place, "straight.mp4"), stdin=-1, stdout=-1) as process:
        assert [event["frame"] for event in events(process) if event["event"] == "progress"] == [1, 2, 3, 4, 5, 6]
    assert process.returncode == 0
    assert not (place / "straight.mp4.frames").exists()

    for frame in (2, 3):
        with interruptible_process(command(place, "killed.mp4"), stdin=-1, stdout=-1) as process:
            for event in events(process):
                if event["frame"] == frame:
                    process.send_signal(signal.SIGKILL)
                    break
        assert not (place / "killed.mp4").exists()
    with interruptible_process(command(place, "killed.mp4"), stdin=-1, stdout=-1) as process:
        for event in events(process):
            if event["frame"] == 4 and event["losses"]:
                process.send_signal(signal.SIGINT)
                break
        last = list(events(process))[-1]
    assert process.returncode == 130
    assert last["event"] == "stopped"
    assert len(list(open_clip(place / "killed.mp4", rate=25).frames(Fraction(0)))) == last["frames"] >= 2
    with interruptible_process(command(place, "killed.mp4"), stdin=-1, stdout=-1) as process:
        list(events(process))
    assert process.returncode == 0
    assert (place / "killed.mp4").read_bytes() == (place / "straight.mp4").read_bytes()
