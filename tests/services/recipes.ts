/**
 * The servers that stand in for AWS on one machine, and clients of others in Python, at exact versions, and how each is
 * built into a folder.
 */
import { existsSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TOOLS, type Tool } from './tools.ts';

export type ServiceName = 'versitygw' | 'dynamodb' | 'ministack' | 'lambda-ric' | 'python-clients';

/** How one server is installed. */
export interface Recipe {
  /** Name and version: what the user is told. */
  title: string;
  /** All that decides what is built. Another text is another installation. */
  source: string;
  tools: readonly Tool[];
  /** The commands, run one after the other in an empty folder, which may be renamed afterwards. */
  build(folder: string): Promise<Step[]>;
}

/** One command of a recipe. */
export interface Step {
  command: string;
  args: string[];
  env?: Record<string, string>;
}

const VERSITYGW = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
const MINISTACK = 'ministack==1.5.33';
const LAMBDA_RIC = 'aws-lambda-ric@3.3.0';
const OPENAI_PYTHON = 'openai==3.57.0';
/** They need an earlier openai than the newest. */
const PYTHON_FRAMEWORKS = [
  'openai==2.54.0',
  'langchain-core==1.8.3',
  'langchain-openai==1.7.4',
  'llama-index-core==0.14.25',
  'llama-index-llms-openai==0.8.3',
  'llama-index-llms-openai-like==0.8.1',
  'llama-index-embeddings-openai==0.6.0',
  'llama-index-embeddings-openai-like==0.4.0',
];
const DYNAMODB = join(import.meta.dirname, 'dynamodb');
const POM = await readFile(join(DYNAMODB, 'pom.xml'), 'utf8');
const LOOPBACK = await readFile(join(DYNAMODB, 'Loopback.java'), 'utf8');

export const RECIPES: Record<ServiceName, Recipe> = {
  /** S3. One static program. */
  versitygw: {
    title: 'versitygw 1.8.0 (S3)',
    source: VERSITYGW,
    tools: [TOOLS.go],
    build: async (folder) => [
      {
        command: 'go',
        args: ['install', '-ldflags=-s -w', VERSITYGW],
        env: { GOBIN: folder, CGO_ENABLED: '0' },
      },
    ],
  },
  /** DynamoDB. Jars and native libraries in lib/, our main class beside them. */
  dynamodb: {
    title: 'DynamoDB Local 3.3.1',
    source: POM + LOOPBACK,
    tools: [TOOLS.mvn, TOOLS.javac],
    build: async (folder) => {
      // Maven writes beside its pom.
      await copyFile(join(DYNAMODB, 'pom.xml'), join(folder, 'pom.xml'));
      const lib = join(folder, 'lib');
      const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${lib}`, '-DincludeScope=runtime'];
      const source = join(DYNAMODB, 'Loopback.java');
      return [
        { command: 'mvn', args: ['-q', '-B', '-Dstyle.color=never', '-f', join(folder, 'pom.xml'), ...goal] },
        { command: 'javac', args: ['-proc:none', '-cp', `${lib}/*`, '-d', folder, source] },
      ];
    },
  },
  /** The rest of AWS. A virtual environment; only `bin/python -m ministack` outlasts the folder's renaming. */
  ministack: {
    title: 'ministack 1.5.33 (Lambda, SQS, EventBridge, CloudFormation and more)',
    source: MINISTACK,
    tools: [TOOLS.python3],
    build: async (folder) => [
      { command: 'python3', args: ['-m', 'venv', folder] },
      {
        command: join(folder, 'bin', 'python'),
        args: ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', MINISTACK],
      },
    ],
  },
  /** What asks a server in Python: a virtual environment, and the newest openai beside it in openai/. */
  'python-clients': {
    title: 'Python clients (openai 3.57.0 and 2.54.0, LangChain 1.7.4, LlamaIndex 0.14.25)',
    source: [OPENAI_PYTHON, ...PYTHON_FRAMEWORKS].join(' '),
    tools: [TOOLS.python3],
    build: async (folder) => {
      const python = join(folder, 'bin', 'python');
      const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
      return [
        { command: 'python3', args: ['-m', 'venv', folder] },
        { command: python, args: [...install, ...PYTHON_FRAMEWORKS] },
        { command: python, args: [...install, '--target', join(folder, 'openai'), OPENAI_PYTHON] },
      ];
    },
  },
  /** The program that runs a Node function in Lambda. Its scripts, which npm does not run by itself, build a part of it. */
  'lambda-ric': {
    title: 'aws-lambda-ric 3.3.0 (runtime of Lambda functions)',
    source: LAMBDA_RIC,
    tools: [TOOLS.npm, TOOLS.cxx, TOOLS.make, TOOLS.cmake, TOOLS.autoconf, TOOLS.automake, TOOLS.libtoolize],
    build: async (folder) => {
      const script = ['--prefix', join(folder, 'node_modules/aws-lambda-ric'), 'run'];
      const prefix = dirname(dirname(process.execPath));
      // Node's headers are there with most installations; else they are fetched from nodejs.org.
      const headers = existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {};
      return [
        {
          command: 'npm',
          args: ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', LAMBDA_RIC],
        },
        { command: 'npm', args: [...script, 'preinstall'] },
        { command: 'npm', args: [...script, 'postinstall'], env: headers },
      ];
    },
  },
};
