/** Starting, killing and stopping `blockrag serve`, the same for both kinds of stores. */
import { setTimeout as pause } from 'node:timers/promises';
import { blockragJson } from '../../support/product/command.ts';
import { type Server, startServer } from '../../support/product/server.ts';
import { TENANTS, type Tenant } from '../texts.ts';
import { Clock } from './clock.ts';

/** Small passages and early leases, so that much happens in little time; the base model, so that it is one. */
const SETTINGS = {
  BLOCKRAG_PASSAGE_TOKENS: '64',
  BLOCKRAG_ADAPTER: 'none',
  BLOCKRAG_LOG: 'info',
  BLOCKRAG_THREADS: '2',
  BLOCKRAG_LEASE_MS: '4000',
};
const STOP_MS = 60_000;
/** Of a log, its end. */
const LOG_CHARACTERS = 2000;

export class Servers {
  readonly running: (Server | undefined)[];
  readonly clock: Clock;
  /** Servers that ended although nobody had told them to: how, and the end of their log. */
  readonly deaths: string[] = [];
  #place: readonly string[];
  #environment: Record<string, string>;
  #keys = new Map<string, string>();

  /** @param place the options that say where is stored */
  constructor(count: number, place: readonly string[], clockFile: string, environment = {}) {
    this.running = Array.from({ length: count }, () => undefined);
    this.clock = new Clock(clockFile);
    this.#place = place;
    this.#environment = { ...SETTINGS, ...environment };
  }

  async makeKeys(): Promise<void> {
    const keys = [['operator', 'default'], ...TENANTS.map((tenant) => [tenant, tenant])] as [
      string,
      string,
    ][];
    for (const [who, tenant] of keys) {
      const args = ['keys', 'add', '--name', who, '--scope', 'admin', '--tenant', tenant, ...this.#place];
      const { code, value, stderr } = await blockragJson<{ key: string }>(args, { env: this.#environment });
      if (code !== 0) throw new Error(`no key: ${JSON.stringify(value)} ${stderr}`);
      this.#keys.set(who, value.key);
    }
  }

  async start(index: number, options: readonly string[] = []): Promise<Server> {
    const environment = { ...this.#environment, ...this.clock.environment };
    const known = this.running[index];
    if (known !== undefined) return known;
    const server = await startServer(undefined, environment, [...this.#place, ...options]);
    this.running[index] = server;
    void server.ended.then((code) => {
      if (this.running[index] !== server) return;
      this.running[index] = undefined;
      this.deaths.push(`a server ended by itself with ${code}: ${server.log().slice(-LOG_CHARACTERS)}`);
    });
    return server;
  }

  async kill(index: number): Promise<void> {
    const server = this.running[index];
    this.running[index] = undefined;
    await server?.stop('SIGKILL');
  }

  async stop(index: number): Promise<string | undefined> {
    const server = this.running[index];
    if (server === undefined) return undefined;
    this.running[index] = undefined;
    const code = await Promise.race([server.stop(), pause(STOP_MS, 'late' as const, { ref: false })]);
    if (code === 0) return undefined;
    await server.stop('SIGKILL');
    return code === 'late' ? `the server did not end within ${STOP_MS} ms` : `the server ended with ${code}`;
  }

  caller(who: Tenant | 'operator', index: number): Server | undefined {
    const server = this.running[index] ?? this.running.find((one) => one !== undefined);
    return server?.as(this.#keys.get(who)!);
  }

  async close(): Promise<void> {
    await Promise.all(this.running.map((_, index) => this.kill(index)));
  }
}
