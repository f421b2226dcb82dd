// Where a BLAS library is looked for, and what brings one.

const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  linux: ['libopenblas.so.0', 'libopenblas.so'],
  darwin: [
    '/System/Library/Frameworks/Accelerate.framework/Accelerate',
    '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
    '/usr/local/opt/openblas/lib/libopenblas.dylib',
  ],
  win32: ['libopenblas.dll', 'openblas.dll'],
}

/** Names under which the loader of a system knows a BLAS library, the best first. */
export function libraryNames(platform: string): readonly string[] {
  return LIBRARIES[platform] ?? ['libopenblas.so']
}

/** One line that brings a library to a system. */
export function libraryRemedy(platform: string): string {
  if (platform === 'linux') return 'apt-get install libopenblas0'
  if (platform === 'darwin') return 'brew install openblas'
  return 'install OpenBLAS, and name its library in LEVIN_BLAS'
}
