"""What the API answers, as models. Nothing validates with them at run time; the tests hold every answer to them.

Amounts are rupees, rates percent a year, tenures months. A field that may be missing has the default None.
"""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, Field, RootModel

from chalicelib.imports.kinds import KINDS
from chalicelib.rules.changes import ChangeCode
from chalicelib.rules.reasons import Reason
from chalicelib.rules.score import Part
from contract.words import error_meanings

CustomerId = Annotated[int, Field(description="the number of the customer")]
LoanId = Annotated[int, Field(description="the number of the loan")]
FirstName = Annotated[str, Field(description="the first name")]
LastName = Annotated[str, Field(description="the last name")]
Age = Annotated[int, Field(description="the age in years")]
Phone = Annotated[str, Field(description="the phone number, 10 digits", pattern="^[0-9]{10}$")]
Income = Annotated[Decimal, Field(description="the monthly income in rupees")]
Limit = Annotated[Decimal, Field(description="the credit limit in rupees")]
Amount = Annotated[Decimal, Field(description="the amount of the loan in rupees")]
Rate = Annotated[Decimal, Field(description="the interest rate in percent a year")]
Tenure = Annotated[int, Field(description="the tenure in months")]
Installment = Annotated[Decimal, Field(description="the monthly instalment in rupees")]
StartDate = Annotated[date, Field(description="the day from which the loan runs")]
Seconds = Annotated[int, Field(description="for how many seconds the link or form works")]


# A table in docs/api.md says of each when it is answered.
ErrorCode = StrEnum("ErrorCode", {code.upper(): code for code in error_meanings()})  # type: ignore[misc]  # not a literal


class Error(BaseModel):
    """The one envelope of every error."""

    error: str = Field(description="a sentence for a person: what is wrong, and what to do about it")
    code: ErrorCode = Field(description="what a program can tell errors apart by")
    fields: dict[str, list[str]] | None = Field(None, description="the sentences to each bad field of the request")
    request_id: str = Field(description="finds the request in the logs; the header X-Request-Id repeats it")


class RegisteredCustomer(BaseModel):
    """A customer as registered."""

    customer_id: CustomerId
    name: str = Field(description="first and last name")
    phone_number: Phone
    age: Age
    monthly_income: Income
    approved_limit: Limit


class ScorePart(BaseModel):
    """Where points of the score come from."""

    name: Part = Field(description="what the points are for")
    earned: Decimal = Field(description="points earned; those of all parts, rounded down together, are the score")
    possible: int = Field(description="points that could be earned")


class DecisionReason(BaseModel):
    """Why the decision is as it is."""

    code: Reason = Field(description="the reason for a program")
    sentence: str = Field(description="the reason for a person")


class DecisionFacts(BaseModel):
    """What the decision was made from: the customer, and the approved loans of the customer."""

    monthly_income: Income
    approved_limit: Limit
    loans: int = Field(description="approved loans ever")
    loans_paid_in_full: int = Field(description="loans with all their instalments paid on time")
    tenure_total: int = Field(description="the tenures of all loans together, in months")
    emis_paid_on_time: int = Field(description="the instalments of all loans that were paid on time")
    current_principal: Decimal = Field(description="the amounts of the current loans together, in rupees")
    current_emis: Decimal = Field(description="the monthly instalments of the current loans together, in rupees")


class LoanOffer(BaseModel):
    """A loan that the same policy would approve."""

    loan_amount: Amount
    tenure: Tenure
    interest_rate: Rate
    monthly_installment: Installment


class NeededChange(BaseModel):
    """A fact that would have to be another, and the bound it must reach."""

    code: ChangeCode = Field(description="which fact, and whether the bound is the least or the most")
    bound: Decimal = Field(description="rupees, a number of instalments, or points of the score")
    sentence: str = Field(description="the same for a person")


