"""The bench of imports is run now and then, so that nobody sees in between that one of its steps broke."""

from bench import imports as bench


def test_the_bench_of_imports_takes_every_step_and_tells_it() -> None:
    table = bench.run(sizes=(40,), repeats=1)
    assert [row[1] for row in table.rows] == list(bench.STEPS)
    assert all(figure["seconds"] > 0 for figure in table.figures)
