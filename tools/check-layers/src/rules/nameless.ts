import { join, relative } from 'node:path'
import ts from 'typescript'
import { lineOf, sourcesIn, walk } from '../imports.js'
import type { Sources } from '../sources.js'
import { NAMELESS, PLUGIN_NAMES } from '../table.js'
import type { Package, Workspace } from '../workspace.js'

const isComparison = (kind: ts.SyntaxKind): boolean =>
  kind === ts.SyntaxKind.EqualsEqualsEqualsToken ||
  kind === ts.SyntaxKind.ExclamationEqualsEqualsToken ||
  kind === ts.SyntaxKind.EqualsEqualsToken ||
  kind === ts.SyntaxKind.ExclamationEqualsToken

/** The names in `definePlugin({ name: '…' })` all over the workspace. */
export function pluginNames(workspace: Workspace, sources: Sources): Set<string> {
  const names = new Set(PLUGIN_NAMES)
  const files = [...workspace.values()].filter(({ group }) => group === 'packages' || group === 'plugins')
  for (const path of files.flatMap(({ folder }) => sourcesIn(join(folder, 'src')))) {
    walk(sources.get(path), (node) => {
      if (!ts.isCallExpression(node) || node.expression.getText() !== 'definePlugin') return
      const [definition] = node.arguments
      if (!definition || !ts.isObjectLiteralExpression(definition)) return
      for (const property of definition.properties) {
        if (!ts.isPropertyAssignment(property) || property.name.getText() !== 'name') continue
        if (ts.isStringLiteral(property.initializer)) names.add(property.initializer.text)
      }
    })
  }
  return names
}

/** `strategy.name === 'ddp'`: a question about who a plugin is, where only its capabilities may be asked. */
export function checkNameless(each: Package, names: ReadonlySet<string>, sources: Sources): string[] {
  if (!NAMELESS.includes(each.name)) return []
  const problems: string[] = []
  for (const path of sourcesIn(join(each.folder, 'src'))) {
    walk(sources.get(path), (node) => {
      const compared = ts.isBinaryExpression(node) && isComparison(node.operatorToken.kind)
      const operands = compared ? [node.left, node.right] : ts.isCaseClause(node) ? [node.expression] : []
      for (const operand of operands) {
        if (!ts.isStringLiteralLike(operand) || !names.has(operand.text)) continue
        const where = `${each.name}: ${relative(each.folder, path)}:${lineOf(node)}`
        problems.push(`${where} compares with the plugin name '${operand.text}'; ask for a capability instead`)
      }
    })
  }
  return problems
}
