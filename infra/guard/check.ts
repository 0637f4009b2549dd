/** Runs the rules of this folder on a CloudFormation template with cfn-guard. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A rule that a template breaks. */
export interface Violation {
  /** "bucket_is_private" */
  rule: string;
  /** Logical ids of the resources that break it, sorted. */
  resources: string[];
}

interface Report {
  not_compliant: { Rule: { name: string; checks: unknown } }[];
}

const SYSTEMS: Partial<Record<NodeJS.Platform, string>> = { linux: 'ubuntu', darwin: 'macos' };
const PROCESSORS: Partial<Record<NodeJS.Architecture, string>> = { x64: 'x86_64', arm64: 'aarch64' };
/** Exit statuses: rules are kept, rules are broken. */
const VERDICTS = [0, 19];

/**
 * The rules that a template (a JSON file) breaks.
 * @throws Error when cfn-guard cannot read it, or has no program for this machine
 */
export function checkTemplate(file: string): Violation[] {
  const rules = import.meta.dirname;
  const args = ['validate', '--rules', rules, '--data', file, '--structured'];
  const output = run([...args, '--output-format', 'json', '--show-summary', 'none']);
  const broken = (JSON.parse(output) as Report[]).flatMap((report) => report.not_compliant);
  return broken.map(({ Rule: { name, checks } }) => ({
    rule: name,
    resources: [...new Set(checkedResources(checks))].sort(),
  }));
}

/** Where checks failed: a path with what is there; `to` is only what it was compared with. */
function checkedResources(report: unknown): string[] {
  if (typeof report !== 'object' || report === null) return [];
  const { path, value } = report as { path?: unknown; value?: unknown };
  if (typeof path === 'string') {
    // Of a check on a logical id the path is "/Resources", and the id the value.
    const [, resources, id = value] = path.split('/');
    return resources === 'Resources' && typeof id === 'string' ? [id] : [];
  }
  return Object.entries(report).flatMap(([key, part]) => (key === 'to' ? [] : checkedResources(part)));
}

function run(args: string[]): string {
  const system = SYSTEMS[process.platform];
  const processor = PROCESSORS[process.arch];
  if (!system || !processor) throw new Error(`no cfn-guard for ${process.platform} ${process.arch}`);
  const home = dirname(
    createRequire(import.meta.url).resolve('@cdklabs/cdk-validator-cfnguard/package.json'),
  );
  try {
    return execFileSync(join(home, 'bin', system, processor, 'cfn-guard'), args, {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  } catch (error) {
    const { status, stdout, stderr } = error as { status?: number; stdout?: string; stderr?: string };
    if (status !== undefined && VERDICTS.includes(status)) return stdout ?? '';
    throw new Error(`cfn-guard failed: ${stderr ?? error}`, { cause: error });
  }
}
