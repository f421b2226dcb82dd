import { LevinError } from '@levin/core'

export type Koffi = Awaited<ReturnType<typeof importKoffi>>
export type NativeLibrary = ReturnType<Koffi['load']>

const importKoffi = async () => (await import('koffi')).default

/** The package by which libraries are called. Imported when it is needed: it is a native addon. */
export async function loadKoffi(): Promise<Koffi> {
  try {
    return await importKoffi()
  } catch (cause) {
    throw new LevinError('LEVIN_UNAVAILABLE', {
      message: "The package 'koffi', by which MPI is called, cannot be loaded here.",
      remedy: 'Install it: npm install koffi.',
      cause,
    })
  }
}
