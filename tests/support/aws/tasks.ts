/** The tasks of serving=ecs on this machine: the stand-in has their definition and a load balancer, but no containers. */
import type { Service } from '../../services/index.ts';
import { type Server, startServer } from '../product/server.ts';
import type { Deployed } from './deployed.ts';

interface Described {
  taskDefinition: {
    containerDefinitions: { command: string[]; environment: { name: string; value: unknown }[] }[];
  };
}

/**
 * Starts what a task would start, by its deployed definition: its command and environment, with a folder of the test
 * in the place of the task's disk, and the stand-in in that of AWS.
 */
export async function startTask(service: Service, { resources }: Deployed, disk: string): Promise<Server> {
  const { taskDefinition } = await describe(service, resources.get('ServerTask')!);
  const [container] = taskDefinition.containerDefinitions;
  const environment = Object.fromEntries(
    container!.environment.map(({ name, value }) => [name, value === '/data' ? disk : String(value)]),
  );
  const [serve, ...options] = container!.command;
  if (serve !== 'serve') throw new Error(`a task runs ${serve}`);
  const env = {
    ...environment,
    AWS_ENDPOINT_URL: service.endpoint,
    AWS_ACCESS_KEY_ID: service.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: service.credentials.secretAccessKey,
  };
  return startServer(undefined, env, options);
}

/** A server as a target of the load balancer. */
export interface Task {
  server: Server;
  /** One of this machine's (127.0.0.0/8) for each server: the stand-in tells targets apart by it alone. */
  address: string;
}

/** Lets the load balancer send requests to a server, or no more. */
export async function register(
  service: Service,
  { resources }: Deployed,
  { server: { url }, address }: Task,
  action: 'RegisterTargets' | 'DeregisterTargets',
): Promise<void> {
  const form = new URLSearchParams({
    ...{ Action: action, Version: '2015-12-01', TargetGroupArn: resources.get('TargetGroup')! },
    ...{ 'Targets.member.1.Id': address, 'Targets.member.1.Port': new URL(url).port },
  });
  await post(service, 'elasticloadbalancing', form);
}

async function describe(service: Service, taskDefinition: string): Promise<Described> {
  const response = await post(service, 'ecs', JSON.stringify({ taskDefinition }), {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition',
  });
  return (await response.json()) as Described;
}

/** The stand-in, without AUTH, reads the service and the region of a signature, and nothing else of it. */
async function post(
  { endpoint, region, credentials }: Service,
  service: string,
  body: BodyInit,
  headers: Record<string, string> = {},
): Promise<Response> {
  const scope = `${credentials.accessKeyId}/20260101/${region}/${service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
  const response = await fetch(endpoint, { method: 'POST', body, headers: { ...headers, authorization } });
  if (!response.ok) throw new Error(`${service}: ${response.status} ${await response.text()}`);
  return response;
}
