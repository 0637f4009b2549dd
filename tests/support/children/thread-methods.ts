/** What tests/unit/threads.test.ts calls in a thread. */
import { execFileSync } from 'node:child_process';
import { BlockragError } from '../../../shared/errors.ts';
import { serve, Transfer } from '../../../shared/threads.ts';

export type TestMethods = {
  double: { args: number; result: number };
  count: { args: number; result: string; event: number };
  refuse: { args: { ours: boolean }; result: never };
  wait: { args: undefined; result: string };
  reverse: { args: Uint8Array<ArrayBuffer>; result: Uint8Array<ArrayBuffer>; event: Uint8Array };
  block: { args: undefined; result: string; event: string };
  die: { args: undefined; result: never };
};

serve<TestMethods>({
  double: async (n) => 2 * n,
  count: async (to, { emit }) => {
    for (let n = 1; n <= to; n++) emit(n);
    return 'counted';
  },
  refuse: async ({ ours }) => {
    if (ours) throw new BlockragError('conflict', 'Changed meanwhile.', { data: { index: 1 } });
    throw new RangeError('out of range');
  },
  // Lets go only when it is told to, and a moment later.
  wait: (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => setTimeout(() => reject(signal.reason), 20));
    }),
  reverse: async (bytes, { emit }) => {
    const event = bytes.slice();
    emit(event, [event.buffer]);
    return new Transfer(bytes.reverse(), [bytes.buffer]);
  },
  // Held up in native code, as by a model's run: such a thread does not end at once.
  block: async (_, { emit }) => {
    emit('blocked');
    execFileSync('sleep', ['0.3']);
    return 'done';
  },
  die: async () => process.exit(3),
});
