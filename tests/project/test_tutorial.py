"""The lesson runs without errors and contains its outputs."""

import pytest
from places import ROOT

LESSON = ROOT / "docs" / "tutorial.ipynb"
nbformat = pytest.importorskip("nbformat", reason="needs the extra `docs`")


def test_it_is_stored_with_the_outputs_of_one_run_without_errors_and_stays_small():
    assert LESSON.stat().st_size < 2_000_000
    cells = [cell for cell in nbformat.read(LESSON, 4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert sum("image/jpeg" in output.get("data", {}) for output in outputs) >= 11


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_runs_from_top_to_bottom():
    nbclient = pytest.importorskip("nbclient", reason="needs the extra `docs`")
    pytest.importorskip("ipykernel", reason="needs the extra `docs`")
    lesson = nbformat.read(LESSON, 4)
    nbclient.NotebookClient(lesson, timeout=600, kernel_name="python3").execute()  # raises the errors of cells
