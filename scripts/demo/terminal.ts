import { createInterface } from "node:readline/promises";

export interface Terminal {
  readonly width: number;
  /** Whether lines can be drawn again; otherwise every line stays as it was written. */
  readonly isLive: boolean;
  write(lines: string | string[]): void;
  /** Keeps one changing line under what is written; null takes it away. */
  live(render: ((frame: string) => string) | null): void;
  /** Asks until the answer is yes or no. Null when there is nobody to answer, or when the signal ends the question. */
  ask(question: string, signal: AbortSignal): Promise<boolean | null>;
}

// Long lines are hard to read, however wide the window is. A terminal that does not know its width says 0.
const MAX_WIDTH = 100;
const MIN_WIDTH = 48;
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 80;
const CLEAR_LINE = "\r\u001b[2K";

export function openTerminal(out: NodeJS.WriteStream, input: NodeJS.ReadStream): Terminal {
  const isLive = out.isTTY === true;
  let render: ((frame: string) => string) | null = null;
  let timer: NodeJS.Timeout | null = null;
  let frame = 0;
  const draw = () => {
    if (render !== null) out.write(CLEAR_LINE + render(FRAMES[frame % FRAMES.length] ?? ""));
  };
  const live: Terminal["live"] = (next) => {
    if (!isLive) return;
    if (timer !== null) clearInterval(timer);
    timer = null;
    if (render !== null) out.write(CLEAR_LINE);
    render = next;
    if (next === null) return;
    draw();
    timer = setInterval(() => {
      frame++;
      draw();
    }, FRAME_MS);
  };
  return {
    width: Math.max(MIN_WIDTH, Math.min(out.columns || MAX_WIDTH, MAX_WIDTH)),
    isLive,
    write(lines) {
      if (render !== null) out.write(CLEAR_LINE);
      for (const line of [lines].flat()) out.write(`${line}\n`);
      draw();
    },
    live,
    async ask(question, signal) {
      if (input.isTTY !== true) return null;
      live(null);
      const prompt = createInterface({ input, output: out });
      const closed = new Promise<null>((resolve) => prompt.once("close", () => resolve(null)));
      try {
        for (;;) {
          const answer = await Promise.race([prompt.question(question, { signal }), closed]);
          if (answer === null) return null;
          if (/^\s*y(es)?\s*$/i.test(answer)) return true;
          if (/^\s*no?\s*$/i.test(answer)) return false;
        }
      } catch (error) {
        if (!signal.aborted) throw error;
        out.write("\n");
        return null;
      } finally {
        prompt.close();
      }
    },
  };
}
