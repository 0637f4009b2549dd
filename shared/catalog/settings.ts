/** The catalog's row of the settings that the data directory was made with. */
import type { RowData, Table } from '../storage/ports.ts';

const SETTINGS = { partition: 'data', sort: 'settings' };

export class StoredSettings {
  #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Undefined before anything was stored. */
  async get(): Promise<RowData | undefined> {
    return (await this.#table.get(SETTINGS.partition, SETTINGS.sort))?.data;
  }

  async put(settings: RowData): Promise<void> {
    await this.#table.putMany([{ ...SETTINGS, data: settings }]);
  }
}
