/** How a Task meets the outside: who does the work, and what is waited for. */
export interface TaskResource {
  /** The text of the definition. */
  readonly uri: string;
  readonly kind: "function" | "activity" | "integration" | "weft" | "other";
  /** "lambda", "aws-sdk:dynamodb", "llm"; the function or activity name for those kinds. */
  readonly service: string;
  /** "invoke", "putItem", "chat"; "" for a function or an activity. */
  readonly action: string;
  readonly pattern: "request" | "sync" | "sync:2" | "waitForTaskToken";
}
