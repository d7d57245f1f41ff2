/** The registry that people call docker.io has another name, by which images of it are known. */
export function withDefaultRegistry(name: string): string {
  return name.replace(/^(index\.)?docker\.io(?=\/|$)/, 'registry-1.docker.io')
}
