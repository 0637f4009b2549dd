/** The embedded default: the whole system in one process on one data directory. */
import type { Config } from '../config.ts';
import type { Environment } from '../storage/lmdb/environment.ts';
import { claimDataDirectory, type Ownership } from '../storage/lmdb/ownership.ts';
import { openDataDirectory, openEmbeddedStores, type Stores } from '../stores.ts';
import { Blockrag } from './blockrag.ts';
import { openServices, type ServiceOptions } from './open.ts';
import type { Services } from './services.ts';
import { requeueOutdated, type Settings } from './settings.ts';
import { SWEEP_ITEM } from './sweep/sweep.ts';
import { recoverWork } from './work/recover.ts';
import { Worker } from './work/worker.ts';

const DAY_MS = 86_400_000;

export interface OpenOptions extends ServiceOptions {
  /** What runs on the directory, for whoever finds it in use: "serve". */
  command: string;
}

export class EmbeddedBlockrag extends Blockrag {
  #ownership: Ownership;
  #worker: Worker;
  #sweeps: NodeJS.Timeout | undefined;

  private constructor(
    config: Config,
    environment: Environment,
    stores: Stores,
    ownership: Ownership,
    opened: { services: Services; settings: Settings },
  ) {
    const { maxAnswers } = config;
    const closeStores = async () => {
      await stores.close();
      await ownership.release();
      await environment.close();
    };
    super({ ...opened, maxAnswers, closeStores });
    this.#ownership = ownership;
    this.#worker = new Worker(opened.services, { failed: (error) => this.closing.abort(error) });
    const leave = () => this.closing.abort();
    ownership.lost.addEventListener('abort', leave);
    if (ownership.lost.aborted) leave();
  }

  /**
   * Opens a data directory, fetching and compiling the models first if need be, and goes on with unfinished work.
   * @throws BlockragError `data_directory_in_use`, and those of `openServices`
   */
  static async open(config: Config, options: OpenOptions): Promise<EmbeddedBlockrag> {
    const environment = await openDataDirectory(config.data);
    let ownership: Ownership | undefined;
    let stores: Stores | undefined;
    try {
      ownership = await claimDataDirectory(environment, { command: options.command });
      stores = await openEmbeddedStores(environment, config.data);
      const opened = await openServices(stores, config, options);
      for (const tenant of await opened.services.catalog.tenants()) {
        await requeueOutdated(opened.services, tenant);
      }
      await recoverWork(opened.services);
      return new EmbeddedBlockrag(config, environment, stores, ownership, opened);
    } catch (error) {
      await stores?.close();
      await ownership?.release();
      await environment.close();
      throw error;
    }
  }

  /** Aborted when the process must stop: another took the directory over, or the work queue failed (the reason). */
  get lost(): AbortSignal {
    return this.closing.signal;
  }

  /** Tells other commands on this directory where this process answers. */
  async setUrl(url: string): Promise<void> {
    await this.#ownership.setUrl(url);
  }

  /** Sweeps now and once a day, as work among the other: for a process that stays. */
  async sweepDaily(): Promise<void> {
    const { queue, logger } = this.services;
    const send = () => queue.send([SWEEP_ITEM]);
    await send();
    this.#sweeps = setInterval(() => {
      send().catch((error: unknown) => logger.error({ err: error }, 'the sweep could not be begun'));
    }, DAY_MS);
    this.#sweeps.unref();
  }

  /** True while anything is still to be parsed, encoded, removed or tidied up. */
  async busy(): Promise<boolean> {
    const { waiting, leased } = await this.services.queue.counts();
    return waiting + leased > 0;
  }

  /** Stops: answers under way are cancelled, work in hand is left for the next start. */
  override async close(): Promise<void> {
    this.closing.abort();
    clearInterval(this.#sweeps);
    await this.#worker.stop();
    await super.close();
  }
}
