import { Tokenizer } from "htmlparser2";

export interface MarkupEvents {
  /** Names in lower case for HTML, as they are for XML; `end` is where the tag's name ends in the source. */
  open(name: string, attributes: Record<string, string>, end: number): void;
  close(name: string): void;
  text(text: string): void;
}

/**
 * The tags and texts of HTML or XML in order. It keeps no list of open elements, whose length a hostile file decides and
 * which a full parser walks at every tag.
 */
export function readMarkup(source: string, { xmlMode }: { xmlMode: boolean }, events: MarkupEvents): void {
  let name = "";
  let nameEnd = 0;
  let attributes: Record<string, string> = {};
  let attribute = "";
  const nameOf = (start: number, end: number) =>
    xmlMode ? source.slice(start, end) : source.slice(start, end).toLowerCase();
  const opened = () => events.open(name, attributes, nameEnd);
  const nothing = () => {};
  const tokenizer = new Tokenizer(
    { xmlMode, decodeEntities: true },
    {
      onopentagname(start, end) {
        name = nameOf(start, end);
        nameEnd = end;
        attributes = {};
      },
      onattribname(start, end) {
        attribute = nameOf(start, end);
        attributes[attribute] = "";
      },
      onattribdata(start, end) {
        attributes[attribute] += source.slice(start, end);
      },
      onattribentity(codePoint) {
        attributes[attribute] += String.fromCodePoint(codePoint);
      },
      onattribend: nothing,
      onopentagend: opened,
      onselfclosingtag() {
        opened();
        if (xmlMode) events.close(name);
      },
      onclosetag: (start, end) => events.close(nameOf(start, end)),
      ontext: (start, end) => events.text(source.slice(start, end)),
      ontextentity: (codePoint) => events.text(String.fromCodePoint(codePoint)),
      oncdata: (start, end, offset) => events.text(source.slice(start, end - offset)),
      oncomment: nothing,
      ondeclaration: nothing,
      onprocessinginstruction: nothing,
      onend: nothing,
    },
  );
  tokenizer.write(source);
  tokenizer.end();
}