class LoanCounterOffer(BaseModel):
    """What could be had instead."""

    largest_amount: LoanOffer | None = Field(description="the largest amount for the asked tenure; null for none")
    shortest_tenure: LoanOffer | None = Field(description="the shortest tenure for the asked amount; null for none")
    changes: list[NeededChange] = Field(description="all that would have to change first for the loan as asked")
    statement: str = Field(description="all of it for a person")


class Explained(BaseModel):
    """What every decision carries."""

    policy: str = Field(description="the name of the policy")
    score: int = Field(description="the credit score, 0 to 100", ge=0, le=100)
    score_parts: list[ScorePart] = Field(description="what the score is made of")
    reasons: list[DecisionReason] = Field(description="why, the deciding reason first")
    rate_floor: Decimal | None = Field(description="the least rate at this score in percent a year; null for no loan")
    facts: DecisionFacts = Field(description="what the decision was made from")


class Eligibility(Explained):
    """A decision that was not saved."""

    customer_id: CustomerId
    approval: bool = Field(description="whether the loan would be approved")
    interest_rate: Rate
    corrected_interest_rate: Decimal = Field(
        description="the rate that applies if approved, else the requested one, in percent a year"
    )
    tenure: Tenure
    monthly_installment: Installment
    loan_amount: Amount
    counter_offer: LoanCounterOffer | None = Field(None, description="where it is not approved as asked")


class AppliedLoan(Explained):
    """A decision that was saved, and the loan if it was approved."""

    loan_id: int | None = Field(description="the number of the loan; null where it is refused")
    customer_id: CustomerId
    loan_approved: bool = Field(description="whether the loan is approved")
    message: str | None = Field(description="why it is refused, for a person; null where it is approved")
    monthly_installment: Installment
    application_id: int = Field(description="the number of the application")
    corrected_interest_rate: Decimal = Field(
        description="the rate that applies if approved, else the requested one, in percent a year"
    )
    counter_offer: LoanCounterOffer | None = Field(None, description="where it is not approved as asked")


class Borrower(BaseModel):
    """The customer of a loan."""

    customer_id: CustomerId
    first_name: FirstName
    last_name: LastName
    phone_number: Phone
    age: Age


class LoanWithCustomer(BaseModel):
    """A loan with its customer."""

    loan_id: LoanId
    customer: Borrower = Field(description="whose loan it is")
    loan_amount: Amount
    interest_rate: Rate
    monthly_installment: Installment
    tenure: Tenure


class LoanOfCustomer(BaseModel):
    """A loan, without its customer."""

    loan_id: LoanId
    loan_amount: Amount
    interest_rate: Rate
    monthly_installment: Installment
    repayments_left: int = Field(description="instalments that are not paid yet", ge=0)


class LoansOfCustomer(RootModel[list[LoanOfCustomer]]):
    """The loans of a customer."""


class CustomerRecord(BaseModel):
    """A customer."""

    customer_id: CustomerId
    first_name: FirstName
    last_name: LastName
    age: Age
    phone_number: Phone
    monthly_income: Income
    approved_limit: Limit


class Exposure(BaseModel):
    """What the customer owes today."""

    approved_limit: Limit
    current_principal: Decimal = Field(description="the amounts of the current loans together, in rupees")
    current_emis: Decimal = Field(description="the monthly instalments of the current loans together, in rupees")
    emi_share_of_income: Decimal = Field(description="the instalments as a share of the income, with 4 decimals")
    loans: int = Field(description="approved loans ever")


class CustomerWithExposure(CustomerRecord):
    """A customer with the exposure of today."""

    exposure: Exposure = Field(description="what the customer owes today")


NextId = Annotated[int | None, Field(description="where the next page begins; null on the last one")]


class CustomersPage(BaseModel):
    """Customers by number."""

    customers: list[CustomerRecord] = Field(description="the customers of this page")
    next: NextId


