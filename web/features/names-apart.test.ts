import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

/**
 * What people typed may be written from right to left, and then turns round the words beside it: `<bdi>` keeps it to
 * itself. This reads the components and finds names that stand in a line with other text without one. It does not see
 * names inside of translated sentences, nor what a variable of another name holds.
 */

const WEB = path.resolve(import.meta.dirname, '..')
/** Properties and variables that hold what people typed about themselves or their halls. */
const TYPED = /^(name|unit|hall|unitName|hallName|userName|speaker|address|contactName)$/

/** Whether the value shown is a name itself, or text made with one. */
function showsName(node: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node)) return showsName(node.expression)
  if (ts.isPropertyAccessExpression(node)) return TYPED.test(node.name.text)
  if (ts.isIdentifier(node)) return TYPED.test(node.text)
  if (ts.isConditionalExpression(node)) return showsName(node.whenTrue) || showsName(node.whenFalse)
  if (ts.isTemplateExpression(node)) return node.templateSpans.some(span => showsName(span.expression))
  if (ts.isCallExpression(node)) return node.expression.getText() === 'formatEndpointName'
  if (ts.isBinaryExpression(node))
    return (
      showsName(node.right) ||
      (node.operatorToken.kind !== ts.SyntaxKind.AmpersandAmpersandToken && showsName(node.left))
    )
  return false
}

/** Whether a child of an element is words in the same line. An element may be a block of its own: only `<bdi>` is known. */
function isText(child: ts.JsxChild): boolean {
  if (ts.isJsxText(child)) return child.text.trim() !== ''
  if (ts.isJsxElement(child)) return child.openingElement.tagName.getText() === 'bdi'
  if (!ts.isJsxExpression(child) || !child.expression) return false
  let hasElement = false
  const look = (node: ts.Node): void => {
    if (ts.isJsxElement(node) || ts.isJsxSelfClosingElement(node) || ts.isJsxFragment(node)) hasElement = true
    else ts.forEachChild(node, look)
  }
  look(child.expression)
  return !hasElement && !(ts.isStringLiteral(child.expression) && child.expression.text.trim() === '')
}

/** Names beside other words without `<bdi>`, as `line: text`. */
function namesBesideWords(source: string): string[] {
  const file = ts.createSourceFile('x.tsx', source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isJsxElement(node) || ts.isJsxFragment(node)) {
      const isApart = ts.isJsxElement(node) && node.openingElement.tagName.getText() === 'bdi'
      for (const child of node.children) {
        if (isApart || !ts.isJsxExpression(child) || !child.expression || !showsName(child.expression))
          continue
        const isMixed = ts.isTemplateExpression(child.expression)
        if (!isMixed && !node.children.some(other => other !== child && isText(other))) continue
        const { line } = file.getLineAndCharacterOfPosition(child.getStart())
        found.push(`${line + 1}: ${child.getText()}`)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

describe('names that people typed', () => {
  it.each([
    ['<p>{user.name} ({t("you")})</p>', 1],
    ['<p>{t("speaking")} {speaking.name}</p>', 1],
    ['<>{hall.name} – {hall.unitName}</>', 2],
    ['<p><bdi>{hall.name}</bdi> – {hall.unitName}</p>', 1],
    ['<p>{`${hall.name} – ${hall.unitName}`}</p>', 1],
    ['<p>{isOwn ? t("you") : message.name} {time}</p>', 1],
    ['<p><bdi>{user.name}</bdi> ({t("you")})</p>', 0],
    ['<p>{user.name}</p>', 0],
    ['<p><Icon />{user.name}<Badge>{t("x")}</Badge></p>', 0],
    ['<div><p>{user.name}</p>{user.unitName && <p>{user.unitName}</p>}</div>', 0],
  ])('in %s are found when they stand in a line with other words', (source, count) => {
    expect(namesBesideWords(`const a = ${source}`)).toHaveLength(count)
  })

  const files = globSync('{app,features,ui}/**/*.tsx', { cwd: WEB })
  it('keep to themselves on every page', () => {
    expect(files.length).toBeGreaterThan(80)
    const faults = files.flatMap(file =>
      namesBesideWords(readFileSync(path.join(WEB, file), 'utf8')).map(fault => `${file}:${fault}`),
    )
    expect(faults).toEqual([])
  })
})
