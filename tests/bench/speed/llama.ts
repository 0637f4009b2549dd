/** llama.cpp (tests/bench/peers) as the bench's other side. */
import { type ChildProcess, fork } from 'node:child_process';
import { PEERS } from './peers.ts';

export interface Generated {
  /** Milliseconds to the first token, and of each one after it. */
  first: number;
  decode: number;
}

export class Llama {
  #child: ChildProcess;
  #next = 0;
  #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  loadMs = 0;

  private constructor() {
    this.#child = fork(`${PEERS}llama.js`, { stdio: ['ignore', 2, 2, 'ipc'] });
    this.#child.on('message', ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
      const waiter = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiter?.resolve(result);
      else waiter?.reject(new Error(error));
    });
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`llama.cpp ended with ${code}`));
    });
  }

  static async open(file: string, options: { threads: number; contextSize: number }): Promise<Llama> {
    const llama = new Llama();
    llama.loadMs = (await llama.#call<{ load: number }>('load', { file, ...options })).load;
    return llama;
  }

  prefill(flash: boolean, tokens: Uint32Array, decode: number): Promise<Generated> {
    return this.#call('prefill', { flash, tokens: [...tokens], decode });
  }

  async save(flash: boolean, tokens: Uint32Array, file: string): Promise<number> {
    return (await this.#call<{ bytes: number }>('save', { flash, tokens: [...tokens], file })).bytes;
  }

  restored(flash: boolean, file: string, tokens: Uint32Array, decode: number): Promise<Generated> {
    return this.#call('restored', { flash, file, tokens: [...tokens], decode });
  }

  close(): void {
    this.#child.disconnect();
  }

  #call<T>(method: string, args: object): Promise<T> {
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#child.send({ id, method, args });
    });
  }
}
