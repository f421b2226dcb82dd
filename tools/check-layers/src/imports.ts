import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** One module that a source file names. */
export interface Import {
  readonly specifier: string
  /** `import type`: gone in the built file. Under `verbatimModuleSyntax`, `import { type A }` is not. */
  readonly typeOnly: boolean
  readonly line: number
}

export const parse = (path: string): ts.SourceFile =>
  ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true)

export const lineOf = (node: ts.Node): number => {
  const source = node.getSourceFile()
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
}

/** Calls `visit` with every node below `node`, itself included. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

function importOf(node: ts.Node): { readonly module: ts.Expression; readonly typeOnly: boolean } | undefined {
  if (ts.isImportDeclaration(node)) {
    return { module: node.moduleSpecifier, typeOnly: node.importClause?.isTypeOnly ?? false }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
    return { module: node.moduleSpecifier, typeOnly: node.isTypeOnly }
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return { module: node.argument.literal, typeOnly: true }
  }
  const [argument] = ts.isCallExpression(node) ? node.arguments : []
  const dynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
  return dynamic && argument ? { module: argument, typeOnly: false } : undefined
}

/** All that a file imports, re-exports or imports on demand. */
export function importsOf(source: ts.SourceFile): Import[] {
  const found: Import[] = []
  walk(source, (node) => {
    const each = importOf(node)
    if (!each || !ts.isStringLiteralLike(each.module)) return
    found.push({ specifier: each.module.text, typeOnly: each.typeOnly, line: lineOf(node) })
  })
  return found
}

/** The TypeScript files below a folder; none where the folder is absent. */
export function sourcesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(
      (entry) => entry.isFile() && /\.m?ts$/.test(entry.name) && !/(^|[\\/])generated([\\/]|$)/.test(entry.parentPath),
    )
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
