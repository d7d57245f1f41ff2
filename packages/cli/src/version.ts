/** Rocket's version, as every part of the command line prints it. */
export const rocketVersion = '0.1.0'

/** The appc specification whose formats we read and write. */
export const appcVersion = '0.8.11'
