import { describe, expect, it } from "vitest";
import { isPublicAddress, judgeTarget } from "../../../adapters/outbound/judge-target.ts";

const deployed = { allowLoopback: false, ownHosts: ["weft.example", ".weft-cell.example"] };
const laptop = { allowLoopback: true, ownHosts: [] };

describe("a target that may be called", () => {
  it.each([
    "https://api.openai.com/v1",
    "https://api.openai.com:443/v1",
    "https://hooks.example.org:8443/a?b=c",
    "https://8.8.8.8/",
    "https://[2606:4700:4700::1111]/",
    "https://[64:ff9b::808:808]/",
    "https://xn--bcher-kva.example/",
    "https://example.com./",
    "https://internal.example.com/",
    "https://notweft.example/",
  ])("lets %s through", (url) => {
    expect(judgeTarget(url, deployed)).toEqual({ allowed: true });
  });
});

describe("a target that may not be called", () => {
  it.each([
    ["plain http", "http://example.com/"],
    ["another scheme", "ftp://example.com/"],
    ["a file", "file:///etc/passwd"],
    ["data", "data:text/plain,hello"],
    ["no URL at all", "example.com"],
    ["an empty text", ""],
    ["user information", "https://user:secret@example.com/"],
    ["a user that looks like a host", "https://example.com@127.0.0.1/"],
    ["a fragment trick", "https://127.0.0.1#@example.com/"],
    ["another port", "https://example.com:22/"],
    ["a leading space", " https://127.0.0.1/"],
    ["a tab inside", "https://127.0.\t0.1/"],
    ["a backslash", "https:\\\\example.com\\"],
    ["loopback", "https://127.0.0.1/"],
    ["loopback, short", "https://127.1/"],
    ["loopback, hexadecimal", "https://0x7f.1/"],
    ["loopback, one number", "https://2130706433/"],
    ["loopback, octal", "https://0177.0.0.1/"],
    ["loopback, full-width digits", "https://１２７.0.0.1/"],
    ["loopback, ideographic stops", "https://127。0。0。1/"],
    ["loopback, percent encoded", "https://%31%32%37.0.0.1/"],
    ["loopback, with a dot behind", "https://127.0.0.1./"],
    ["loopback by name", "https://localhost/"],
    ["loopback by name, with a dot behind", "https://localhost./"],
    ["loopback by name, upper case", "https://LOCALHOST/"],
    ["a name under localhost", "https://a.localhost/"],
    ["loopback, IPv6", "https://[::1]/"],
    ["unspecified, IPv6", "https://[::]/"],
    ["unspecified", "https://0.0.0.0/"],
    ["this network", "https://0.1.2.3/"],
    ["mapped loopback", "https://[::ffff:127.0.0.1]/"],
    ["mapped loopback in hexadecimal", "https://[::ffff:7f00:1]/"],
    ["loopback in NAT64", "https://[64:ff9b::7f00:1]/"],
    ["a private range in NAT64", "https://[64:ff9b::10.0.0.1]/"],
    ["local-use NAT64", "https://[64:ff9b:1::a00:1]/"],
    ["6to4", "https://[2002:7f00:1::]/"],
    ["Teredo", "https://[2001:0:4136:e378::1]/"],
    ["unique local", "https://[fc00::1]/"],
    ["unique local, second half", "https://[fdff::1]/"],
    ["link local, IPv6", "https://[fe80::1]/"],
    ["site local", "https://[fec0::1]/"],
    ["multicast, IPv6", "https://[ff02::1]/"],
    ["IPv4-compatible", "https://[::7f00:1]/"],
    ["documentation, IPv6", "https://[2001:db8::1]/"],
    ["10/8", "https://10.255.255.255/"],
    ["172.16/12", "https://172.31.0.1/"],
    ["192.168/16", "https://192.168.0.1/"],
    ["shared address space", "https://100.127.0.1/"],
    ["link local", "https://169.254.169.254/latest/meta-data"],
    ["protocol assignments", "https://192.0.0.1/"],
    ["benchmarks", "https://198.19.255.1/"],
    ["multicast", "https://224.0.0.1/"],
    ["reserved", "https://240.0.0.1/"],
    ["broadcast", "https://255.255.255.255/"],
    ["a metadata name", "https://metadata.google.internal/"],
    ["a metadata name, short", "https://metadata/"],
    ["an internal name", "https://db.internal/"],
    ["an internal name with a dot behind", "https://db.internal./"],
    ["a multicast DNS name", "https://printer.local/"],
    ["a home name", "https://nas.home.arpa/"],
    ["a name without a dot", "https://intranet/"],
    ["this platform", "https://weft.example/v1/runs"],
    ["this platform, other case", "https://WEFT.example./"],
    ["a host of our zone", "https://a.weft-cell.example/"],
    ["our zone itself", "https://weft-cell.example/"],
    ["an endless URL", `https://example.com/${"a".repeat(2_048)}`],
  ])("refuses %s", (_name, url) => {
    expect(judgeTarget(url, deployed)).toMatchObject({ allowed: false });
  });

  it("says why", () => {
    expect(judgeTarget("https://169.254.169.254/", deployed)).toEqual({
      allowed: false,
      reason: "is not a public address",
    });
  });
});

describe("loopback on a laptop", () => {
  it.each(["http://127.0.0.1", "http://127.0.0.1/", "http://127.0.0.1:9999/v1?x=1"])("lets %s through", (url) => {
    expect(judgeTarget(url, laptop)).toEqual({ allowed: true });
  });

  it.each([
    "http://localhost:9999/",
    "http://[::1]/",
    "http://127.1/",
    "http://0x7f.0.0.1/",
    "http://2130706433/",
    "http://127.0.0.1./",
    "http://127.0.0.2/",
    "http://127.0.0.1@example.com/",
    "http://user@127.0.0.1/",
    "HTTP://127.0.0.1/",
    "https://127.0.0.1/",
    "http://127.0.0.1:999999/",
    "http://10.0.0.1/",
  ])("still refuses %s", (url) => {
    expect(judgeTarget(url, laptop)).toMatchObject({ allowed: false });
  });
});

describe("the answer of a resolver", () => {
  it.each(["1.1.1.1", "2606:4700::1111"])("takes %s", (address) => expect(isPublicAddress(address)).toBe(true));
  it.each(["10.0.0.1", "::1", "fd00::1", "::ffff:10.0.0.1", "nonsense", "", "fe80::1%eth0", "1:2:3:4:5:6:7:8:9"])(
    "refuses %s",
    (address) => expect(isPublicAddress(address)).toBe(false),
  );
});
