"""`make bench`: all benches, one document (docs/performance.md keeps one) and the figures as JSON.

A bench that finds the machine too noisy is repeated, and says so if it stays so.
"""

import argparse
from pathlib import Path

from bench import (
    book,
    cold_start,
    first_answer,
    growth,
    handlers,
    imports,
    pages,
    receipts,
    rules,
    servicing,
    throughput,
    writes,
)
from bench.measuring import machine, write_json
from bench.noise import ATTEMPTS, MOST, quietly, verdict
from infra.terminal import end_like_ctrl_c

BENCHES = {
    "handlers": handlers.run,
    "rules": rules.run,
    "servicing": servicing.run,
    "receipts": receipts.run,
    "throughput": throughput.run,
    "cold_start": cold_start.run,
    "first_answer": first_answer.run,
    "growth": growth.run,
    "book": book.run,
    "pages": pages.run,
    "imports": imports.run,
    "writes": writes.run,
}


def main() -> None:
    end_like_ctrl_c()
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which: {', '.join(BENCHES)}; all of them if none is named")
    parser.add_argument("--json", type=Path, default=Path(".local/bench.json"), help="where to write the figures")
    parser.add_argument("--attempts", type=int, default=ATTEMPTS, help="how often to try for a quiet run")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHES):
        parser.error(f"there is no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    here = machine()
    print("Measured on " + ", ".join(f"{name} {value}" for name, value in here.items()) + ".")
    results = []
    for name in arguments.names or BENCHES:
        results.append(quietly(BENCHES[name], arguments.attempts))
        # At once: all of them take most of an hour, and what was measured is not lost with a bench that fails.
        print(f"\n{results[-1].markdown()}\n\n{verdict(results[-1])}", flush=True)
        write_json(arguments.json, results)
    noisy = [result.name for result in results if result.noise is not None and result.noise > MOST]
    if noisy:
        print(f"\nThe machine was too noisy for {', '.join(noisy)}.")


if __name__ == "__main__":
    main()
