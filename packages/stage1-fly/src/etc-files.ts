import { etcFiles, type EtcFile, type Net, type Start } from '@rocket/contracts'

/** The host name is the host's own, so its file is the image's own. */
export function flyEtcFiles(start: Start, net: Net): EtcFile[] {
  return etcFiles(start, net).filter((file) => file.target !== '/etc/hostname')
}
