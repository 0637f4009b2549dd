/** What went wrong, in the form that is shown and stored. */
import { toBlockragError } from '../../shared/errors.ts';

export interface Failure {
  /** One of the API's stable codes. */
  code: string;
  message: string;
}

export function toFailure(error: unknown): Failure {
  const { code, message } = toBlockragError(error);
  return { code, message };
}