class LoanRecord(BaseModel):
    """A loan with everything that is stored of it."""

    loan_id: LoanId
    customer_id: CustomerId
    loan_amount: Amount
    interest_rate: Rate
    monthly_installment: Installment
    tenure: Tenure
    emis_paid_on_time: int = Field(description="instalments paid on time")
    start_date: StartDate
    end_date: date | None = Field(description="the day of its last instalment; null where it is not known")
    source_loan_id: int | None = Field(description="the number in the workbook it came from; null where none did")
    state: Literal["current", "ended"] = Field(description="current or ended")


class LoansPage(BaseModel):
    """Loans by number."""

    loans: list[LoanRecord] = Field(description="the loans of this page")
    next: NextId


class Instalment(BaseModel):
    """One instalment; interest and principal add up to it."""

    number: int = Field(description="1, 2, 3, …", ge=1)
    due_date: date = Field(description="the day on which it is due")
    opening_balance: Decimal = Field(description="what was owed before, in rupees")
    interest: Decimal = Field(description="what it pays of interest, in rupees")
    principal: Decimal = Field(description="what it pays of the loan, in rupees")
    instalment: Decimal = Field(description="what is paid, in rupees")
    closing_balance: Decimal = Field(description="what is owed after, in rupees")


class AmortizationSchedule(BaseModel):
    """The instalments of a loan and their totals."""

    loan_amount: Amount
    tenure: Tenure
    interest_rate: Rate
    effective_interest_rate: Decimal = Field(description="the rate that the schedule runs at, in percent a year")
    monthly_installment: Installment
    runs_at_stated_rate: bool = Field(description="whether the instalment is the EMI of the stated rate")
    rows: list[Instalment] = Field(description="the instalments; the last one pays what is left")
    total_interest: Decimal = Field(description="all interest, in rupees")
    total_principal: Decimal = Field(description="all principal, in rupees: the amount of the loan")
    total_paid: Decimal = Field(description="all instalments, in rupees")


class PolicySlab(BaseModel):
    """A slab of scores."""

    score_above: int = Field(description="the slab is for scores above this one")
    rate_floor: Decimal = Field(description="the least rate in percent a year")


class PolicyValues(BaseModel):
    """Every number of the policy, as it was on that day."""

    name: str = Field(description="the name of the policy")
    income_multiple: Decimal = Field(description="the limit is so many monthly incomes")
    limit_rounding_step: Decimal = Field(description="to which the limit is rounded, in rupees")
    max_emi_share_of_income: Decimal = Field(description="the share of the income that instalments may take")
    counts_requested_loan: bool = Field(description="whether the requested loan counts beside the current ones")
    score_without_history: int = Field(description="the score of a customer without loans")
    punctuality_points: int = Field(description="points for instalments paid on time")
    completion_points: int = Field(description="points for loans paid in full")
    slabs: list[PolicySlab] = Field(description="which scores are approved, and at which least rate")


class ApplicationRecord(Explained):
    """An application with everything it was decided from."""

    application_id: int = Field(description="the number of the application")
    customer_id: CustomerId
    created_at: datetime = Field(description="the moment at which it was saved")
    decided_on: date = Field(description="the day for which it was decided")
    loan_amount: Amount
    interest_rate: Rate
    tenure: Tenure
    loan_approved: bool = Field(description="whether the loan was approved")
    loan_id: int | None = Field(description="the number of the loan; null where it was refused")
    message: str | None = Field(description="why it was refused, for a person; null where it was approved")
    corrected_interest_rate: Decimal = Field(
        description="the rate that applies if approved, else the requested one, in percent a year"
    )
    monthly_installment: Installment
    policy_values: PolicyValues = Field(description="the policy it was decided by")


class ApplicationsPage(BaseModel):
    """Applications, the newest first."""

    applications: list[ApplicationRecord] = Field(description="the applications of this page")
    next: NextId


class DownloadLink(BaseModel):
    """A link to a file; who has it can use it."""

    url: str = Field(description="where the file can be downloaded")
    expires_in_seconds: Seconds


