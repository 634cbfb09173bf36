// `npm run crash`, every night: a hundred kills, or as many as asked for (`npm run crash -- 10`). Ends with 1 when anything was lost or
// doubled.
import { crashLoop } from "./crash-loop.ts";

const kills = Number(process.argv[2] ?? 100);
const report = await crashLoop({ kills, betweenMs: 1_500 });
console.log(JSON.stringify(report, null, 2));
process.exit(report.faults.length === 0 ? 0 : 1);
