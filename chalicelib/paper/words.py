"""What the lines of an account are called, on pages and on paper."""

from collections.abc import Mapping

from chalicelib.rules.servicing.statement import Computed
from chalicelib.rules.servicing.values import Kind

KINDS: Mapping[Kind | Computed, str] = {
    Kind.DISBURSAL: "Disbursal",
    Kind.RECEIPT: "Receipt",
    Kind.REFUND: "Refund",
    Kind.WAIVER: "Waiver",
    Kind.WRITE_OFF: "Write-off",
    Kind.OPENING: "Opening",
    Kind.REVERSAL: "Reversal",
    Computed.INTEREST: "Interest",
    Computed.PENAL_CHARGE: "Penal charge",
    Computed.PREPAYMENT_CHARGE: "Prepayment charge",
}
