/** The pages of docs/reference. A test fails when they are not what the code says. */
import { cliPage } from './cli.ts';
import { configurationPage } from './configuration.ts';
import { costsPage } from './costs.ts';
import { errorsPage } from './errors.ts';

/** Text of each page, by its path from the repository's root. */
export function referencePages(): Record<string, string> {
  return {
    'docs/reference/cli.md': cliPage(),
    'docs/reference/configuration.md': configurationPage(),
    'docs/reference/costs.md': costsPage(),
    'docs/reference/errors.md': errorsPage(),
  };
}
