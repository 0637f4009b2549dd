/** Errors in OpenAI's shape, with our codes; of what is too long with OpenAI's, which clients act on. */
import { z } from 'zod';
import { ERROR_STATUS, type ErrorCode } from '../../../errors.ts';
import type { Problem } from '../../problem.ts';
import { COMMON_CODES, failures } from '../../route.ts';

/** What OpenAI has below /v1, served here or not. */
const ROUTES =
  /^\/v1\/(models|chat|completions|responses|conversations|embeddings|moderations|images|audio|videos|files|batches|fine_tuning|assistants|threads|vector_stores|containers|evals|realtime)(\/|$)/;

/** Whether a path is one of those whose clients know OpenAI's errors. */
export function isOpenAi(path: string): boolean {
  return ROUTES.test(path);
}

/** What to do instead of asking for a route of OpenAI's that is not here; undefined: nothing. */
export function insteadOf(path: string): string | undefined {
  if (/^\/v1\/completions\/?$/.test(path)) {
    return 'Completions of a bare text are not offered: send messages to /v1/chat/completions.';
  }
  if (/^\/v1\/responses\/./.test(path)) {
    return 'Responses are not stored: send the earlier turns in the input of the next one.';
  }
  return undefined;
}

/** What OpenAI's clients take for "shorten the conversation and try again". */
const TOO_LONG = 'context_length_exceeded';
const TOO_LONG_CODES: readonly ErrorCode[] = ['question_too_long', 'prompt_too_long'];

const TYPES: Record<number, string> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
};

/** The status that a problem is answered with. */
export function openAiStatus({ code, status }: Pick<Problem, 'code' | 'status'>): number {
  return TOO_LONG_CODES.includes(code) ? 400 : status;
}

/** What OpenAI clients make an APIError of: { error: { message, type, param, code } }. */
export function toOpenAiError({ status, code, detail, field }: Problem) {
  const type = TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
  const tooLong = TOO_LONG_CODES.includes(code);
  const param = typeof field === 'string' && field !== '' ? field : tooLong ? 'messages' : null;
  return { error: { message: detail, type, param, code: tooLong ? TOO_LONG : code } };
}

/** The error answers of a route, by status, in OpenAI's shape. */
export function openAiProblems(...codes: ErrorCode[]): NonNullable<unknown> {
  const all = [...COMMON_CODES, ...codes].map((code) => ({
    code: TOO_LONG_CODES.includes(code) ? TOO_LONG : code,
    status: openAiStatus({ code, status: ERROR_STATUS[code] }),
  }));
  return failures(all, 'application/json', (those) =>
    z.object({
      error: z.object({
        message: z.string(),
        type: z.string(),
        param: z.string().nullable().meta({ description: 'The field that is wrong.' }),
        code: z.enum(those),
      }),
    }),
  );
}
