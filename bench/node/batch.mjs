// The same batch as a careful person writes it without bbbatch: creates with
// the vendor's SDK, p-limit for the concurrency, ajv for the results, and one
// line of JSON for each task.
//
//   node batch.mjs ROWS.csv SCHEMA.json OUT.jsonl CONCURRENCY
//
// Address and key are read by the SDK from BROWSERBASE_BASE_URL and
// BROWSERBASE_API_KEY. Nothing here is durable before the end, and a create is
// not retried: what it buys twice or loses in a crash is not measured.
import { readFileSync, createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import Browserbase from '@browserbasehq/sdk';
import Ajv from 'ajv/dist/2020.js';
import pLimit from 'p-limit';

const [rowsFile, schemaFile, outFile, concurrency] = process.argv.slice(2);
const schema = JSON.parse(readFileSync(schemaFile, 'utf8'));
const validate = new Ajv({ allErrors: true }).compile(schema);
const client = new Browserbase({ maxRetries: 0, httpAgent: new Agent({ keepAlive: true }) });
const limit = pLimit(Number(concurrency));
const out = createWriteStream(outFile);
const ended = new Set(['COMPLETED', 'FAILED', 'STOPPED', 'TIMED_OUT']);

const [header, ...lines] = readFileSync(rowsFile, 'utf8').trim().split('\n');
const columns = header.split(',');
const rows = lines.map((line) => {
  const cells = line.split(',');
  return Object.fromEntries(columns.map((name, i) => [name, cells[i]]));
});

let passed = 0;

async function runOne(row) {
  let run = await client.agents.runs.create({
    task: `Open ${row.url} and return the product with its offers.`,
    resultSchema: schema,
  });
  // The first look comes as early as bbbatch's own: runs that take a minute
  // would be asked for more rarely.
  for (let wait = 2; !ended.has(run.status); wait = Math.min(wait * 2, 2000)) {
    await sleep(wait);
    run = await client.agents.runs.retrieve(run.runId);
  }
  const ok = run.status === 'COMPLETED' && validate(run.result);
  if (ok) passed++;
  const record = {
    id: row.sku, outcome: ok ? 'passed' : 'failed', status: run.status, runId: run.runId,
    row, result: run.result, problems: ok ? [] : validate.errors,
  };
  if (!out.write(JSON.stringify(record) + '\n')) await new Promise((done) => out.once('drain', done));
}

await Promise.all(rows.map((row) => limit(() => runOne(row))));
out.end();
await finished(out);
console.error(`${passed} of ${rows.length} passed`);
