import type { Json } from "../../kernel/json.ts";
import { isText, readNumberField, readObjectTemplate, readPathField, readTemplate } from "./fields.ts";
import { checkLabel } from "./label.ts";
import type { ItemBatcher, ItemProcessor, ItemReader, MapState, QueryLanguage, ResultWriter } from "./machine.ts";
import type { Reading } from "./reading.ts";
import type { Section } from "./section.ts";
import { readTaskResource } from "./task-resource.ts";

/** ASL: an ItemReader reads at most this many items, and a count has no other bound of its own. */
const MAX_ITEMS = 100_000_000;
/** AWS: the largest payload; a batch may not be larger than the input of the child it becomes. */
const MAX_BATCH_BYTES = 262_144;

type MapFields = Pick<
  MapState,
  | "type"
  | "itemProcessor"
  | "itemsPath"
  | "items"
  | "itemSelector"
  | "reader"
  | "batcher"
  | "writer"
  | "maxConcurrency"
  | "toleratedFailureCount"
  | "toleratedFailurePercentage"
  | "label"
>;

/** What a Map has beside the fields of every state that does work. */
export function readMap(section: Section, language: QueryLanguage, reading: Reading): MapFields {
  const itemProcessor = readProcessor(section, reading);
  if (itemProcessor.mode === "INLINE") warnOfDistributedFields(section);
  const maxConcurrency = readNumberField(section, "MaxConcurrency", language, 0, MAX_ITEMS);
  return {
    type: "Map",
    itemProcessor,
    itemsPath: language === "JSONPath" ? readPathField(section, "ItemsPath") : null,
    items: language === "JSONata" ? readItems(section) : null,
    itemSelector: readItemSelector(section, language),
    reader: readReader(section, language, reading),
    batcher: readBatcher(section, language),
    writer: readWriter(section, language, reading),
    maxConcurrency: maxConcurrency ?? { kind: "literal", field: "MaxConcurrency", value: 0 },
    toleratedFailureCount: readNumberField(section, "ToleratedFailureCount", language, 0, MAX_ITEMS),
    toleratedFailurePercentage: readNumberField(section, "ToleratedFailurePercentage", language, 0, 100),
    label: checkLabel(section),
  };
}

/** `Iterator` is the older name. */
function readProcessor(section: Section, reading: Reading): ItemProcessor {
  section.excludeEachOther("ItemProcessor", "Iterator");
  const field = section.has("Iterator") ? "Iterator" : "ItemProcessor";
  if (field === "ItemProcessor") section.require("ItemProcessor");
  const processor = section.section(field);
  if (processor === null) return { mode: "INLINE", executionType: null, startAt: "", states: new Map() };
  const { mode, executionType } = readConfig(processor, reading);
  const children = executionType === null ? reading : { ...reading, type: executionType };
  return { mode, executionType, ...reading.readScope(processor, children) };
}

function readConfig(processor: Section, reading: Reading): Pick<ItemProcessor, "mode" | "executionType"> {
  const config = processor.section("ProcessorConfig");
  if (config === null) return { mode: "INLINE", executionType: null };
  const mode = config.choice("Mode", ["INLINE", "DISTRIBUTED"]) ?? "INLINE";
  const executionType = config.choice("ExecutionType", ["STANDARD", "EXPRESS"]);
  if (mode === "DISTRIBUTED") config.require("ExecutionType");
  if (mode === "DISTRIBUTED" && reading.type === "EXPRESS") {
    config.error("Mode", "Express state machine does not support Map state with Mode DISTRIBUTED");
  }
  config.refuseOthers();
  return { mode, executionType: mode === "DISTRIBUTED" ? (executionType ?? "STANDARD") : null };
}

/** AWS itself only ignores them. */
function warnOfDistributedFields(section: Section): void {
  for (const field of ["ItemReader", "ItemBatcher", "ResultWriter", "Label"]) {
    if (section.has(field))
      section.findings.warning(section.at(field), `'${field}' has effect only with Mode DISTRIBUTED`);
  }
}

