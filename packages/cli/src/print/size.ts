const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']

/** `12 MiB`, `1.5 KiB`, `7 B`: two digits at most, as rkt prints sizes without `--full`. */
export function formatSize(bytes: number): string {
  if (bytes < 10) return `${bytes} B`
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1)
  const value = Math.floor((bytes / 1024 ** power) * 10 + 0.5) / 10
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${units[power]}`
}
