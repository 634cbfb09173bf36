import type { Json } from "../../kernel/json.ts";
import type { ChoiceTest } from "../expression/choice.ts";
import type { NumberField, TextField } from "../expression/field.ts";
import type { Path } from "../expression/path.ts";
import type { ReferencePath } from "../expression/reference-path.ts";
import type { Template } from "../expression/template.ts";
import type { TaskResource } from "./resource.ts";

// A definition after parsing: names resolved, defaults filled in, paths and rules compiled, so that running a state
// touches no text. Where a field belongs to one query language only, it is null in states of the other.

export type QueryLanguage = "JSONPath" | "JSONata";
export type MachineType = "STANDARD" | "EXPRESS";

/** A set of states that can only reach each other: the machine, a Parallel branch, a Map's processor. */
export interface StateScope {
  readonly startAt: string;
  readonly states: ReadonlyMap<string, State>;
}

export interface Machine extends StateScope {
  readonly comment: string | null;
  readonly queryLanguage: QueryLanguage;
  readonly timeoutSeconds: number | null;
}

export type State =
  | PassState
  | TaskState
  | ChoiceState
  | WaitState
  | SucceedState
  | FailState
  | ParallelState
  | MapState;

export type StateType = State["type"];

interface StateBase {
  readonly name: string;
  readonly comment: string | null;
  readonly queryLanguage: QueryLanguage;
}

/** `next` is null where the state says `End: true`. */
interface Transition {
  readonly next: string | null;
}

/** InputPath and OutputPath; null where the definition says null (the value becomes `{}`), `$` where it says nothing. */
interface Paths {
  readonly inputPath: Path | null;
  readonly outputPath: Path | null;
}

/** `resultPath` is null where the definition says null (the result is discarded), `$` where it says nothing. */
interface Placement {
  readonly resultPath: ReferencePath | null;
}

interface Outcome {
  /** Object template: each member is one variable. */
  readonly assign: Template | null;
  /** JSONata only. */
  readonly output: Template | null;
}

interface Work extends StateBase, Transition, Paths, Placement, Outcome {
  readonly resultSelector: Template | null;
  readonly retry: readonly Retrier[];
  readonly catch: readonly Catcher[];
}

export interface PassState extends StateBase, Transition, Paths, Placement, Outcome {
  readonly type: "Pass";
  /** JSONPath: literal data, wins over `parameters`. */
  readonly result: { readonly value: Json } | null;
  readonly parameters: Template | null;
}

export interface TaskState extends Work {
  readonly type: "Task";
  readonly resource: TaskResource;
  /** `Parameters` of JSONPath, `Arguments` of JSONata; null means the effective input. */
  readonly arguments: Template | null;
  readonly credentials: Template | null;
  readonly timeoutSeconds: NumberField | null;
  readonly heartbeatSeconds: NumberField | null;
}

export interface ChoiceState extends StateBase, Paths, Outcome {
  readonly type: "Choice";
  readonly choices: readonly ChoiceRule[];
  readonly default: string | null;
}

export interface ChoiceRule extends Outcome {
  readonly test: ChoiceTest;
  readonly next: string;
}

export interface WaitState extends StateBase, Transition, Paths, Outcome {
  readonly type: "Wait";
  /** Exactly one of the two is set. */
  readonly seconds: NumberField | null;
  readonly timestamp: TextField | null;
}

export interface SucceedState extends StateBase, Paths {
  readonly type: "Succeed";
  readonly output: Template | null;
}

export interface FailState extends StateBase {
  readonly type: "Fail";
  readonly error: TextField | null;
  readonly cause: TextField | null;
}

export interface ParallelState extends Work {
  readonly type: "Parallel";
  readonly branches: readonly StateScope[];
  readonly arguments: Template | null;
}

export interface MapState extends Work {
  readonly type: "Map";
  readonly itemProcessor: ItemProcessor;
  /** JSONPath; `$` where absent. */
  readonly itemsPath: Path | null;
  /** JSONata; null means the state's input. */
  readonly items: Template | null;
  /** `ItemSelector`, or the older `Parameters`. */
  readonly itemSelector: Template | null;
  readonly reader: ItemReader | null;
  readonly batcher: ItemBatcher | null;
  readonly writer: ResultWriter | null;
  /** 0 where absent: no limit. */
  readonly maxConcurrency: NumberField;
  /** Null where absent. */
  readonly toleratedFailureCount: NumberField | null;
  readonly toleratedFailurePercentage: NumberField | null;
  readonly label: string | null;
}

export interface ItemProcessor extends StateScope {
  readonly mode: "INLINE" | "DISTRIBUTED";
  /** Null when inline. */
  readonly executionType: MachineType | null;
}

export interface ItemReader {
  readonly resource: TaskResource;
  /** `Parameters` of JSONPath, `Arguments` of JSONata. */
  readonly arguments: Template | null;
  readonly inputType: InputType | null;
  readonly csvHeaderLocation: "FIRST_ROW" | "GIVEN" | null;
  readonly csvHeaders: readonly string[] | null;
  readonly csvDelimiter: "COMMA" | "PIPE" | "SEMICOLON" | "SPACE" | "TAB" | null;
  readonly itemsPointer: string | null;
  readonly transformation: "NONE" | "LOAD_AND_FLATTEN" | null;
  readonly maxItems: NumberField | null;
}

export type InputType = "CSV" | "JSON" | "JSONL" | "PARQUET" | "MANIFEST";

export interface ItemBatcher {
  readonly maxItemsPerBatch: NumberField | null;
  readonly maxInputBytesPerBatch: NumberField | null;
  readonly batchInput: Template | null;
}

export interface ResultWriter {
  readonly resource: TaskResource | null;
  readonly arguments: Template | null;
  readonly writerConfig: Json;
}

export interface Retrier {
  readonly errorEquals: readonly string[];
  readonly intervalSeconds: number;
  readonly maxAttempts: number;
  readonly backoffRate: number;
  readonly maxDelaySeconds: number | null;
  readonly jitterStrategy: "NONE" | "FULL";
}

export interface Catcher extends Outcome, Placement {
  readonly errorEquals: readonly string[];
  readonly next: string;
}
