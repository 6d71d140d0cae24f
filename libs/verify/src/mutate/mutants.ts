/**
 * One meaning of the model turned round at a time: a negation, a boundary, a mask, an order, a hook. What only words or steps of the trace would show is left alone: verify compares what an observer sees.
 */
import ts from 'typescript';
import { notJudged } from './not-judged.ts';

export interface Mutant {
  /** Path below libs/netsim/src. */
  readonly file: string;
  readonly line: number;
  /** The line, to find it again when lines have moved. */
  readonly code: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  readonly was: string;
  readonly kind: 'negation' | 'boundary' | 'mask' | 'order' | 'hook';
}

/** Calls whose arguments tell, and properties that hold words: nothing that a packet feels. */
const TELLING_CALLS =
  /(^|\.)(step|stop|tell|ask|lost|unknown|missing\w*|cite\w*|describe|met|say|label|note|makeStep|\w*Text|\w*Evidence|spend|uncertain|unknownEffect|formatIp|unread\w*|unread\.add)$/;
const TELLING_PROPERTIES = new Set([
  'text',
  'zh',
  'detail',
  'evidence',
  'said',
  'what',
  'steps',
  'label',
  'question',
  'kind',
]);
/** Guards for what was not collected or is not modelled, and for the network between nodes: in a judged world everything is collected, and no device is an uplink. */
const GUARDS =
  /\bknown\b|unknown|isKnown|compatible|missing|abandon|budget|exhausted|lens|undefined|unread|\bsaid\b|unsupported|maybe|telling|not-collected|unavailable|\blacking\b|isUplink|\bwire\b/i;
/** Declarations that tell. */
const TELLING_NAMES =
  /^(text|who|how|reason|question|evidence|cited|missing|said|detail|describe\w*|cite\w*|\w+(Text|Evidence))$/;
/** That a rule *may* have been met only takes something away from what is compared. */
const PERHAPS = /(^|\.)maybe$/;
/** How much is enough: constants that say when an index pays or when to give up. */
const LIMITS = /^(MOST|MAX|LONG|ENOUGH)_/;
/** The argument whose `true` or `false` is not felt: whether the route is told (words), and what a switch that was not read is taken for. */
const TOLD_IF: Readonly<Record<string, number>> = { routeOutput: 4, routed: 4, sysctlOn: 3 };
/** Where a verdict ends because something is not known. */
const NOT_KNOWN = /^(stopUnread|needed|unavailable|walk\.unknown|walk\.lost)$/;
/** What a walk that met something unknown, or an uplink, remembers of it. */
const NOTED = /^(unknown|wire)$/;
/** A meaning that always holds: what follows where it does not is for finding out what decides. */
const ALWAYS = /^!?walk\.sees\([^()]*, true\)$/;
const HEX = /^0x[0-9a-f_]+n?$/i;
/** The first argument names the meaning, the second is its answer. */
const SEES = /(^|\.)sees$/;

const NEXT_HOOK: Readonly<Record<string, string>> = {
  PREROUTING: 'INPUT',
  INPUT: 'FORWARD',
  FORWARD: 'OUTPUT',
  OUTPUT: 'POSTROUTING',
  POSTROUTING: 'PREROUTING',
};

const COMPARISONS: Partial<Record<ts.SyntaxKind, readonly [string, Mutant['kind']][]>> = {
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: [['!==', 'negation']],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: [['===', 'negation']],
  [ts.SyntaxKind.LessThanToken]: [['<=', 'boundary']],
  [ts.SyntaxKind.LessThanEqualsToken]: [['<', 'boundary']],
  [ts.SyntaxKind.GreaterThanToken]: [['>=', 'boundary']],
  [ts.SyntaxKind.GreaterThanEqualsToken]: [['>', 'boundary']],
  [ts.SyntaxKind.AmpersandToken]: [['|', 'mask']],
  [ts.SyntaxKind.BarToken]: [['&', 'mask']],
};

