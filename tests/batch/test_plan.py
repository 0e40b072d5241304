"""Tables, patterns and plans: what is refused, and how few programs serve many shapes."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylejax.batch.input.cells import read_table
from stylejax.batch.input.patterns import matched
from stylejax.batch.input.table import BadRowsError, rows_of
from stylejax.batch.plan import batch_size
from stylejax.batch.plan.aspects import optimized_shape, result_shape
from stylejax.batch.plan.groups import group_rows, with_batch_size
from stylejax.batch.records import JobSpec
from stylejax.errors import StylejaxError
from stylejax.files.file_names import checked_name
from stylejax.files.folder import Folder
from stylejax.images.io.read import read_shape
from stylejax.images.io.write import write_picture
from stylejax.settings.settings import Settings


def rows_from(tmp_path, text, name="jobs.csv", **options):
    (tmp_path / name).write_text(text)
    return rows_of(read_table(str(tmp_path / name)), {}, folder=str(tmp_path), **options)[0]


def test_a_table_has_columns_named_as_the_flags(tmp_path):
    first, second = rows_from(
        tmp_path,
        "content,style,output,size,style-weight,clamp,size_rule\n"
        'a.jpg,b.jpg;c.jpg,x/y.png,300,2.5,false,short\n"/abs/d,e.jpg",gs://b/f.jpg,,native,,,\n',
    )
    assert (first.number, first.content, first.styles) == (2, f"{tmp_path}/a.jpg", (f"{tmp_path}/b.jpg", f"{tmp_path}/c.jpg"))
    assert first.output == "x/y.png"
    assert first.settings == Settings(size=300, style_weight=2.5, clamp=False, size_rule="short")
    assert (second.number, second.content, second.styles) == (3, "/abs/d,e.jpg", ("gs://b/f.jpg",))
    assert (second.output, second.settings) == ("d,e-f.png", Settings(size="native"))


def test_all_bad_rows_are_reported_with_their_lines(tmp_path):
    table = """content,style,output,size,colour
