"""Tables as people write them: ambiguous input is refused, every problem is reported, and no bad row costs a good one."""

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stylejax.batch.input.cells import read_table
from stylejax.batch.input.table import COLUMNS, BadRowsError, rows_of
from stylejax.batch.records import JobSpec
from stylejax.errors import StylejaxError
from stylejax.files.folder import Folder
from stylejax.settings.settings import Settings


def rows_from(folder, data: str | bytes, name: str = "jobs.csv", **options) -> list[JobSpec]:
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return rows_of(read_table(str(folder / name)), {}, folder=str(folder), **options)[0]


GOOD = "content,style\nä.jpg,b.jpg\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("content,style,style\na,b,c\n", "style twice; give it once, with all places in it"),
        ("content,style,style_weight,style-weight\na,b,1,2\n", "style_weight twice"),
        ("content,style,--size,size \na,b,1,2\n", "size twice"),
        ("content;style\na.jpg;b.jpg\n", "has semicolons between its cells; save it with commas"),
        ("content;style;size\na.jpg;b.jpg;1,5\n", "semicolons"),
        ("style\tcontent\na.jpg\tb.jpg\n", "tabs"),
        (GOOD.encode("utf-16"), "is UTF-16, not UTF-8; save it as UTF-8"),
        (GOOD.encode("utf-16-le"), "is UTF-16"),
        (GOOD.encode("utf-16-be"), "is UTF-16"),
        (GOOD.encode("latin-1"), "is not UTF-8: line 2 has the byte 0xE4; save it as UTF-8"),
        ('content,style\na.jpg,"b.jpg\nc.jpg,d.jpg\n', "line 3: unexpected end of data; close every quote"),
        ('content,style\na.jpg,"b"c.jpg\n', "line 2"),
        ("content,style\nphotos\\a.jpg,b.jpg\n", r"write folders with slashes: photos/a.jpg"),
        ("content,style,output\na.jpg,b.jpg,x\\y.png\n", r"write 'x/y.png'"),
        ("content,style,colour\na.jpg,b.jpg,red\n", "did you mean"),
    ],
)
def test_ambiguous_input_is_refused_with_advice(tmp_path, data, message):
    with pytest.raises(StylejaxError) as refused:
        rows_from(tmp_path, data)
    assert message in str(refused.value)


def test_json_keys_given_twice_are_a_bad_row_alone(tmp_path):
    lines = [
        '{"content": "a.jpg", "style": "b.jpg"}',
        '{"content": "a.jpg", "content": "c.jpg", "style": "b.jpg", "output": "2.png"}',
        '{"content": "a.jpg", "style": "b.jpg", "style_weight": 1, "style-weight": 2, "output": "3.png"}',
        '{"content": "a.jpg", "style": "\\ud800.jpg", "output": "4.png"}',
        '{"content": "a.jpg", "style": "b.jpg", "output": "\\udfff.png"}',
        '{"content": "a\\u0000.jpg", "style": "b.jpg", "output": "6.png"}',
        "[" * 100_000,
        '{"content": "a.jpg", "style": "b.jpg", "size": ' + "9" * 5000 + "}",
        '{"content": "a.jpg", "style": "b.jpg", "size": 1e999}',
        '{"content": "a.jpg", "style": {"b.jpg": 1}}',
        '{"content": ["a.jpg"], "style": "b.jpg"}',
        '{"content": "a.jpg", "style": [["b.jpg"]]}',
    ]
    with pytest.raises(BadRowsError) as refused:
        rows_from(tmp_path, "\n".join(lines), "jobs.jsonl")
    assert [number for number, _ in refused.value.problems] == list(range(2, len(lines) + 1))
    assert [row.content for row in rows_from(tmp_path, "\n".join(lines), "jobs.jsonl", skip_bad=True)] == [f"{tmp_path}/a.jpg"]
    str(refused.value).encode()


def test_cells_of_json_are_as_they_are_and_those_of_csv_are_stripped(tmp_path):
    value = {"content": " a.jpg ", "style": [" b;c.jpg"], "content_mask": "m;n.png", "output": " o.png"}
    (row,) = rows_from(tmp_path, json.dumps(value), "jobs.jsonl")
    assert row.content == f"{tmp_path}/ a.jpg "
    assert (row.styles, row.content_masks) == ((f"{tmp_path}/ b;c.jpg",), (f"{tmp_path}/m;n.png",))
    assert row.output == " o.png"
    (row,) = rows_from(tmp_path, "content , style,output\n a.jpg , b.jpg ; c.jpg , o.png \n")
    assert (row.content, row.styles) == (f"{tmp_path}/a.jpg", (f"{tmp_path}/b.jpg", f"{tmp_path}/c.jpg"))
    assert row.output == "o.png"


