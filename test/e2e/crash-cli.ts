// `npm run crash -- 100`: the crash loop with as many kills as asked for; for the night. Ends with 1 when anything was lost or doubled.
import { crashLoop } from "./crash-loop.ts";

const kills = Number(process.argv[2] ?? 100);
const report = await crashLoop({ kills, betweenMs: 1_500 });
console.log(JSON.stringify(report, null, 2));
process.exit(report.faults.length === 0 ? 0 : 1);
