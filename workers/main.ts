export default { fetch: () => new Response("weft") };
