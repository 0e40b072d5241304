"""Motion: warping, what is trusted, flows in files and cuts, on a clip whose motion is known."""

import zlib
from itertools import pairwise

import numpy as np
import pytest

from stylejax.samples import paint_glass, paint_strokes
from stylejax.samples.camera import draw_clip
from stylejax.video.age import MATURE, as_text, carried, firmness, from_text, mature, one_more
from stylejax.video.motion.box import box_mean
from stylejax.video.motion.cuts import is_cut
from stylejax.video.motion.flo import FlowError, FlowFolder, read_flo, write_flo
from stylejax.video.motion.repair import repaired
from stylejax.video.motion.trust import at_boundary, disoccluded, long_term, trust_of
from stylejax.video.motion.warp import leads_inside, resize_flow, warp, warp_sharply
from stylejax.video.strokes import with_strokes


@pytest.fixture(scope="module")
def clip():
    """Three frames of 120×160 pixels."""
    return draw_clip(paint_strokes(240, 320), paint_glass(120, 160), height=120, width=160, frames=3)


def constant(height, width, right, down):
    return np.broadcast_to(np.float32([right, down]), (height, width, 2)).copy()


def test_a_whole_shift_moves_pixels_exactly():
    picture = np.random.default_rng(0).random((6, 8, 3), np.float32)
    moved = warp(picture, constant(6, 8, 2, -1))
    np.testing.assert_array_equal(moved[1:, :-2], picture[:-1, 2:])
    np.testing.assert_array_equal(moved[0, 0], picture[0, 2])  # above the frame: its edge
    inside = leads_inside(constant(6, 8, 2, -1))
    assert inside[1:, :-2].all()
    assert not inside[0].any()
    assert not inside[:, -2:].any()


def test_a_ramp_is_interpolated_exactly():
    down, right = np.mgrid[:7, :9].astype(np.float32)
    ramp = np.stack([2 * right + 3 * down], -1)
    flow = constant(7, 9, 0.25, 0.5)
    np.testing.assert_allclose(warp(ramp, flow)[:-1, :-1], (ramp + 2 * 0.25 + 3 * 0.5)[:-1, :-1], rtol=1e-5)


def test_a_painting_is_carried_without_blur():
    picture = np.random.default_rng(0).random((6, 8, 3), np.float32)
    np.testing.assert_array_equal(warp_sharply(picture, constant(6, 8, 2, -1)), warp(picture, constant(6, 8, 2, -1)))
    right = np.arange(40, dtype=np.float32)
    waves = 0.5 + 0.4 * np.sin(right[None, :, None] * 1.2) * np.ones((9, 1, 1), np.float32)
    kept = {}
    for how in (warp, warp_sharply):
        moved = waves
        for _ in range(8):
            moved = how(moved, constant(9, 40, 0.5, 0))
        kept[how] = moved[4, 8:24].std() / waves[4, 8:24].std()
    assert kept[warp] < 0.25
    assert kept[warp_sharply] > 0.6


def test_a_resized_flow_counts_in_the_pixels_of_its_size():
    np.testing.assert_allclose(resize_flow(constant(6, 8, 2, -1), 12, 24), constant(12, 24, 6, -2))


@pytest.mark.slow
def test_the_exact_flow_brings_the_frame_before_to_this_one(clip):
    for before, here in pairwise(clip):
        error = np.abs(warp(before.pixels, here.backward) - here.pixels).mean(-1)
        assert error[here.seen].mean() < 0.02
        assert error[~here.seen].mean() > 3 * error[here.seen].mean()


@pytest.mark.slow
def test_the_two_exact_flows_agree_where_a_pixel_is_seen_in_both_frames(clip):
    here = clip[1]
    hidden = disoccluded(here.forward, here.backward)
    assert (hidden == ~here.seen).mean() > 0.99


def test_disocclusion_is_the_inequality_of_the_paper():
    forward, backward = constant(1, 4, 1, 0), constant(1, 4, -1, 0)
    backward[0, 2] = -1.8, 0  # mismatch 0.64 > 0.01 (1 + 3.24) + 0.5
    backward[0, 3] = -1.6, 0  # 0.36: within
    assert disoccluded(forward, backward)[0].tolist() == [True, False, True, False]  # the first comes from outside


def test_a_step_in_the_flow_is_a_boundary_and_a_gentle_slope_is_none():
    flow = np.zeros((4, 8, 2), np.float32)
    flow[:, 4:, 0] = 3
    assert at_boundary(flow)[:, 3].all()
    assert not at_boundary(flow)[:, :3].any()
    slope = np.stack([0.02 * np.arange(8, dtype=np.float32) * np.ones((4, 1), np.float32), np.zeros((4, 8), np.float32)], -1)
    assert not at_boundary(slope).any()


