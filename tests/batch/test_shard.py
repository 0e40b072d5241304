"""Shares of a table: disjoint, complete, and read from the variables of the schedulers."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylejax.batch.input.shard import Share
from stylejax.errors import SettingsError


@given(rows=st.lists(st.integers()), count=st.integers(1, 50))
def test_the_shares_cover_every_row_once_and_differ_by_at_most_one(rows, count):
    numbered = list(enumerate(rows))
    shares = [Share(index, count).of(numbered) for index in range(count)]
    assert sorted(chain(*shares)) == numbered
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert shares == [Share.parse(f"{index}/{count}").of(numbered) for index in range(count)]


@given(first=st.integers(0, 1000), count=st.integers(1, 200), step=st.integers(1, 7))
def test_the_tasks_of_a_slurm_array_are_the_shares(first, count, step):
    last = first + (count - 1) * step
    array = {"SLURM_ARRAY_TASK_COUNT": count, "SLURM_ARRAY_TASK_MIN": first, "SLURM_ARRAY_TASK_MAX": last}
    array |= {"SLURM_ARRAY_TASK_STEP": step}
    tasks = [{**array, "SLURM_ARRAY_TASK_ID": number} for number in range(first, last + 1, step)]
    shares = [Share.of_environment({name: str(value) for name, value in task.items()}) for task in tasks]
    assert shares == [Share(index, count) for index in range(count)]


def test_the_pods_of_an_indexed_job_are_the_shares():
    pods = [{"JOB_COMPLETION_INDEX": str(index), "STYLEJAX_SHARDS": "5"} for index in range(5)]
    assert [Share.of_environment(pod) for pod in pods] == [Share(index, 5) for index in range(5)]


def test_without_a_scheduler_there_is_one_share():
    assert Share.of_environment({"HOME": "/root"}) == Share(0, 1)


@pytest.mark.parametrize("text", ["", "3", "8/8", "-1/4", "1/0", "0/0", "a/b", "1/2/3", "1.5/2", "1/" + "9" * 5000])
def test_a_share_that_there_is_not_is_refused(text):
    with pytest.raises(SettingsError, match="share"):
        Share.parse(text)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"JOB_COMPLETION_INDEX": "2"}, "STYLEJAX_SHARDS"),
        ({"JOB_COMPLETION_INDEX": "2", "STYLEJAX_SHARDS": "many"}, "whole number"),
        ({"JOB_COMPLETION_INDEX": "2", "STYLEJAX_SHARDS": "9" * 5000}, "whole number"),
        ({"JOB_COMPLETION_INDEX": "5", "STYLEJAX_SHARDS": "5"}, "from 0 to 4"),
        (  # --array=1,5,9: the numbers do not say which of the three a task is
            {
                "SLURM_ARRAY_TASK_ID": "5",
                "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_ARRAY_TASK_MIN": "1",
                "SLURM_ARRAY_TASK_MAX": "9",
            },
            "without gaps",
        ),
    ],
)
def test_variables_that_do_not_determine_the_share_are_refused(environment, message):
    with pytest.raises(SettingsError, match=message):
        Share.of_environment(environment)
