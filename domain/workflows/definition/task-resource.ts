import type { MachineType } from "./machine.ts";
import { parseResource, type TaskResource } from "./resource.ts";
import type { Section } from "./section.ts";

const NOWHERE: TaskResource = { uri: "", kind: "other", service: "", action: "", pattern: "request" };

/** The Resource of a Task, an ItemReader or a ResultWriter. */
export function readTaskResource(section: Section, type: MachineType): TaskResource {
  const uri = section.text("Resource");
  if (uri === null) return NOWHERE;
  const resource = parseResource(uri);
  if (resource === null) {
    section.error(
      "Resource",
      `The resource provided ${uri.slice(0, 256)} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.`,
    );
    return NOWHERE;
  }
  if (type === "EXPRESS") refuseInExpress(section, resource);
  return resource;
}

/** An Express execution lives five minutes in memory, so it cannot wait for others. */
function refuseInExpress(section: Section, { kind, pattern }: TaskResource): void {
  if (kind === "activity") section.error("Resource", "Express state machine does not support Activity ARN");
  if (pattern !== "request") {
    section.error("Resource", `Express state machine does not support '.${pattern}' service integration`);
  }
}