export function mutantsOf(file: string, text: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lines = text.split('\n');
  const found: Mutant[] = [];
  const add = (node: ts.Node, replacement: string, kind: Mutant['kind']): void => {
    const start = node.getStart(source);
    const line = source.getLineAndCharacterOfPosition(start).line + 1;
    const code = lines[line - 1]?.trim() ?? '';
    const was = text.slice(start, node.end);
    found.push({ file, line, code, start, end: node.end, replacement, was, kind });
  };
  const visit = (node: ts.Node): void => {
    if (isLeftAlone(node, source)) return;
    if (ts.isCallExpression(node) && SEES.test(node.expression.getText(source))) {
      for (const argument of node.arguments.slice(1)) visit(argument);
      return;
    }
    if ((ts.isIfStatement(node) || ts.isConditionalExpression(node)) && isGuard(conditionOf(node), source)) {
      const rest = ts.isIfStatement(node) ? [node.elseStatement] : [node.whenTrue, node.whenFalse];
      for (const part of rest) if (part) visit(part);
      return;
    }
    if (ts.isIfStatement(node) && onlyTells(node, source)) return;
    if (
      (ts.isIfStatement(node) || ts.isConditionalExpression(node)) &&
      ALWAYS.test(conditionOf(node).getText(source))
    ) {
      const [then, otherwise] = ts.isIfStatement(node)
        ? [node.thenStatement, node.elseStatement]
        : [node.whenTrue, node.whenFalse];
      visit(conditionOf(node));
      const reached = conditionOf(node).getText(source).startsWith('!') ? otherwise : then;
      if (reached) visit(reached);
      return;
    }
    if (ts.isIfStatement(node)) add(node.expression, `!(${node.expression.getText(source)})`, 'negation');
    // `if (!a)` is turned round as a whole.
    if (
      ts.isPrefixUnaryExpression(node) &&
      node.operator === ts.SyntaxKind.ExclamationToken &&
      !ts.isIfStatement(node.parent)
    )
      add(node, `(${node.operand.getText(source)})`, 'negation');
    if (isTold(node, source) || isBound(node, source)) return;
    if (isComparator(node)) {
      const { left, right } = node;
      add(node, `${right.getText(source)} - ${left.getText(source)}`, 'order');
      return;
    }
    if (ts.isBinaryExpression(node) && !GUARDS.test(node.getText(source)) && !isWholeCondition(node))
      for (const [replacement, kind] of COMPARISONS[node.operatorToken.kind] ?? [])
        add(node.operatorToken, replacement, kind);
    // A bit more or less of it.
    if (HEX.test(node.getText(source)) && ts.isNumericLiteral(node)) add(node, String(BigInt(node.text) ^ 1n), 'mask');
    if (HEX.test(node.getText(source)) && ts.isBigIntLiteral(node)) add(node, `(${node.text} ^ 1n)`, 'mask');
    if (node.kind === ts.SyntaxKind.TrueKeyword) add(node, 'false', 'negation');
    if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, 'true', 'negation');
    if (ts.isStringLiteral(node) && NEXT_HOOK[node.text] !== undefined) add(node, `'${NEXT_HOOK[node.text]}'`, 'hook');
    // `a ?? 0` for what is always there: the default is for the compiler.
    if (isDefault(node)) visit(node.left);
    else ts.forEachChild(node, visit);
  };
  for (const statement of source.statements) if (!notJudged(file, nameOf(statement, source))) visit(statement);
  return found;
}

