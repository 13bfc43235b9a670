// Judged results per second with ajv: JSON text in, verdict out.
//
//   node judge.mjs SCHEMA.json RULES.json
import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';

const [schemaFile, rulesFile] = process.argv.slice(2);
const validate = new Ajv({ allErrors: true }).compile(JSON.parse(readFileSync(schemaFile, 'utf8')));
const text = JSON.stringify(JSON.parse(readFileSync(rulesFile, 'utf8'))[0].result);

const seconds = 2;
let n = 0;
const begun = performance.now();
while (performance.now() - begun < seconds * 1000) {
  for (let i = 0; i < 1000; i++, n++) {
    if (!validate(JSON.parse(text))) throw new Error('the result does not fit the schema');
  }
}
console.log(`ajv: ${Math.round(n / ((performance.now() - begun) / 1000))} results of ${text.length} bytes judged per second`);
