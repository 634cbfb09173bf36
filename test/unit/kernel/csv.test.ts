import { expect, it } from "vitest";
import { csvLine } from "../../../domain/kernel/csv.ts";

it("a line of CSV quotes what RFC 4180 wants quoted, and ends with CRLF", () => {
  expect(csvLine(["plain", null, 'say "hi"', "a,b", "two\nlines", " padded"])).toBe(
    'plain,,"say ""hi""","a,b","two\nlines"," padded"\r\n',
  );
});

it("a cell of CSV is no formula", () => {
  expect(csvLine(["=1+1", "+1", "-1", "@sum", "\tx", "1=1"])).toBe("'=1+1,'+1,'-1,'@sum,'\tx,1=1\r\n");
});
