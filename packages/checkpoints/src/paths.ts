/** `/` between the parts; the parts are not looked at. */
export const join = (folder: string, name: string): string =>
  folder === '' || folder.endsWith('/') ? folder + name : `${folder}/${name}`

/** What a path lies in; `''` for a bare name. */
export function parentOf(path: string): string {
  const cut = path.lastIndexOf('/')
  return cut < 0 ? '' : cut === 0 ? '/' : path.slice(0, cut)
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
