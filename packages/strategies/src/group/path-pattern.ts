/** Whether a path is what a pattern says, in which `*` stands for any one name: `blocks.*.linear1`. */
export function matchesPath(path: string, pattern: string): boolean {
  const [names, wanted] = [path.split('.'), pattern.split('.')]
  return names.length === wanted.length && wanted.every((name, index) => name === '*' || name === names[index])
}
