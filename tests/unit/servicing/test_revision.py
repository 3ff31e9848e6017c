"""What the same facts make stays the same, or the revision of the fold says that it does not."""

from datetime import date, timedelta
from hashlib import sha256
from random import Random

from chalicelib.rules.money import from_paise
from chalicelib.rules.servicing.position import FOLD_REVISION
from tests.support.servicing.histories import ACTS, CHOICES, Life, lived, loan

# What the rules make of three hundred lives, by revision.
POSITIONS = {1: "2e8c7aa7a868a53825bf5015648cf3759b8ecb2faef6efe5c83f9b4006531e34"}


def test_facts_make_the_positions_of_their_revision() -> None:
    """If not, positions that are stored are not those of the rules any more: CONTRIBUTING.md, "A rule of servicing"."""
    random = Random(20261130)
    positions = [repr(_life(random).position) for _ in range(300)]
    assert sha256("\n".join(positions).encode()).hexdigest() == POSITIONS[FOLD_REVISION]


def _life(random: Random) -> Life:
    """A loan, with or without charges, and what was done to it."""

    def below(limit: int) -> int:
        # random() alone gives the same numbers in every release of Python.
        return int(random.random() * limit)

    charges = {"grace_days": below(10), "penal_charge": from_paise(below(500_00)), "prepayment_charge": from_paise(200)}
    made = loan(
        from_paise(1_00 + below(500_000_00)),
        from_paise(below(36_00)),
        1 + below(8),
        date(2023, 1, 1) + timedelta(days=below(450)),
        **(charges if below(2) else {}),
    )
    plans = [
        (below(340), bool(below(2)), ACTS[below(len(ACTS))], CHOICES[below(len(CHOICES))], 1 + below(10**6))
        for _ in range(2 + below(8))
    ]
    return lived(made, plans)
