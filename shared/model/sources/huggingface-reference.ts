/** The reference of one file in a Hugging Face repository. */
import { BlockragError } from '../../errors.ts';

export interface HuggingFaceReference {
  /** "OWNER/REPO". */
  repository: string;
  /** Path in the repository. */
  file: string;
  revision: string;
  /** Expected SHA-256, 64 lower-case hex digits. */
  sha256: string | undefined;
}

const FORM = /^hf:([^/@#]+\/[^/@#]+)\/([^@#]+)(?:@([^#]+))?(?:#sha256=(.*))?$/;
// A segment never starts with a dot, so neither "." nor ".." is one.
const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9._+-]*$/;

/**
 * Reads `hf:OWNER/REPO/FILE.gguf[@REVISION][#sha256=HEX]`, or the same with another ending.
 *
 * @throws BlockragError `invalid_option`
 */
export function parseHuggingFaceReference(
  reference: string,
  ending: '.gguf' | '.onnx' = '.gguf',
): HuggingFaceReference {
  const [, repository, file, revision = 'main', sha256] = FORM.exec(reference) ?? [];
  const paths = [repository, file, revision];
  const safe = paths.every((path) => path?.split('/').every((segment) => SEGMENT.test(segment)));
  if (!safe || !file!.toLowerCase().endsWith(ending)) {
    const message = `${reference} is not of the form hf:OWNER/REPO/FILE${ending}[@REVISION][#sha256=HEX].`;
    throw new BlockragError('invalid_option', message);
  }
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new BlockragError('invalid_option', `${sha256} is not a SHA-256: 64 hex digits are expected.`);
  }
  return { repository: repository!, file: file!, revision, sha256: sha256?.toLowerCase() };
}

const REPOSITORY = /^hf:([^/@#]+\/[^/@#]+)(?:@([^#]+))?$/;

/**
 * Reads `hf:OWNER/REPO[@REVISION]`, a whole model; undefined for any other reference.
 *
 * @throws BlockragError `invalid_option`
 */
export function parseHuggingFaceRepository(
  reference: string,
): Pick<HuggingFaceReference, 'repository' | 'revision'> | undefined {
  const [, repository, revision = 'main'] = REPOSITORY.exec(reference) ?? [];
  if (repository === undefined || /\.gguf$/i.test(repository)) return undefined;
  const segments = [...repository.split('/'), ...revision.split('/')];
  if (segments.every((segment) => SEGMENT.test(segment))) return { repository, revision };
  throw new BlockragError('invalid_option', `${reference} is not of the form hf:OWNER/REPO[@REVISION].`);
}

/** Where the hub tells which commit a revision is. */
export function commitUrl(
  { repository, revision }: Pick<HuggingFaceReference, 'repository' | 'revision'>,
  chosen: string | undefined,
): URL {
  const { origin, pathname } = resolveUrl({ repository, revision, file: '', sha256: undefined }, chosen);
  const base = pathname.slice(0, -`/${repository}/resolve/${encodeURIComponent(revision)}/`.length);
  return new URL(`${origin}${base}/api/models/${repository}/revision/${encodeURIComponent(revision)}`);
}

/**
 * Where a reference's file is.
 *
 * @throws BlockragError `invalid_option` when the endpoint is no http(s) URL
 */
export function resolveUrl(
  { repository, file, revision }: HuggingFaceReference,
  chosen: string | undefined,
): URL {
  const endpoint = (chosen || 'https://huggingface.co').replace(/\/+$/, '');
  // A revision may hold slashes (refs/pr/1): it is one segment of the path.
  const url = `${endpoint}/${repository}/resolve/${encodeURIComponent(revision)}/${file}`;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new BlockragError('invalid_option', 'HF_ENDPOINT is not an http or https URL.');
  }
  return new URL(url);
}
