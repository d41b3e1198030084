"""What the history page shows, from records."""

from __future__ import annotations

from msgspec.structs import replace

from tests.history.made import MIB, T0, sample
from tray_app.core.history.columns import decoded
from tray_app.core.history.page_data import Rows, page_jobs, rows_of
from tray_app.core.history.records import JobRecord, ProcessShare
from tray_app.core.history.thinning import Means


def means(at_s: float, least: int, mean: float, most: int) -> Means:
    return Means(T0 + at_s, 30, least * MIB, mean * MIB, most * MIB, watched_s=60.0)


def test_hours_come_before_minutes_and_minutes_before_samples() -> None:
    """Each time once, in the finest kind that is kept."""
    rows = rows_of(
        [sample(7200), sample(7202)],
        [means(3600, 1, 2, 3), means(7140, 4, 5, 6), means(7200, 7, 8, 9)],
        [means(0, 1, 1, 9), means(3600, 1, 1, 9)],
    )
    assert [round((at or 0) / 1000 - T0) for at in decoded(rows.at)] == [0, 3600, 7140, 7200, 7202]
    assert (rows.count, rows.samples_from) == (5, 3)
    assert decoded(rows.most)[:3] == [9 * MIB, 3 * MIB, 6 * MIB]
    assert decoded(rows.length) == [3_600_000, 60_000, 60_000, 2000, 2000]


def at_s(rows: Rows) -> list[int]:
    return [round((at or 0) / 1000 - T0) for at in decoded(rows.at)]


def test_samples_stand_for_the_minute_and_the_hour_in_which_they_begin() -> None:
    """A recorder that has just been started: nothing is known of the minute before its start."""
    samples = [sample(second) for second in range(36, 70, 2)]
    minute, hour = replace(means(0, 48, 99, 300), count=12), replace(means(0, 48, 99, 300), count=9)
    rows = rows_of(samples, [minute], [hour])
    assert (at_s(rows), rows.samples_from) == (list(range(36, 70, 2)), 0)


def test_a_minute_of_which_samples_are_gone_stands_for_the_others() -> None:
    """Its least and most are those of all of them, and each time is there once."""
    rows = rows_of([sample(58), sample(60), sample(62)], [means(0, 48, 99, 300)])
    assert (at_s(rows), rows.samples_from) == ([0, 60, 62], 1)
    assert decoded(rows.most)[0] == 300 * MIB


def test_minutes_stand_for_the_hour_in_which_they_begin() -> None:
    """The recorder was started in the middle of an hour."""
    rows = rows_of(
        [], [means(1800, 1, 2, 3), means(1860, 1, 2, 3)], [replace(means(0, 1, 2, 3), count=60)]
    )
    assert at_s(rows) == [1800, 1860]


def test_a_sample_is_its_own_least_and_most() -> None:
    """With the figures of the export; unknown stays unknown."""
    rows = rows_of([sample(0, 500), sample(2, None)])
    for column in (rows.least, rows.mean, rows.most):
        assert decoded(column) == [500 * MIB, None]
    assert decoded(rows.cpu) == [12.5, 12.5]
    assert rows.stage.names == ["frames"]


def test_words_of_thinned_rows_are_unknown() -> None:
    """A minute has no stage."""
    rows = rows_of([sample(60)], [means(0, 1, 2, 3)])
    assert decoded(rows.stage.index) == [None, 0]


def test_memory_is_split_by_process() -> None:
    """The first is the server, though numbers of processes begin from 1 again; others count by
    name. A lone process is the server."""
    shares = (
        ProcessShare(32_099, "python", 200 * MIB),
        ProcessShare(9, "python", 30 * MIB),
        ProcessShare(12, "python", 20 * MIB),
        ProcessShare(0, "others", MIB),
    )
    rows = rows_of([sample(0, 100, processes=()), sample(2, 250, processes=shares)])
    layers = {layer.name: decoded(layer.memory) for layer in rows.layers}
    assert layers == {
        "server": [100 * MIB, 200 * MIB],
        "python": [None, 30 * MIB],
        "python 2": [None, 20 * MIB],
        "others": [None, MIB],
    }


def test_many_processes_are_summed_up() -> None:
    """Eight layers, and one for the rest."""
    shares = tuple(ProcessShare(n, f"p{n}", n * MIB) for n in range(1, 12))
    layers = {
        each.name: decoded(each.memory) for each in rows_of([sample(0, processes=shares)]).layers
    }
    assert len(layers) == 9
    assert layers["others"] == [(1 + 2 + 3) * MIB]


def test_stages_have_the_time_that_the_samples_tell() -> None:
    """Of a job whose samples are gone only the names are known."""
    job = JobRecord(2, T0, T0 + 6, stages=("upload", "frames"))
    samples = [sample(0, stage="upload"), sample(2, stage="frames"), sample(4, stage="frames")]
    (known,) = page_jobs([job], samples)
    assert known.stages == [("upload", 2.0), ("frames", 4.0)]
    (unknown,) = page_jobs([job], [])
    assert unknown.stages == [("upload", None), ("frames", None)]


def test_nothing_is_an_empty_table() -> None:
    """The page of a history that has just begun."""
    rows = rows_of([])
    assert (rows.count, decoded(rows.at), rows.layers) == (0, [], [])
