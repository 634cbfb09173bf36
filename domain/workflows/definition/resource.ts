import { INTEGRATIONS, type TaskPattern, WEFT_INTEGRATIONS } from "./integrations.ts";

/** How a Task meets the outside: who does the work, and what is waited for. */
export interface TaskResource {
  /** The text of the definition. */
  readonly uri: string;
  readonly kind: "function" | "activity" | "integration" | "weft" | "other";
  /** "lambda", "aws-sdk:dynamodb", "llm"; the function or activity name for those kinds. */
  readonly service: string;
  /** "invoke", "putItem", "chat"; "" for a function or an activity. */
  readonly action: string;
  readonly pattern: TaskPattern;
}

const FUNCTION = /^arn:[a-z-]+:lambda:[^:]*:[^:]*:function:([^:]+)(?::[^:]+)?$/;
const ACTIVITY = /^arn:[a-z-]+:states:[^:]*:[^:]*:activity:([^:]+)$/;
const INTEGRATION = /^arn:[a-z-]+:states:::(aws-sdk:)?([a-z0-9-]+):([A-Za-z0-9]+)(\.[A-Za-z:0-9]+)?$/;
const WEFT = /^weft:([a-z]+):([a-z]+)(\.[A-Za-z]+)?$/;
const ARN = /^arn:[a-z-]+:([a-z0-9-]+):[^:]*:[^:]*:(.+)$/;

/** AWS: the longest ARN a Resource may hold. */
const MAX_RESOURCE_LENGTH = 1_600;

/** Null where the text names nothing a Task could call. */
export function parseResource(uri: string): TaskResource | null {
  if (uri.length > MAX_RESOURCE_LENGTH) return null;
  const called = FUNCTION.exec(uri);
  if (called !== null) return { uri, kind: "function", service: called[1] ?? "", action: "", pattern: "request" };
  const activity = ACTIVITY.exec(uri);
  if (activity !== null) return { uri, kind: "activity", service: activity[1] ?? "", action: "", pattern: "request" };
  return weftResource(uri) ?? integration(uri) ?? otherService(uri);
}

function weftResource(uri: string): TaskResource | null {
  const [, service = "", action = "", suffix] = WEFT.exec(uri) ?? [];
  const patterns = WEFT_INTEGRATIONS.get(`${service}:${action}`);
  const pattern = patternOf(suffix);
  if (patterns === undefined || pattern === null || !patterns.includes(pattern)) return null;
  return { uri, kind: "weft", service, action, pattern };
}

function integration(uri: string): TaskResource | null {
  const [, sdk, service = "", action = "", suffix] = INTEGRATION.exec(uri) ?? [];
  const pattern = patternOf(suffix);
  if (service === "" || pattern === null) return null;
  if (sdk !== undefined) {
    const isJob = pattern === "sync" || pattern === "sync:2";
    return isJob ? null : { uri, kind: "integration", service: `aws-sdk:${service}`, action, pattern };
  }
  return INTEGRATIONS.get(service)?.includes(action) === true
    ? { uri, kind: "integration", service, action, pattern }
    : null;
}

/** Services that are called by their own ARN; `states` has no other form than the ones above. */
function otherService(uri: string): TaskResource | null {
  const [, service = "states", action = ""] = ARN.exec(uri) ?? [];
  return service === "states" || service === "lambda"
    ? null
    : { uri, kind: "other", service, action, pattern: "request" };
}

function patternOf(suffix: string | undefined): TaskPattern | null {
  switch (suffix) {
    case undefined:
      return "request";
    case ".sync":
      return "sync";
    case ".sync:2":
      return "sync:2";
    case ".waitForTaskToken":
      return "waitForTaskToken";
    default:
      return null;
  }
}
