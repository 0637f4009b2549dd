/** Runs the command line. What commands there are is in program.ts. */
import { createProgram } from './program.ts';

/** What a command leaves behind has so long to end by itself. */
const END_MS = 3_000;

// What is written is its user's alone, whatever the shell's umask.
if (process.platform !== 'win32') process.umask(0o077);

/** Ctrl-C and SIGTERM stop the work cleanly; a second one ends the process at once. */
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });
}
// A reader that goes away (| head) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

await createProgram(stop.signal).parseAsync();
// All that was opened is closed by now. What still holds the process, a timer or a connection, must not keep it.
setTimeout(() => process.exit(), END_MS).unref();
