import { strToU8, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { fileReader } from "../../../adapters/text-extractor/file-reader.ts";
import { aDocx, aPdf } from "../../support/a-file.ts";

const DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const reader = fileReader({ maxLength: 100_000 });

async function textOf(source: string | Uint8Array, contentType: string): Promise<string> {
  const bytes = Uint8Array.from(typeof source === "string" ? new TextEncoder().encode(source) : source);
  const extraction = await reader.extract(bytes, contentType);
  return extraction.readable ? extraction.text : `unreadable: ${extraction.reason}`;
}

describe("a web page", () => {
  it("becomes Markdown: headings, paragraphs, lists, code", async () => {
    const html = `<!doctype html><title>Ignored</title><body><h1>Leave  policy</h1><p>Everyone has
      <b>30 days</b>&nbsp;&amp; more.<br>Ask.</p><ul><li>One<li>Two</ul><pre>  a = 1
  b</pre><p>End`;
    expect(await textOf(html, "text/html")).toBe(
      "# Leave policy\n\nEveryone has 30 days & more. Ask.\n\n- One\n- Two\n\n```\n  a = 1\n  b\n```\n\nEnd",
    );
  });

  it("keeps tables as tables, nested ones as text of their cell", async () => {
    const html =
      "<table><tr><th>Grade<th>Days</tr><tr><td>A|B<td><table><tr><td>3<td>0</table></tr></table><p>After</p>";
    expect(await textOf(html, "text/html")).toBe("| Grade | Days |\n| --- | --- |\n| A\\|B | 3 0 |\n\nAfter");
  });

  it("leaves out what nobody reads", async () => {
    const html =
      "<script>var a = '<p>no</p>'</script><style>p{}</style><nav>Home</nav><template><p>no</template><p>Yes</p><!-- no -->";
    expect(await textOf(html, "text/html")).toBe("Yes");
  });

  it("is decoded as it says, in the header or in itself", async () => {
    const koi = Uint8Array.from([0xf2, 0xd5, 0xd3]);
    expect(await textOf(koi, "text/html; charset=koi8-r")).toBe("Рус");
    const meta = Uint8Array.from([...strToU8('<meta charset="koi8-r"><p>'), ...koi]);
    expect(await textOf(meta, "text/html")).toBe("Рус");
    expect(await textOf("<p>x", "text/html; charset=nonsense")).toContain("unreadable");
  });

  it("may be nested a million deep", async () => {
    expect(await textOf(`${"<div>".repeat(1_000_000)}deep`, "text/html")).toBe("deep");
    expect(await textOf(`${"<table><tr><td>".repeat(100_000)}deep`, "text/html")).toContain("deep");
  });
});

describe("a Word document", () => {
  const paragraph = (text: string, properties = "") =>
    `<w:p><w:pPr>${properties}</w:pPr><w:r><w:t>${text}</w:t></w:r></w:p>`;

  it("becomes Markdown: headings by the name of their style, lists, tables", async () => {
    const styles =
      '<w:style w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style><w:style w:styleId="X"><w:name w:val="Title"/></w:style>';
    const cell = (text: string) => `<w:tc>${paragraph(text)}</w:tc>`;
    const body = [
      paragraph("Leave", '<w:pStyle w:val="X"/>'),
      paragraph("Annual", '<w:pStyle w:val="berschrift2"/><w:numPr><w:ilvl w:val="0"/></w:numPr>'),
      paragraph("30 days &amp; more"),
      paragraph("One", "<w:numPr/>"),
      paragraph("Two", "<w:numPr/>"),
      `<w:tbl><w:tr>${cell("Grade")}${cell("Days")}</w:tr><w:tr>${cell("A")}${cell("30")}</w:tr></w:tbl>`,
    ].join("");
    expect(await textOf(aDocx(body, styles), DOCX)).toBe(
      "# Leave\n\n## Annual\n\n30 days & more\n\n- One\n- Two\n\n| Grade | Days |\n| --- | --- |\n| A | 30 |",
    );
  });

  it("leaves out deleted text and field codes", async () => {
    const body =
      "<w:p><w:r><w:t>Stays</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>";
    expect(await textOf(aDocx(body), DOCX)).toBe("Stays");
  });

  it("is refused with a reason when it is none, encrypted or a bomb", async () => {
    expect(await textOf("PK\u0003\u0004 not a zip", DOCX)).toContain("not a Word document");
    expect(await textOf(zipSync({ "other.xml": strToU8("<a/>") }), DOCX)).toContain("not a Word document");
    expect(await textOf(Uint8Array.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1]), DOCX)).toContain("encrypted");
    const bomb = zipSync({ "word/document.xml": new Uint8Array(60 * 1_048_576) }, { level: 9 });
    expect(bomb.byteLength).toBeLessThan(200_000);
    expect(await textOf(bomb, DOCX)).toContain("unpacks to more");
  });

  it("cannot unpack to more than its archive declares", async () => {
    const bomb = zipSync({ "word/document.xml": new Uint8Array(60 * 1_048_576) }, { level: 9 });
    const declared = new DataView(bomb.buffer, bomb.byteOffset, bomb.byteLength);
    // The central directory's entry: signature, then the unpacked size 24 bytes on.
    for (let at = 0; at < bomb.byteLength - 28; at++) {
      if (declared.getUint32(at, true) === 0x02014b50) declared.setUint32(at + 24, 1_000, true);
    }
    const text = await textOf(bomb, DOCX);
    expect(text.length).toBeLessThan(2_000);
  });
});

describe("a PDF", () => {
  it("gives its text page by page", async () => {
    const text = await textOf(aPdf(["Everyone has 30 days.", "Ask (early)."], 1), "application/pdf");
    expect(text).toBe("Everyone has 30 days.\n\nAsk (early).");
  });

  it("stops reading soon after the longest text that is kept", async () => {
    const lines = Array.from({ length: 400 }, (_, line) => `Line ${line} ${"word ".repeat(10)}`);
    const extraction = await fileReader({ maxLength: 1_000 }).extract(aPdf(lines), "application/pdf");
    expect(extraction.readable && extraction.text.length).toBeLessThan(5_000);
  });

  it("is refused with a reason when it holds no text or is none", async () => {
    expect(await textOf(aPdf([]), "application/pdf")).toContain("holds no text");
    expect(await textOf("%PDF-1.7\ngarbage", "application/pdf")).toContain("not a readable PDF");
    expect(await textOf("", "application/pdf")).toContain("not a readable PDF");
    const cut = aPdf(["Everyone has 30 days."]).slice(0, 120);
    expect(await textOf(cut, "application/pdf")).toContain("unreadable");
  });
});
