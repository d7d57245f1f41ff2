export { buildGuest, type BuildOptions } from './build.ts'
export { writeCpio, type CpioEntry } from './cpio.ts'
