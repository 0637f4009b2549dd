/** The one logger: JSON lines on stderr, no document text, no question, no key. */
import { destination, type Logger, pino } from 'pino';

export type { Logger };

/** Log level from BLOCKRAG_LOG (trace, debug, info, warn, error, silent); the command line is quiet by default. */
export function createLogger(level = process.env.BLOCKRAG_LOG ?? 'warn'): Logger {
  return pino({ name: 'blockrag', level }, destination({ dest: 2, sync: true }));
}
