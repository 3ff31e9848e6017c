// What a front end does with the client that openapi-typescript and openapi-fetch make of the contract. Prints JSON.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.d.ts";

const api = createClient<paths>({ baseUrl: process.argv[2]! });

function good<T>(answer: { data?: T; error?: components["schemas"]["Error"] }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const customer = good(
  await api.POST("/api/register/", {
    body: { first_name: "Asha", last_name: "Rao", age: 33, monthly_income: 50000, phone_number: "9812345678" },
  }),
);
const wish = { customer_id: customer.customer_id, loan_amount: 120030, interest_rate: 18, tenure: 12 };
const eligibility = good(await api.POST("/api/check-eligibility/", { body: wish }));
const loan = good(await api.POST("/api/create-loan/", { body: wish }));
const loans = good(
  await api.GET("/api/view-loans/{customer_id}/", { params: { path: { customer_id: customer.customer_id } } }),
);
const { error } = await api.GET("/api/customers/{customer_id}/", { params: { path: { customer_id: 4711 } } });
const code: components["schemas"]["ErrorCode"] | undefined = error?.code;

console.log(
  JSON.stringify({
    limit: customer.approved_limit,
    approval: eligibility.approval,
    approved: loan.loan_approved,
    loans: loans.map((each) => each.loan_id === loan.loan_id),
    code,
  }),
);
