/** The endpoint of S3 that the environment names, as the AWS SDK looks for it; undefined: AWS's own. */
export function s3Endpoint(): string | undefined {
  return process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
}
