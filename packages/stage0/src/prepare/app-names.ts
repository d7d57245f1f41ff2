import { RocketError, sanitizeAcName } from '@rocket/contracts'

/** What an app's name may have at most, so that the names of cgroups and containers made of it stay below 255 bytes. */
const longest = 128

/**
 * The name of every app, in order: as given, or the last path element of the image's name made an ACName. Throws APP_NAME_DUPLICATE and
 * APP_NAME_INVALID.
 */
export function planAppNames(apps: readonly { name?: string | undefined; imageName: string }[]): string[] {
  const names = apps.map(({ name, imageName }) => name ?? nameOfImage(imageName))
  names.forEach((name, index) => {
    if (names.indexOf(name) === index) return
    throw new RocketError('APP_NAME_DUPLICATE', {
      what: `error: multiple apps with name ${name}`,
      why: `${apps[names.indexOf(name)]?.imageName} and ${apps[index]?.imageName} both have it`,
      hint: 'tell them apart with --name=NAME behind an image',
    })
  })
  return names
}

function nameOfImage(imageName: string): string {
  let why: string
  try {
    const name = sanitizeAcName(imageName.slice(imageName.lastIndexOf('/') + 1))
    if (name.length <= longest) return name
    why = `it would have more than ${longest} characters`
  } catch (error) {
    why = (error as Error).message
  }
  throw new RocketError('APP_NAME_INVALID', {
    what: `no app name can be made of the image name ${imageName}`, why, hint: 'give one with --name=NAME behind the image',
  })
}
