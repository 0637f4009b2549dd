/** What is deployed: the bundles of each artifact, and where their entry points are. */

/** A folder of bundles with the npm packages that they load at run time. */
export interface Artifact {
  name: string;
  /** Bundle at the artifact's root -> TypeScript file, from the project's root. */
  entries: Record<string, string>;
}

/**
 * All Lambda functions are one artifact, since the libraries weigh 200 MB and the bundles 20: one zip and one
 * image instead of four. A function is named by its handler (`query.handler`).
 */
export const ARTIFACTS: readonly Artifact[] = [
  {
    name: 'functions',
    entries: {
      query: 'functions/query/handler.ts',
      ingest: 'functions/ingest/handler.ts',
      precompute: 'functions/precompute/handler.ts',
      sweep: 'functions/sweep/handler.ts',
    },
  },
  // The container that AWS Batch runs: `node main.mjs`.
  { name: 'precompute', entries: { main: 'functions/precompute/main.ts' } },
];

export const ARCHITECTURES = ['x64', 'arm64'] as const;
/** As Node names them; Lambda says x86_64 for x64. */
export type Architecture = (typeof ARCHITECTURES)[number];
