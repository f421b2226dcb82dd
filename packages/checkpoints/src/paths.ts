/** `/` between the parts; the parts are not looked at. */
export const join = (folder: string, name: string): string =>
  folder === '' || folder.endsWith('/') ? folder + name : `${folder}/${name}`

/** What a path lies in; `''` for a bare name. */
export function parentOf(path: string): string {
  const cut = path.lastIndexOf('/')
  const parent = path.slice(0, Math.max(cut, 0))
  // The root of a disk keeps its slash: `C:` alone would be the current folder of that disk.
  return cut === 0 || /^[A-Za-z]:$/.test(parent) ? `${parent}/` : parent
}

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** The path of storages that have no current folder: `.` and `..` resolved, one `/` between names, none at either end. */
export function normalise(path: string): string {
  const names: string[] = []
  for (const name of path.replaceAll('\\', '/').split('/')) {
    if (name === '' || name === '.') continue
    if (name === '..') names.pop()
    else names.push(name)
  }
  return names.join('/')
}
