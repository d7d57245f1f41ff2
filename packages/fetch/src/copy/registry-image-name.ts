import { defaultRegistry, type DockerReference } from '../docker-reference.ts'

/** The whole name of an image in a registry, as other tools write it: `registry.example/web:2`, `docker.io/library/redis:7`. */
export function registryImageName({ registry, repository, tag, digest }: DockerReference): string {
  const name = `${registry === defaultRegistry ? 'docker.io' : registry}/${repository}`
  return digest === undefined ? (tag === '' ? name : `${name}:${tag}`) : `${name}@${digest}`
}