a.jpg,b.jpg,1.png,,
a.jpg,b.jpg,1.png,,
a.jpg,b.jpg,../2.png,,
a.jpg,b.jpg,/etc/3.png,,
,b.jpg,4.png,,
a.jpg,,5.png,,
a.jpg,b.jpg,6.png,-1,
a.jpg,b.jpg,7.png,x,
a.jpg,b.jpg,8.gif,,
a.jpg,b.jpg,9.png,,red
a.jpg,b.jpg,10.png,,,,
a.jpg,b.jpg,a/../1.png,,
a.jpg,b.jpg,contact_sheet.jpg,,
"""
    with pytest.raises(BadRowsError) as error:
        rows_from(tmp_path, table)
    assert [number for number, _ in error.value.problems] == list(range(3, 15))
    assert "output 1.png is that of line 2" in str(error.value)
    assert "did you mean" in str(error.value)
    rows = rows_from(tmp_path, table, skip_bad=True)
    assert [row.output for row in rows] == ["1.png"]


def test_json_lines_say_which_line_is_damaged(tmp_path):
    good = json.dumps({"content": "a.jpg", "style": ["b.jpg", "c.jpg"], "size": 300, "clamp": True})
    with pytest.raises(BadRowsError, match=r"2 bad rows.*\nline 3: is not JSON.*\nline 4: is \[1\]"):
        rows_from(tmp_path, f"{good}\n\n{{\n[1]\n", "jobs.jsonl")
    (row,) = rows_from(tmp_path, good, "jobs.jsonl")
    assert len(row.styles) == 2
    for bad in ('{"content": 3, "style": "b"}', '{"content": "a", "style": "b", "size": 3.5}', '{"content": "a", "style": {}}'):
        with pytest.raises(BadRowsError):
            rows_from(tmp_path, bad, "jobs.jsonl")


def test_a_parquet_table(tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = arrow.table({"content": ["a.jpg", "b.jpg"], "style": [["s.jpg"], ["s.jpg", "t.jpg"]], "size": [None, 300]})
    parquet.write_table(table, tmp_path / "jobs.parquet")
    rows, _ = rows_of(read_table(str(tmp_path / "jobs.parquet")), {}, folder=str(tmp_path))
    assert [row.settings.size for row in rows] == [512, 300]
    assert len(rows[1].styles) == 2


@given(
    st.lists(st.sampled_from(["a", "b.png", "..", ".", "", "/", "~", "C:", "\\", "c\0", "memory://x"]), min_size=1, max_size=5)
)
def test_no_name_leads_out_of_its_folder(tmp_path_factory, parts):
    folder = Folder(tmp_path_factory.getbasetemp() / "out")
    try:
        path = folder.path("/".join(parts))
    except StylejaxError:
        return
    assert path.startswith(f"{(tmp_path_factory.getbasetemp() / 'out').resolve()}/")


def test_a_symbolic_link_may_not_lead_out(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "out" / "inner").mkdir()
    (tmp_path / "out" / "fine").symlink_to(tmp_path / "out" / "inner")
    folder = Folder(tmp_path / "out")
    with pytest.raises(StylejaxError, match="symbolic link"):
        folder.write("link/a.png", b"1")
    folder.write("fine/a.png", b"1")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert checked_name("a//./b.png") == "a/b.png"


def test_patterns_pair_and_keep_folders(tmp_path):
    for name in ("photos/a.png", "photos/deep/a.png", "s/x.png", "s/y.png"):
        write_picture(tmp_path / name, np.ones((4, 4, 3)))
    photos, styles = [f"{tmp_path}/photos/**/*.png"], [f"{tmp_path}/s/*.png"]
    folder = Folder(tmp_path / "photos" / "out")  # below the photographs, with results in it
    folder.write("a-x.png", b"1")
    crossed = matched(photos, styles, "cross", ".png", folder)
    assert sorted(cells["output"] for _, cells in crossed) == ["a-x.png", "a-y.png", "deep/a-x.png", "deep/a-y.png"]
    assert len(matched(photos, styles, "zip", ".png", folder)) == 2
    with pytest.raises(StylejaxError, match="2 contents and 1 styles"):
        matched(photos, [f"{tmp_path}/s/x.png"], "zip", ".png", folder)
    with pytest.raises(StylejaxError, match="no file matches"):
        matched([f"{tmp_path}/none/*.png"], styles, "cross", ".png", folder)
    with pytest.raises(StylejaxError, match="output folder"):
        matched([f"{tmp_path}/photos/out/*.png"], styles, "cross", ".png", folder)


def test_contents_that_differ_in_their_suffix_alone_have_different_results(tmp_path):
    for name in ("town.jpg", "town.png", "x.jpg"):
        write_picture(tmp_path / name, np.ones((4, 4, 3)))
    cells = matched([f"{tmp_path}/town.*"], [f"{tmp_path}/x.jpg"], "cross", ".webp", Folder(tmp_path / "out"))
    assert [each["output"] for _, each in cells] == ["town.jpg-x.webp", "town.png-x.webp"]


@pytest.mark.slow
@pytest.mark.parametrize("settings", [Settings(), Settings(size=96, smallest_size=24), Settings(size=768, size_rule="short")])
def test_forty_aspects_make_at_most_eight_programs_a_scale(settings):
    aspects = np.geomspace(0.5, 2, 40)
    rows = [
        (
            JobSpec(number, f"{number}.jpg", ("s.jpg",), f"{number}.png", settings),
            (round(1000 / aspect**0.5), round(1000 * aspect**0.5)),
        )
        for number, aspect in zip(range(1000), itertools.cycle(aspects), strict=False)
    ]
    groups, refused = group_rows((row, optimized_shape(*content, settings, "auto")) for row, content in rows)
    assert not refused
    assert len({group.scales[-1] for group in groups}) == len(groups) <= 8
    assert sum(len(group.rows) for group in groups) == 1000


@given(st.integers(300, 4000), st.integers(300, 4000), st.sampled_from(["auto", 1, 16, 64]))
def test_optimized_shapes_stay_near_the_content(height, width, rounding):
    settings = Settings(size=512)
    exact, painted = (
        np.array(shape) for shape in (result_shape(height, width, settings), optimized_shape(height, width, settings, rounding))
    )
    if rounding == "auto":
        assert max(painted) == max(exact) == 512
        stretch = (painted[0] / painted[1]) / (exact[0] / exact[1])
        assert max(stretch, 1 / stretch) < 1.19
    else:
        assert (painted % rounding == 0).all()
        assert (abs(painted - exact) <= max(rounding / 2, rounding - exact.min())).all()


@pytest.mark.slow
@given(st.integers(1, 9), st.integers(1, 4), st.sets(st.integers(0, 8)))
def test_minibatches_hold_every_row_once_and_have_one_batch_size(count, size, done):
    rows = [(JobSpec(i, "a.jpg", (f"{i % 2}.jpg",), f"{i}.png", Settings()), (384, 512)) for i in range(count)]
    (group,) = with_batch_size(group_rows(rows)[0], lambda group: size)
    minibatches = group.minibatches(row for row in group.rows if row.number not in done)
    assert sorted(row.number for minibatch in minibatches for row in minibatch.rows) == sorted(set(range(count)) - done)
    assert {minibatch.batch_size for minibatch in minibatches} <= {min(size, count)}
    assert all(1 <= len(minibatch.rows) <= minibatch.batch_size for minibatch in minibatches)


@pytest.mark.parametrize(("fit", "expected"), [(9, 9), (7, 4), (1, 1), (None, 1)])
def test_the_automatic_batch_size_is_a_power_of_two_where_memory_is_the_limit(monkeypatch, fit, expected):
    def automatic(network, settings, shape, *, most, shared):
        if fit is None:
            raise RuntimeError("the compiler failed")
        return min(most, fit)

    monkeypatch.setattr(batch_size, "platform", lambda: "gpu")
    monkeypatch.setattr(batch_size, "automatic_batch_size", automatic)
    rows = [(JobSpec(i, "a.jpg", ("s.jpg",), f"{i}.png", Settings()), (384, 512)) for i in range(9)]
    (group,) = group_rows(rows)[0]
    assert batch_size.batch_size_of(group, lambda settings: None, 1) == expected


def test_static_settings_split_groups_and_traced_ones_do_not():
    def groups(*settings):
        rows = [(JobSpec(i, "a.jpg", ("s.jpg",), f"{i}.png", each), (384, 512)) for i, each in enumerate(settings)]
        return group_rows(rows)[0]

    assert len(groups(Settings(), Settings(style_weight=3.0, seed=4, learning_rate=0.1))) == 1
    assert len(groups(Settings(), Settings(iterations=7))) == 2
    assert len(groups(Settings(), Settings(style_layers="relu1_1"))) == 2
    (group,) = groups(Settings(), Settings(style_scale=0.5))
    assert not group.shared.style


def test_the_shape_in_a_header_is_that_of_the_upright_picture(tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "turned.jpg", exif=exif)
    assert read_shape(tmp_path / "turned.jpg") == (30, 20)


def test_starts_that_begin_at_different_sizes_form_different_groups():
    def scales(*starts, **options):
        rows = [
            (JobSpec(i, "a.jpg", ("s.jpg",), f"{i}.png", Settings(init=init, **options)), (384, 512))
            for i, init in enumerate(starts)
        ]
        return sorted(len(group.scales) for group in group_rows(rows)[0])

    deep = {"octaves": 1, "style_layers": "relu1_1", "content_layers": "relu1_1", "size": 512}
    assert scales("recolored", "content", **deep) == [2]
    assert scales("recolored", "noise", **deep) == [2, 4]
    assert scales("recolored", "noise", **deep, smallest_size=128, iterations=20) == [3]
    # `auto` takes other numbers of steps from noise than from the photograph.
    assert scales("recolored", "noise", **deep, smallest_size=128) == [3, 3]
