// The service that Restate's server calls: chains and fan-outs of steps with a trivial function, and a wait for an approval.

import * as restate from "@restatedev/restate-sdk";

const step = () => 1;

const bench = restate.service({
  name: "bench",
  handlers: {
    chain: async (ctx, length) => {
      for (let i = 0; i < length; i++) await ctx.run("step", step);
      return length;
    },
    map: async (ctx, width) => {
      const steps = Array.from({ length: width }, (_, i) => ctx.run(`step ${i}`, step));
      await restate.RestatePromise.all(steps);
      return width;
    },
  },
});

const approval = restate.workflow({
  name: "approval",
  handlers: {
    run: async (ctx) => ctx.promise("decision"),
    approve: async (ctx) => ctx.promise("decision").resolve("approve"),
  },
});

restate.serve({ services: [bench, approval], port: Number(process.argv[2]) });