class UploadForm(BaseModel):
    """A form to be posted as multipart/form-data, with the file as its last field."""

    url: str = Field(description="where to post the form")
    fields: dict[str, str] = Field(description="the fields of the form, before the one named file")


class StartedImport(BaseModel):
    """An import that waits for its file."""

    import_id: int = Field(description="the number of the import")
    state: Literal["awaiting_upload"] = Field(description="awaiting_upload")
    file_name: str = Field(description="the name as it was kept")
    key: str = Field(description="where the file will lie in the bucket")
    upload: UploadForm = Field(description="how to send the file")
    content_type: str = Field(description="the content type that the form asks for")
    max_bytes: int = Field(description="how large the file may be")
    expires_in_seconds: Seconds


class ReleasedImport(BaseModel):
    """An import whose file is imported once more."""

    import_id: int = Field(description="the number of the import that the file has become")
    releases: int = Field(description="the number of the import that spared who was registered here")


class RowCounts(BaseModel):
    """What became of rows."""

    rows: int = Field(description="rows found", ge=0)
    inserted: int = Field(description="rows that were new", ge=0)
    updated: int = Field(description="rows that changed something", ge=0)
    unchanged: int = Field(description="rows that said what was known already", ge=0)
    superseded: int = Field(description="rows that a newer file had said otherwise", ge=0)
    waiting: int = Field(description="loans that wait for their customer", ge=0)
    rejected: int = Field(description="rows that are not valid", ge=0)
    renumbered: int = Field(description="loans that got another number, since theirs was taken", ge=0)


class SheetCounts(RowCounts):
    """What became of the rows of a sheet."""

    sheet: str = Field(description="the name of the sheet")
    kind: str = Field(description="what the sheet holds", json_schema_extra={"enum": [kind.name for kind in KINDS]})


class Progress(BaseModel):
    """How far the import is."""

    rows_read: int = Field(description="rows read so far", ge=0)
    rows_total: int | None = Field(description="rows in all; null until the file is open")
    percent: int | None = Field(description="the share read, 0 to 100; null until the file is open")


class ImportRecord(BaseModel):
    """An import as it stands."""

    import_id: int = Field(description="the number of the import")
    state: Literal["awaiting_upload", "running", "completed", "failed"] = Field(description="how it goes")
    file_name: str = Field(description="the name of the file")
    key: str = Field(description="where the file lies in the bucket")
    created_at: datetime = Field(description="the moment at which it began")
    finished_at: datetime | None = Field(description="the moment at which it ended; null until then")
    message: str | None = Field(description="why it failed or still waits, for a person")
    progress: Progress = Field(description="how far it is")
    counts: RowCounts = Field(description="what became of the rows of all sheets")


class ImportWithSheets(ImportRecord):
    """An import as it stands, by sheet, with its report."""

    sheets: list[SheetCounts] = Field(description="what became of the rows of each sheet")
    report: DownloadLink | None = Field(description="the report row by row, a workbook; null until it is there")


class ImportsPage(BaseModel):
    """Imports, the newest first."""

    imports: list[ImportRecord] = Field(description="the imports of this page")
    next: NextId


class ImportFinding(BaseModel):
    """What an import says about a cell, a row or a sheet."""

    finding_id: int = Field(description="the number of the finding")
    sheet: str = Field(description="the name of the sheet")
    row_number: int = Field(description="the row as Excel shows it")
    outcome: Literal["rejected", "waiting", "renumbered", "superseded", "flagged"] = Field(
        description="what became of the row"
    )
    column: str | None = Field(description="the column to blame; null where it is no single one")
    value: str | None = Field(description="what stands in the cell; null where it is not about one")
    code: str = Field(description="what is wrong, for a program")
    sentence: str = Field(description="what is wrong, for a person")


class ImportRowsPage(BaseModel):
    """Findings, in the order they were made."""

    rows: list[ImportFinding] = Field(description="the findings of this page")
    next: NextId
