/** Finds passages; the language model has no part in it. */
import { BlockragError } from '../../errors.ts';
import type { Services } from '../services.ts';
import { type Retrieval, type RetrievedPassage, type RetrieveServices, retrieve } from './retrieve.ts';
import { checkLength } from './room.ts';

/**
 * The passages that a question would be answered from, best first; none when the collection holds nothing about it.
 * @throws BlockragError `question_empty`, `question_too_long`, and as `retrieve`
 */
export async function searchPassages(
  services: RetrieveServices & Pick<Services, 'maxQuestionLength'>,
  query: Retrieval,
  signal: AbortSignal,
): Promise<RetrievedPassage[]> {
  if (query.question.trim() === '') throw new BlockragError('question_empty', 'The query is empty.');
  checkLength(query.question, services.maxQuestionLength);
  return retrieve(services, query, signal);
}
