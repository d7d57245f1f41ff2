import { table, type Report } from './report.ts'

/** docs/performance.md: the promises with the numbers of one sitting. */
export function performancePage({ date, machine, versions, results }: Report): string {
  const turns = Math.max(...results.map((result) => result.measured.ours.length))
  const memory = `${Math.round(machine.memoryMb / 1024)} GiB`
  return `# Performance

What Rocket promises about speed and memory, and what one sitting measured. Every promise is a ratio to a peer measured in turn with it, on
the same machine, in the same minutes: absolute times differ from machine to machine, ratios hardly.

${table(results)}
Medians of ${turns} turns at most. Measured ${date} on ${machine.cores} cores (${machine.processor}), ${memory},
${machine.system}, Linux ${machine.kernel}; ${Object.values(versions).join(', ')}.

- \`run-*\`: one app that ends at once, image and caches warm. Nobody removes what has ended within the time.
- \`run-none-runc\`: the bundle of runc is the one our pod had, with its capabilities and its system call filter, on a plain directory.
- \`version\`, \`list\`, \`status\`, \`image-list\`: with 100 pods that have ended and 100 images.
- \`fetch\`: real files of this machine's \`/usr\`, from a registry on loopback into an empty store.
- \`fetch-memory\`: the largest resident set, with what all programs of Node's share.
- \`copy\`: the same image, from the registry into one file; ours is on the disk when it ends, and has asked for signatures as well.
- \`memory\`: proportional set size of everything that is ours, divided by the pods. There is no peer.
- \`fifty\`: until all have run and ended.

Measure again with \`npm run bench\`, some rows with \`npm run bench -- run-none list\`, this page with
\`npm run bench -- --page=docs/performance.md\`.
`
}