function readItems(section: Section) {
  const value = section.value("Items");
  if (value !== undefined && !isText(value) && !Array.isArray(value)) {
    section.error("Items", "Expected an array or a JSONata expression");
  }
  const items = readTemplate(section, "Items", "JSONata");
  if (items?.root.kind === "literal" && isText(items.root.value)) {
    section.error("Items", "Expected an array or a JSONata expression");
  }
  return items;
}

/** The older name, `Parameters`, is a JSONPath field. */
function readItemSelector(section: Section, language: QueryLanguage) {
  if (language === "JSONata") return readTemplate(section, "ItemSelector", language);
  section.excludeEachOther("ItemSelector", "Parameters");
  return readTemplate(section, section.has("Parameters") ? "Parameters" : "ItemSelector", language);
}

function argumentsField(language: QueryLanguage): "Parameters" | "Arguments" {
  return language === "JSONPath" ? "Parameters" : "Arguments";
}

function readReader(section: Section, language: QueryLanguage, reading: Reading): ItemReader | null {
  const reader = section.section("ItemReader");
  if (reader === null) return null;
  reader.require("Resource");
  const config = reader.section("ReaderConfig");
  const read: ItemReader = {
    resource: readTaskResource(reader, reading.type),
    arguments: readObjectTemplate(reader, argumentsField(language), language),
    inputType: config?.choice("InputType", ["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"]) ?? null,
    csvHeaderLocation: config?.choice("CSVHeaderLocation", ["FIRST_ROW", "GIVEN"]) ?? null,
    csvHeaders: config === null ? null : readHeaders(config),
    csvDelimiter: config?.choice("CSVDelimiter", ["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"]) ?? null,
    itemsPointer: config?.text("ItemsPointer") ?? null,
    transformation: config?.choice("Transformation", ["NONE", "LOAD_AND_FLATTEN"]) ?? null,
    maxItems: config === null ? null : readNumberField(config, "MaxItems", language, 0, MAX_ITEMS),
  };
  if (config !== null) checkCsv(config, read);
  config?.value("ManifestType");
  config?.refuseOthers();
  reader.refuseOthers();
  return read;
}

function checkCsv(config: Section, { inputType, csvHeaderLocation }: ItemReader): void {
  if (inputType === "CSV") config.require("CSVHeaderLocation");
  if (csvHeaderLocation === "GIVEN") config.require("CSVHeaders");
}

function readHeaders(config: Section): string[] | null {
  const headers: Json[] | null = config.list("CSVHeaders");
  if (headers === null) return null;
  if (!headers.every(isText)) config.error("CSVHeaders", "Expected an array of strings");
  return headers.filter(isText);
}

function readBatcher(section: Section, language: QueryLanguage): ItemBatcher | null {
  const batcher = section.section("ItemBatcher");
  if (batcher === null) return null;
  const read: ItemBatcher = {
    maxItemsPerBatch: readNumberField(batcher, "MaxItemsPerBatch", language, 1, MAX_ITEMS),
    maxInputBytesPerBatch: readNumberField(batcher, "MaxInputBytesPerBatch", language, 1, MAX_BATCH_BYTES),
    batchInput: readTemplate(batcher, "BatchInput", language),
  };
  const fields = ["MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"];
  if (!fields.some((field) => batcher.has(field))) {
    batcher.findings.error(
      batcher.location,
      "One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]",
    );
  }
  batcher.refuseOthers();
  return read;
}

function readWriter(section: Section, language: QueryLanguage, reading: Reading): ResultWriter | null {
  const writer = section.section("ResultWriter");
  if (writer === null) return null;
  const read: ResultWriter = {
    resource: writer.has("Resource") ? readTaskResource(writer, reading.type) : null,
    arguments: readObjectTemplate(writer, argumentsField(language), language),
    writerConfig: writer.object("WriterConfig"),
  };
  writer.refuseOthers();
  return read;
}
