import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { type Api, connect, Refused, Unreachable } from "../../../scripts/demo/api.ts";

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function answering(listener: RequestListener): Promise<Api> {
  const made = createServer(listener);
  server = made;
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  const address = made.address();
  if (typeof address !== "object" || address === null) throw new Error("not listening");
  return connect(`http://127.0.0.1:${address.port}`);
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

describe("the demo's view of the API", () => {
  it("sends JSON with the token and the idempotency key it was given", async () => {
    const api = await answering((request, response) => {
      const { authorization, "content-type": type, "idempotency-key": key } = request.headers;
      let text = "";
      request.on("data", (part) => {
        text += part;
      });
      request.on("end", () => {
        response.end(JSON.stringify({ method: request.method, authorization, type, key, body: JSON.parse(text) }));
      });
    });
    expect(await api.as("secret").send("POST", "/v1/things", { a: 1 }, "once")).toEqual({
      ...{ method: "POST", authorization: "Bearer secret", type: "application/json", key: "once", body: { a: 1 } },
    });
  });

  it("tells a refusal with its code and the places that are wrong", async () => {
    const api = await answering((_request, response) => {
      const errors = [{ pointer: "/name", detail: "is required" }];
      response.writeHead(422, { "content-type": "application/problem+json" });
      response.end(JSON.stringify({ code: "validation-failed", detail: "The request is not valid.", errors }));
    });
    const failure = await failureOf(api.get("/v1/things"));
    expect(failure).toBeInstanceOf(Refused);
    expect(failure).toMatchObject({ status: 422, code: "validation-failed" });
    expect((failure as Refused).message).toBe("The request is not valid. /name is required");
  });

  it("takes an error page of something else for a refusal too", async () => {
    const api = await answering((_request, response) => response.writeHead(404).end("<h1>nginx</h1>"));
    expect(await failureOf(api.get("/health"))).toMatchObject({ status: 404, code: "unknown", message: "HTTP 404" });
  });

  it("takes an answer that is no JSON for another server's", async () => {
    const api = await answering((_request, response) => response.end("<h1>Welcome</h1>"));
    expect(await failureOf(api.get("/health"))).toMatchObject({ status: 200, message: "The answer is not JSON." });
  });

  it.each([502, 503, 504])("takes a %i for absence, which may pass", async (status) => {
    const api = await answering((_request, response) => response.writeHead(status).end());
    expect(await failureOf(api.get("/v1/things"))).toBeInstanceOf(Unreachable);
  });

  it("takes a connection that breaks inside of the answer for absence", async () => {
    const api = await answering((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("{");
      setTimeout(() => response.destroy(), 10);
    });
    expect(await failureOf(api.get("/v1/things"))).toBeInstanceOf(Unreachable);
  });
});