function isLeftAlone(node: ts.Node, source: ts.SourceFile): boolean {
  if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return true;
  if (ts.isTypeAliasDeclaration(node) || ts.isTemplateExpression(node) || ts.isThrowStatement(node)) return true;
  if (ts.isVariableDeclaration(node) || ts.isFunctionDeclaration(node)) {
    const name = node.name?.getText(source) ?? '';
    if (LIMITS.test(name) || TELLING_NAMES.test(name)) return true;
  }
  if ((ts.isParameter(node) || ts.isPropertyDeclaration(node)) && PERHAPS.test(node.name.getText(source))) return true;
  if (ts.isBinaryExpression(node) && isAssignment(node) && PERHAPS.test(node.left.getText(source))) return true;
  if (ts.isBinaryExpression(node) && isAssignment(node) && NOTED.test(node.left.getText(source))) return true;
  if (ts.isObjectLiteralExpression(node) && node.properties.some((part) => isUnknownEnd(part, source))) return true;
  if (ts.isPropertyAssignment(node) && TELLING_PROPERTIES.has(node.name.getText(source))) return true;
  return ts.isCallExpression(node) && TELLING_CALLS.test(node.expression.getText(source));
}

const isAssignment = (node: ts.BinaryExpression): boolean => node.operatorToken.kind === ts.SyntaxKind.EqualsToken;

/** `if (a) walk.step(…)`: whether it is told. */
function onlyTells(node: ts.IfStatement, source: ts.SourceFile): boolean {
  const { thenStatement: then, elseStatement } = node;
  const one = ts.isBlock(then) && then.statements.length === 1 ? then.statements[0] : then;
  const tells = one && ts.isExpressionStatement(one) && isLeftAlone(one.expression, source);
  if (tells !== true) return false;
  return elseStatement === undefined || (ts.isIfStatement(elseStatement) && onlyTells(elseStatement, source));
}

/** The name of what a statement at the top of a file declares. */
function nameOf(statement: ts.Statement, source: ts.SourceFile): string {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations[0]?.name.getText(source) ?? '';
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) return statement.name?.text ?? '';
  return '';
}

/** `(a, b) => a - b`, and its parts after `||`. */
function isComparator(node: ts.Node): node is ts.BinaryExpression {
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.MinusToken) return false;
  let outer: ts.Node = node.parent;
  while (ts.isParenthesizedExpression(outer) || ts.isBinaryExpression(outer)) outer = outer.parent;
  return ts.isArrowFunction(outer) && outer.parameters.length === 2;
}

/** `{ ok: false, next: stopUnread(…) }` */
const isUnknownEnd = (part: ts.ObjectLiteralElementLike, source: ts.SourceFile): boolean =>
  ts.isPropertyAssignment(part) &&
  part.name.getText(source) === 'next' &&
  ts.isCallExpression(part.initializer) &&
  NOT_KNOWN.test(part.initializer.expression.getText(source));

const isTold = (node: ts.Node, source: ts.SourceFile): boolean =>
  (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) &&
  ts.isCallExpression(node.parent) &&
  node.parent.arguments.indexOf(node as ts.Expression) === TOLD_IF[node.parent.expression.getText(source)];

/** How far a loop goes, and what is enough: behind the last of a list there is nothing, and one more or less of a limit is as good. */
function isBound(node: ts.Node, source: ts.SourceFile): boolean {
  if (!ts.isBinaryExpression(node)) return false;
  if (ts.isForStatement(node.parent) && /\.length$/.test(node.right.getText(source))) return true;
  return [node.left, node.right].some((side) => ts.isIdentifier(side) && LIMITS.test(side.text));
}

/** `if (a === b)`: turned round as a whole already. */
const isWholeCondition = (node: ts.BinaryExpression): boolean =>
  ts.isIfStatement(node.parent) &&
  [ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsEqualsToken].includes(node.operatorToken.kind);

const isDefault = (node: ts.Node): node is ts.BinaryExpression =>
  ts.isBinaryExpression(node) &&
  node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken &&
  (ts.isLiteralExpression(node.right) || node.right.kind === ts.SyntaxKind.FalseKeyword);

const conditionOf = (node: ts.IfStatement | ts.ConditionalExpression): ts.Expression =>
  ts.isIfStatement(node) ? node.expression : node.condition;
const isGuard = (condition: ts.Expression, source: ts.SourceFile): boolean => GUARDS.test(condition.getText(source));
