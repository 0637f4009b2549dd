/** What a model has that is not implemented. */
import { BlockragError } from '../errors.ts';

/** @param what a clause: `its architecture is "mamba"` */
export function unsupported(what: string): BlockragError {
  return new BlockragError('model_unsupported', `This model cannot be compiled: ${what}.`);
}
