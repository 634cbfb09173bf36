import { type Answer, bearer, type CallInit, call } from "./client.ts";
import { testSecrets } from "./secrets.ts";

/** A request as the operator of the platform. */
export function asOperator(path: string, init: CallInit = {}): Promise<Answer> {
  return call(`/v1/operator${path}`, {
    ...init,
    headers: { ...bearer(testSecrets().OPERATOR_TOKEN ?? ""), ...init.headers },
  });
}

/** Sets the tenant's limits apart from its plan. */
export async function setLimits(tenant: { tenantId: string }, limits: Record<string, object>): Promise<void> {
  const { status, body } = await asOperator(`/tenants/${tenant.tenantId}/limits`, {
    method: "PUT",
    body: { limits, reason: "a test" },
  });
  if (status !== 200) throw new Error(`The limits were refused: ${JSON.stringify(body)}`);
}
