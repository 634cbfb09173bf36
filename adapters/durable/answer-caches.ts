import type { AnswerCache, AnswerCaches } from "../../services/llm/ports.ts";

/** One object a tenant, named by the tenant's id: its public methods are the port's. */
export function durableAnswerCaches(namespace: DurableObjectNamespace): AnswerCaches {
  return {
    of(tenantId) {
      // A stub whose object was reset stays broken, so every call takes a new one.
      const stub = () => namespace.getByName(tenantId) as unknown as AnswerCache;
      return {
        find: (question, brought, since) => stub().find(question, brought, since),
        keep: (answers, since) => stub().keep(answers, since),
        forget: (of) => stub().forget(of),
      };
    },
  };
}
