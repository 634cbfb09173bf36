import { describe, expect, it } from "vitest";
import { dnsOverHttps } from "../../../adapters/outbound/dns-over-https.ts";

interface Dns {
  asked: string[];
  now: number;
  resolve: (hostname: string) => Promise<string[]>;
}

function aResolver(records: Record<string, { type: number; data: string }[]>): Dns {
  const dns: Dns = {
    asked: [],
    now: 0,
    resolve: dnsOverHttps(
      async (url) => {
        const query = new URL(url).searchParams;
        dns.asked.push(`${query.get("name")} ${query.get("type")}`);
        return Response.json({ Status: 0, Answer: records[query.get("type") ?? ""] });
      },
      () => dns.now,
    ),
  };
  return dns;
}

describe("looking a name up", () => {
  it("gives the addresses of both families, without the aliases on the way", async () => {
    const dns = aResolver({
      A: [
        { type: 5, data: "alias.example." },
        { type: 1, data: "1.1.1.1" },
      ],
      AAAA: [{ type: 28, data: "2606:4700::1111" }],
    });
    expect(await dns.resolve("a.example")).toEqual(["1.1.1.1", "2606:4700::1111"]);
    expect(dns.asked).toEqual(["a.example A", "a.example AAAA"]);
  });

  it("remembers for half a minute", async () => {
    const dns = aResolver({ A: [{ type: 1, data: "1.1.1.1" }] });
    await dns.resolve("a.example");
    dns.now = 29_999;
    await dns.resolve("a.example");
    expect(dns.asked).toHaveLength(2);
    dns.now = 30_000;
    await dns.resolve("a.example");
    expect(dns.asked).toHaveLength(4);
  });

  it("is a problem when the name has no address", async () => {
    const failure = await aResolver({})
      .resolve("none.example")
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "unavailable" });
  });
});
