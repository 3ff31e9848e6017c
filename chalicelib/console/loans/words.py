"""What the life of a loan is called on the pages, each state with the kind of its badge."""

from collections.abc import Mapping

from chalicelib.paper.words import KINDS
from chalicelib.rules.servicing.instalments import State
from chalicelib.rules.servicing.values import Effect, Intent
from chalicelib.storage import servicing
from chalicelib.storage.transaction_list import ListedTransaction

STATES: Mapping[State, tuple[str, str]] = {
    State.PAID_ON_TIME: ("Paid on time", "good"),
    State.PAID_LATE: ("Paid late", "warn"),
    State.OVERDUE: ("Overdue", "bad"),
    State.DUE_TODAY: ("Due today", "busy"),
    State.TO_COME: ("To come", "plain"),
}
INTENTS: Mapping[Intent, str] = {
    Intent.INSTALMENT: "for instalments",
    Intent.PREPAYMENT: "as a prepayment",
    Intent.SETTLEMENT: "as the settlement",
    Intent.CHARGES: "of charges",
    Intent.INTEREST: "of interest",
    Intent.PRINCIPAL: "of principal",
}
EFFECTS: Mapping[Effect, str] = {
    Effect.SHORTER_TENURE: "fewer instalments",
    Effect.LOWER_INSTALMENT: "lower instalments",
}


def title_of(transaction: servicing.Transaction | ListedTransaction) -> str:
    """What a transaction is, with what it is for: `Receipt as a prepayment, fewer instalments`."""
    title = KINDS[transaction.kind]
    if transaction.reverses is not None:
        title += f" of No. {transaction.reverses}"
    if transaction.intent not in (None, Intent.INSTALMENT):
        title += f" {INTENTS[transaction.intent]}"
    if transaction.effect is not None:
        title += f", {EFFECTS[transaction.effect]}"
    return title