def test_each_pixel_belongs_to_the_nearest_frame_that_shows_it():
    near, far, farther = (np.float32([values]) for values in ([1, 0, 0], [1, 1, 0], [1, 1, 1]))
    kept = long_term([near, far, farther])
    assert [each[0].tolist() for each in kept] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_what_came_into_view_is_held_more_firmly_from_frame_to_frame():
    age = mature(1, 3)
    trust = np.float32([[1, 1, 0]])
    firm = []
    for _ in range(MATURE + 1):
        moved = carried(age, constant(1, 3, 0, 0)) * trust
        age = one_more(moved)
        firm.append(firmness(age.astype(np.float32)))
        trust = np.float32([[1, 1, 1]])
    assert age.tolist() == [[MATURE] * 3]
    assert all(each[0, 0] == 1 for each in firm)
    assert firm[0][0, 2] == pytest.approx(1 / MATURE**2)
    assert all(later[0, 2] > sooner[0, 2] for sooner, later in pairwise(firm[:MATURE]))
    np.testing.assert_array_equal(from_text(as_text(age), 1, 3), age)
    for text, shape in ((as_text(age), (2, 3)), ("?", (1, 3)), (None, (1, 3))):
        with pytest.raises((ValueError, zlib.error)):
            from_text(text, *shape)


def test_a_mean_over_squares_is_that_of_each_square():
    field = np.random.default_rng(0).random((7, 9, 2), np.float32)
    padded = np.pad(field, ((2, 2), (2, 2), (0, 0)), mode="edge")
    means = [[padded[row : row + 5, column : column + 5].mean((0, 1)) for column in range(9)] for row in range(7)]
    np.testing.assert_allclose(box_mean(field, 2), means, rtol=1e-5)


def test_a_wrong_flow_is_repaired_from_its_neighbors_where_that_shows_the_same(clip):
    before, here = clip[1:]
    wrong = np.zeros((120, 160), bool)
    wrong[40:52, 60:72] = True
    trusted = here.seen & ~wrong
    estimated = np.where(wrong[..., np.newaxis], here.backward + np.float32([9, -7]), here.backward).astype(np.float32)
    flow, found = repaired(before.pixels, here.pixels, estimated, trusted)
    assert found[wrong].mean() > 0.9
    error = np.linalg.norm(flow - here.backward, axis=-1)
    assert error[wrong & found].mean() < 1 < np.linalg.norm(estimated - here.backward, axis=-1)[wrong].min()
    assert found[~here.seen].mean() < 0.5
    np.testing.assert_array_equal(flow[~found], estimated[~found])


def test_new_parts_get_the_strokes_of_parts_of_their_color():
    dark, bright = np.float32([0.2, 0.3, 0.4]), np.float32([0.6, 0.5, 0.5])
    start = np.where((np.arange(60) < 30)[:, np.newaxis, np.newaxis], dark, bright) * np.ones((1, 80, 1), np.float32)
    strokes = np.where((np.arange(60) < 30)[:, np.newaxis, np.newaxis], np.float32([0.1, 0, 0]), np.float32([0, 0.2, 0]))
    painting, known = start + strokes, np.ones((60, 80), bool)
    known[:, 50:] = False
    got = with_strokes(start, np.where(known[..., np.newaxis], painting, 0), known)
    far = np.abs(np.arange(60) - 29.5) > 17  # windows there have one color
    np.testing.assert_allclose(got[far, 50:], painting[far, 50:], atol=1e-3)
    for kept in (np.ones((60, 80), bool), np.zeros((60, 80), bool)):
        np.testing.assert_array_equal(with_strokes(start, painting, kept), start)


@pytest.mark.slow
def test_dense_inverse_search_finds_the_exact_motion(clip):
    pytest.importorskip("cv2", reason="the extra `video` is not installed")
    from stylejax.video.motion.estimate import estimate_motion

    before, here = clip[1:]
    motion = estimate_motion(before.pixels, here.pixels)
    weights = trust_of(*motion)
    trust = weights > 0
    error = np.linalg.norm(motion.backward - here.backward, axis=-1)
    assert trust.mean() > 0.88
    assert error[trust].mean() < 0.1
    assert trust[~here.seen].mean() < 0.05  # what comes into view is not trusted
    assert not is_cut(before.pixels, here.pixels, motion.backward, weights)
    other = paint_glass(120, 160)
    motion = estimate_motion(before.pixels, other)
    assert is_cut(before.pixels, other, motion.backward, trust_of(*motion))


@pytest.mark.slow
def test_flows_go_through_files(tmp_path, clip):
    write_flo(tmp_path / "forward_1_2.flo", clip[1].forward)
    write_flo(tmp_path / "backward_2_1.flo", clip[1].backward)
    motion = FlowFolder(tmp_path).between(1, 2, height=120, width=160)
    np.testing.assert_array_equal(motion.backward, clip[1].backward)
    assert FlowFolder(tmp_path).between(1, 2, height=60, width=80).forward.shape == (60, 80, 2)
    with pytest.raises(FlowError, match=r"forward_2_3\.flo cannot be read"):
        FlowFolder(tmp_path).between(2, 3, height=120, width=160)
    data = (tmp_path / "forward_1_2.flo").read_bytes()
    (tmp_path / "cut.flo").write_bytes(data[:-8])
    with pytest.raises(FlowError, match="complete copy"):
        read_flo(tmp_path / "cut.flo")
    (tmp_path / "other.flo").write_bytes(b"nothing of the kind")
    with pytest.raises(FlowError, match=r"not a \.flo file"):
        read_flo(tmp_path / "other.flo")
