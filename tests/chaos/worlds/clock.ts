/** The clock of servers, by libfaketime (Debian's package faketime): native code sees it, too. */
import { existsSync, writeFileSync } from 'node:fs';

const LIBRARIES = ['x86_64', 'aarch64'].map((machine) => {
  return `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`;
});

/** Whether clocks can jump here. */
export const clockLibrary = LIBRARIES.find((path) => existsSync(path));

export class Clock {
  #file: string;
  #days = 0;

  constructor(file: string) {
    this.#file = file;
    this.days = 0;
  }

  /** How far it is ahead. A running server sees a change within a second. */
  get days(): number {
    return this.#days;
  }

  set days(days: number) {
    this.#days = days;
    writeFileSync(this.#file, `${days < 0 ? '' : '+'}${days * 86_400}\n`);
  }

  /** The environment of a server that goes by it. */
  get environment(): Record<string, string> {
    if (clockLibrary === undefined) return {};
    return {
      LD_PRELOAD: clockLibrary,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: '1',
      // Waiting goes by a clock that never jumps, as on a real machine.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }
}
