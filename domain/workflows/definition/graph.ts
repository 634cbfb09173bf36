import type { Findings } from "./findings.ts";
import { escapeToken } from "./json-text.ts";

/** One transition of a state, with the place in the definition that says so. */
export interface Transition {
  readonly to: string;
  readonly field: string;
  readonly location: string;
}

/** A state as the graph of its scope sees it. */
export interface GraphNode {
  readonly transitions: readonly Transition[];
  readonly isTerminal: boolean;
}

/** ASL: every target is in the same scope, every state can be reached, and the scope can end. */
export function checkGraph(
  startAt: string | null,
  nodes: ReadonlyMap<string, GraphNode>,
  location: string,
  findings: Findings,
): void {
  const isKnown = ({ to, field, location: from }: Transition): boolean => {
    if (nodes.has(to)) return true;
    findings.error(from, `Missing '${field}' target: ${to}`, "MISSING_TRANSITION_TARGET");
    return false;
  };
  const targets = new Map<string, string[]>();
  for (const [name, { transitions }] of nodes) {
    targets.set(
      name,
      transitions.filter(isKnown).map(({ to }) => to),
    );
  }
  if (nodes.size > 0 && ![...nodes.values()].some(({ isTerminal }) => isTerminal)) {
    findings.error(`${location}/States`, "There is no terminal state: one must have 'End', or be a Succeed or a Fail");
  }
  if (startAt === null || !isKnown({ to: startAt, field: "StartAt", location: `${location}/StartAt` })) return;
  const reached = reachable(startAt, targets);
  for (const name of nodes.keys()) {
    if (reached.has(name)) continue;
    const place = `${location}/States/${escapeToken(name)}`;
    findings.error(place, `State "${name}" is not reachable.`, "MISSING_TRANSITION_TARGET");
  }
}

function reachable(start: string, targets: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set([start]);
  for (const name of reached) {
    for (const target of targets.get(name) ?? []) reached.add(target);
  }
  return reached;
}
