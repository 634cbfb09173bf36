/** Parentheses, filters and calls inside each other: far beyond use, far below the stack. */
export const MAX_NESTING = 32;

/** The text is not in the language; caught where the parse began and never seen outside this folder. */
export class SyntaxRefusal extends Error {}

/** A place in a text, shared by the parsers of paths, filters and intrinsic calls. */
export class Scanner {
  readonly text: string;
  position = 0;

  constructor(text: string) {
    this.text = text;
  }

  atEnd(): boolean {
    return this.position >= this.text.length;
  }

  /** The next character, "" at the end. */
  peek(): string {
    return this.text.charAt(this.position);
  }

  next(): string {
    if (this.atEnd()) throw new SyntaxRefusal("the text ends too early");
    return this.text.charAt(this.position++);
  }

  take(word: string): boolean {
    if (!this.text.startsWith(word, this.position)) return false;
    this.position += word.length;
    return true;
  }

  expect(word: string): void {
    if (!this.take(word)) throw new SyntaxRefusal(`'${word}' is missing at ${this.position}`);
  }

  /** Matches a sticky (`y`) pattern here and moves behind it. */
  match(pattern: RegExp): string | null {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined || found === "") return null;
    this.position += found.length;
    return found;
  }

  skipBlanks(): void {
    while (!this.atEnd() && this.peek() <= " ") this.position += 1;
  }
}
