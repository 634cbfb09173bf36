import { styleText } from "node:util";
import type { Line } from "./timeline.ts";

// How the demo looks: a column of labels on the left, plain text beside it, colour only where it carries a meaning.

const MARGIN = "  ";
const LABEL_WIDTH = 12;
const STATE_WIDTH = 28;
const TIME_WIDTH = 9;

const MARKS: Record<Line["kind"], string> = {
  entered: "·",
  exited: styleText("green", "✓"),
  asked: styleText("yellow", "◆"),
  trouble: styleText("red", "!"),
  notice: styleText("cyan", "›"),
  ended: styleText("green", "✓"),
  failed: styleText("red", "✗"),
};

/** A label and its text, wrapped beside it. Styles apply line by line, since the end of one ends the others too. */
export function labelled(label: string, text: string, width: number, style = (line: string) => line): string[] {
  const lines = wrapped(text, width - MARGIN.length - LABEL_WIDTH);
  return lines.map((line, i) => unwrapped(i === 0 ? label : "", style(line)));
}

/** A label and its text on one line, whatever the width: for what is laid out in columns, and for addresses. */
export function unwrapped(label: string, text: string): string {
  return `${MARGIN}${styleText("dim", label.padEnd(LABEL_WIDTH))}${text}`;
}

/** One line of the run's history. */
export function timelineLine({ kind, at, text, tookMs, note }: Line): string {
  const took = tookMs === undefined ? "" : duration(tookMs);
  const end = note === undefined ? "" : `  ${kind === "exited" ? styleText("dim", note) : note}`;
  const head = `${styleText("dim", seconds(at).padStart(TIME_WIDTH))}  ${MARKS[kind]} ${text.padEnd(STATE_WIDTH)}`;
  return `${MARGIN}${head}${took.padStart(TIME_WIDTH)}${end}`.trimEnd();
}

/** The state that is open now, drawn again while it lasts. */
export function openLine(frame: string, state: string, at: number, forMs: number): string {
  const head = `${styleText("dim", seconds(at).padStart(TIME_WIDTH))}  ${styleText("cyan", frame)} ${state.padEnd(STATE_WIDTH)}`;
  return `${MARGIN}${head}${styleText("dim", duration(forMs).padStart(TIME_WIDTH))}`;
}

export function duration(ms: number): string {
  const whole = Math.round(ms);
  if (whole < 1_000) return `${whole} ms`;
  const allSeconds = Math.round(whole / 1_000);
  return allSeconds < 60 ? seconds(whole) : `${Math.floor(allSeconds / 60)} min ${allSeconds % 60} s`;
}

export function money(usdMicros: number): string {
  return `$${(usdMicros / 1e6).toFixed(6)}`;
}

export function wrapped(text: string, width: number): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const lines: string[] = [];
    let line = "";
    for (const word of paragraph.split(/\s+/).filter(Boolean)) {
      if (line !== "" && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else {
        line = line === "" ? word : `${line} ${word}`;
      }
    }
    return [...lines, line];
  });
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
