// Prints vitest's counts as one plain line, and names what was skipped: in CI that is a failure.
import { readFileSync } from 'node:fs';

const results = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const skipped = results.testResults.flatMap((file) =>
  file.assertionResults
    .filter(({ status }) => status !== 'passed' && status !== 'failed')
    .map(({ fullName }) => `skipped: ${fullName}`),
);
for (const line of skipped) process.stdout.write(`${line}\n`);
const { numPassedTests: passed, numFailedTests: failed } = results;
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped.length} skipped\n`);
if (failed > 0 || passed === 0 || skipped.length > 0 || !results.success) process.exit(1);
