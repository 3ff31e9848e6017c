"""A longer load: what a worker takes of memory, connections and files is the same in the end as after a while."""

import os
import time
from statistics import median

from tests.support.faults.course import assert_all_is_well, assert_no_connection_leaked
from tests.support.faults.load import Load

SECONDS = float(os.environ.get("SOAK_SECONDS", "20"))
BOOKS = 8
SAMPLE_SECONDS = 0.25
MOST_GROWTH_MB = 6
# A request for S3 may have its connection open at this moment.
MOST_MORE_FILES = 3


def test_a_long_mixed_load_takes_no_more_in_the_end_than_in_the_middle(load: Load) -> None:
    load.start(2)
    samples = []
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < SECONDS:
        if elapsed > len(load.books) * SECONDS / BOOKS:
            load.import_book(copies=2)
        samples.append(load.gauges())
        time.sleep(SAMPLE_SECONDS)
    load.rest()
    assert_no_connection_leaked(load)
    load.go_on()
    third = len(samples) // 3
    for name in load.workers:
        middle, end = ([one[name] for one in part] for part in (samples[third : 2 * third], samples[2 * third :]))
        assert median(memory for memory, _ in end) - median(memory for memory, _ in middle) < MOST_GROWTH_MB
        assert max(files for _, files in end) - max(files for _, files in middle) <= MOST_MORE_FILES
    assert_all_is_well(load)