def test_tables_of_other_programs_that_mean_one_thing_are_read(tmp_path):
    for data in ("\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), GOOD.replace("\n", "\r"), "content,style,,\nä.jpg,b.jpg,,\n"):
        assert rows_from(tmp_path, data)[0].content == f"{tmp_path}/ä.jpg"
    (tmp_path / "a\\b.jpg").touch()
    assert rows_from(tmp_path, "content,style\na\\b.jpg,s.jpg\n")[0].content == f"{tmp_path}/a\\b.jpg"  # a place that exists


def test_places_among_the_settings_start_at_the_table_too_and_homes_are_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    lines = [
        "content,style,init,proof,model",
        "~/a.jpg,~no-one/b.jpg,start.png,cmyk.icc,net.safetensors",
        "c,d,noise,,vgg19-slim",
    ]
    first, second = rows_from(tmp_path, "\n".join(lines))
    assert (first.content, first.styles) == ("/home/me/a.jpg", (f"{tmp_path}/~no-one/b.jpg",))
    own = first.settings
    assert [own.init, own.proof, own.model] == [f"{tmp_path}/{name}" for name in ("start.png", "cmyk.icc", "net.safetensors")]
    assert (second.settings.init, second.settings.proof, second.settings.model) == ("noise", "", "vgg19-slim")


def test_flags_that_are_places_start_where_the_command_was_given(tmp_path):
    (tmp_path / "jobs.csv").write_text("content,style\na.jpg,b.jpg\n")
    rows, _ = rows_of(read_table(str(tmp_path / "jobs.csv")), {"init": "start.png"}, folder=str(tmp_path))
    assert rows[0].settings.init == "start.png"


def test_a_problem_of_many_rows_is_reported_once(tmp_path):
    lines = ["a.jpg,b.jpg,1.png"] + ["a.jpg,,x.png"] * 40 + ["a.jpg,b.jpg,1.png"]
    with pytest.raises(BadRowsError) as refused:
        rows_from(tmp_path, "content,style,output\n" + "\n".join(lines))
    first, *rest = str(refused.value).splitlines()
    assert first.startswith("41 bad rows")
    assert rest[0].startswith("lines 3 to 42: has no style")
    assert rest[1].startswith("line 43: output 1.png is that of line 2")
    with pytest.raises(BadRowsError, match=r"^none of the 40 rows can be painted: has no style[^\n]*$"):
        rows_from(tmp_path, "content,style,output\n" + "\n".join(lines[1:41]), skip_bad=True)


def test_whatever_a_check_raises_is_reported_with_the_line(tmp_path):
    def check(row):
        raise {"a": MemoryError(), "b": RuntimeError("no\nhope"), "c": KeyError("k")}.get(row.output[0], AssertionError)

    table = "content,style,output\n" + "".join(f"x.jpg,y.jpg,{name}.png\n" for name in "abcd")
    with pytest.raises(BadRowsError) as refused:
        rows_from(tmp_path, table, check=check)
    assert [failure.reason for _, failure in refused.value.problems] == [
        "it needs more memory than is available; make it smaller",
        "RuntimeError: no hope",
        "KeyError: 'k'",
        "AssertionError",
    ]


TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
ODD = ["a.jpg", "b.jpg", "~", "~x/y", "../z", "a\\b", "", " ", "gs://a/b", "https://a/b", "a\nb", "x" * 400, "-", "\ud800"]
PLACES = st.one_of(st.sampled_from(ODD), TEXT)
NUMBERS = st.one_of(st.integers(), st.floats(), st.booleans(), st.none())
VALUES = st.one_of(PLACES, NUMBERS, st.lists(PLACES, max_size=3), st.just({"a": 1}))
NAMES = st.one_of(st.sampled_from([*COLUMNS, "style-weight", "Content", "", " size"]), TEXT)
CELLS = st.dictionaries(NAMES, VALUES)
CSV_ROWS = st.lists(st.lists(st.one_of(TEXT, st.sampled_from(['"', '""', ";", "content", "a.jpg"])), max_size=4), max_size=5)


def check_all(cells, folder) -> None:
    """Every row is either valid or reported with its number."""
    place = Folder(folder / "out")
    try:
        rows, problems = rows_of(cells, {}, folder=str(folder), skip_bad=True, check=lambda row: place.check_file(row.output))
    except BadRowsError as error:
        rows, problems = [], error.problems
        str(error).encode()
    except StylejaxError:
        assert not cells
        return
    assert sorted([row.number for row in rows] + [number for number, _ in problems]) == [number for number, _ in cells]
    assert all(failure.reason for _, failure in problems)
    for row in rows:
        os.fsencode("".join([row.content, *row.styles, row.output]))
        assert place.path(row.output).startswith(os.path.realpath(folder / "out"))


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(CELLS, max_size=4))
def test_any_cells_are_rows_or_reported(tmp_path_factory, table):
    folder = tmp_path_factory.getbasetemp()
    check_all(list(enumerate(table, start=1)), folder)
    good = {"content": "a.jpg", "style": "b.jpg", "output": "good/one.png"}
    check_all(list(enumerate([good, *table], start=1)), folder)


@pytest.mark.slow
@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=200),
        CSV_ROWS.map(lambda rows: "\n".join(["content,style,output", *map(",".join, rows)]).encode()),
        st.lists(CELLS, max_size=4).map(lambda rows: "\n".join(map(json.dumps, rows)).encode()),
    ),
    st.sampled_from(["t.csv", "t.jsonl", "t.parquet"]),
)
def test_any_file_is_a_table_or_reported(tmp_path_factory, data, name):
    folder = tmp_path_factory.getbasetemp()
    (folder / name).write_bytes(data)
    try:
        cells = read_table(str(folder / name))
    except StylejaxError as error:
        assert name in str(error)
        return
    check_all(cells, folder)


def test_every_column_of_the_settings_takes_what_it_means(tmp_path):
    value = {
        "content": "a",
        "style": "b",
        **{name: each for name, each in Settings().as_options().items() if name != "color_match"},
    }
    (row,) = rows_from(tmp_path, json.dumps(value), "jobs.jsonl")
    assert row.settings == Settings()
