import { Hono } from "hono";
import { problem } from "../../domain/kernel/problem.ts";
import { aliases } from "./api/aliases.ts";
import { apiKeys } from "./api/api-keys.ts";
import { audit } from "./api/audit.ts";
import { auth } from "./api/auth.ts";
import { budgets } from "./api/budgets.ts";
import { documents } from "./api/documents.ts";
import { experiments } from "./api/experiments.ts";
import { functions } from "./api/functions.ts";
import { guardrails } from "./api/guardrails.ts";
import { jobs } from "./api/jobs.ts";
import { knowledgeBases } from "./api/knowledge-bases.ts";
import { knowledgeSearch } from "./api/knowledge-search.ts";
import { limits } from "./api/limits.ts";
import { mailLinks } from "./api/mail-links.ts";
import { me } from "./api/me.ts";
import { members } from "./api/members.ts";
import { modelOperations } from "./api/model-operations.ts";
import { modelRoutes } from "./api/model-routes.ts";
import { openId } from "./api/openid.ts";
import { operationsRoutes } from "./api/operations.ts";
import { operatorMailbox } from "./api/operator-mailbox.ts";
import { operatorTenants } from "./api/operator-tenants.ts";
import { operatorUsers } from "./api/operator-users.ts";
import { providers } from "./api/providers.ts";
import { publishedEvents } from "./api/published-events.ts";
import { reports } from "./api/reports.ts";
import { reviews } from "./api/reviews.ts";
import { runs } from "./api/runs.ts";
import { schedules } from "./api/schedules.ts";
import { secondFactor } from "./api/second-factor.ts";
import { storedObjects } from "./api/stored-objects.ts";
import { taskTokens } from "./api/task-tokens.ts";
import { tenantExports } from "./api/tenant-exports.ts";
import { tenants } from "./api/tenants.ts";
import { testFixtures } from "./api/test-fixtures.ts";
import { triggers } from "./api/triggers.ts";
import { usage } from "./api/usage.ts";
import { workflows } from "./api/workflows.ts";
import type { HttpEnv } from "./env.ts";
import { accessLog } from "./middleware/access-log.ts";
import { cors } from "./middleware/cors.ts";
import { answerError } from "./middleware/problem.ts";
import { rateLimit } from "./middleware/rate-limit.ts";
import { requestScope } from "./middleware/request-scope.ts";
import { securityHeaders } from "./middleware/security-headers.ts";
import type { Operation, Routes } from "./operation.ts";
import { awsStepFunctions } from "./protocols/aws-step-functions/routes.ts";
import { answerOpenAiError } from "./protocols/openai/answer-error.ts";
import { openai } from "./protocols/openai/routes.ts";
import { RememberingRouter } from "./router.ts";

/** Every area's operations, in the order of the document. */
const SURFACES: readonly Routes[] = [
  auth,
  secondFactor,
  openId,
  mailLinks,
  me,
  tenants,
  tenantExports,
  members,
  apiKeys,
  audit,
  limits,
  operatorTenants,
  operatorUsers,
  operatorMailbox,
  knowledgeBases,
  documents,
  knowledgeSearch,
  workflows,
  aliases,
  runs,
  taskTokens,
  storedObjects,
  publishedEvents,
  reviews,
  functions,
  schedules,
  triggers,
  jobs,
  modelOperations,
  openai,
  awsStepFunctions,
  providers,
  modelRoutes,
  budgets,
  guardrails,
  experiments,
  usage,
  reports,
  operationsRoutes(() => OPERATIONS),
];

export const OPERATIONS: readonly Operation[] = SURFACES.flatMap((surface) => surface.operations);

export function createApp(): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>({ strict: true, router: new RememberingRouter() });
  app.use(requestScope(), securityHeaders(), accessLog(), rateLimit(), cors());
  for (const surface of [...SURFACES, testFixtures]) surface.mount(app);
  app.notFound((http) => {
    const here = operationsAt(http.req.path);
    if (here.length === 0)
      return answerError(problem("not-found", { detail: "There is nothing at this address." }), http);
    const failure = problem("method-not-allowed", { members: { allow: methodsOf(here) } });
    return answerAt(http.req.path)(failure, http);
  });
  // What stands before the operations may refuse, too.
  app.onError((error, http) => answerAt(http.req.path)(error, http));
  return app;
}

function operationsAt(address: string): Operation[] {
  return OPERATIONS.filter((operation) => pattern(operation).test(address));
}

/** In whose shape an address refuses; one of our own may look like an id of OpenAI's surface. */
function answerAt(address: string): typeof answerError {
  const here = operationsAt(address);
  const { errors } = here.find(({ path }) => path === address) ?? here.find((operation) => operation.errors) ?? {};
  return errors === "openai" ? answerOpenAiError : answerError;
}

/** The methods that an address supports, for the answer 405 (RFC 9110 section 15.5.6). */
function methodsOf(operations: readonly Operation[]): string[] {
  return [...new Set(operations.map(({ method }) => method.toUpperCase()))].sort();
}

/** Ids of models hold slashes. */
function pattern({ path, errors }: Operation): RegExp {
  const parameter = errors === "openai" ? ".+" : "[^/]+";
  return new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, parameter)}$`);
}
