/**
 * One meaning of the model turned round at a time: a negation, a comparison's boundary, a mask, a number, a truth, an order.
 * What only words or steps of the trace would show is left alone: verify compares what an observer sees.
 */
import ts from 'typescript';

export interface Mutant {
  /** Path below libs/netsim/src. */
  readonly file: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  readonly was: string;
  readonly kind: 'negation' | 'boundary' | 'comparison' | 'logic' | 'mask' | 'number' | 'truth' | 'order';
}

/** Calls whose arguments tell, and properties that hold words: nothing that a packet feels. */
const TELLING_CALLS =
  /(^|\.)(step|stop|ask|lost|unknown|missing\w*|cite\w*|describe|met|say|label|note|makeStep|\w*Text|\w*Evidence|sees|spend|formatIp|unread\w*)$/;
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
/** Guards for what was not collected or is not modelled: in a judged world everything is collected. */
const GUARDS = /\.known\b|unknown|missing|abandon|budget|exhausted|lens|undefined|unread|maybe/i;

const COMPARISONS: Partial<Record<ts.SyntaxKind, readonly [string, Mutant['kind']][]>> = {
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: [['!==', 'comparison']],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: [['===', 'comparison']],
  [ts.SyntaxKind.LessThanToken]: [['<=', 'boundary']],
  [ts.SyntaxKind.LessThanEqualsToken]: [['<', 'boundary']],
  [ts.SyntaxKind.GreaterThanToken]: [['>=', 'boundary']],
  [ts.SyntaxKind.GreaterThanEqualsToken]: [['>', 'boundary']],
  [ts.SyntaxKind.AmpersandAmpersandToken]: [['||', 'logic']],
  [ts.SyntaxKind.BarBarToken]: [['&&', 'logic']],
  [ts.SyntaxKind.AmpersandToken]: [['|', 'mask']],
  [ts.SyntaxKind.BarToken]: [['&', 'mask']],
  [ts.SyntaxKind.MinusToken]: [['+', 'order']],
};

export function mutantsOf(file: string, text: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Mutant[] = [];
  const add = (node: ts.Node, replacement: string, kind: Mutant['kind']): void => {
    const start = node.getStart(source);
    const line = source.getLineAndCharacterOfPosition(start).line + 1;
    found.push({ file, line, start, end: node.end, replacement, was: text.slice(start, node.end).slice(0, 80), kind });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return;
    if (ts.isTypeAliasDeclaration(node) || ts.isTemplateExpression(node) || ts.isThrowStatement(node)) return;
    if (ts.isPropertyAssignment(node) && TELLING_PROPERTIES.has(node.name.getText(source))) return;
    if (ts.isCallExpression(node) && TELLING_CALLS.test(node.expression.getText(source))) return;
    if ((ts.isIfStatement(node) || ts.isConditionalExpression(node)) && isGuard(conditionOf(node), source)) {
      const rest = ts.isIfStatement(node) ? [node.elseStatement] : [node.whenTrue, node.whenFalse];
      for (const part of rest) if (part) visit(part);
      return;
    }
    if (ts.isIfStatement(node)) add(node.expression, `!(${node.expression.getText(source)})`, 'negation');
    if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
      add(node, `(${node.operand.getText(source)})`, 'negation');
    if (ts.isBinaryExpression(node) && !GUARDS.test(node.getText(source)))
      for (const [replacement, kind] of COMPARISONS[node.operatorToken.kind] ?? [])
        add(node.operatorToken, replacement, kind);
    if (ts.isNumericLiteral(node)) add(node, String(Number(node.text.replaceAll('_', '')) + 1), 'number');
    if (ts.isBigIntLiteral(node)) add(node, `(${node.text} + 1n)`, 'number');
    if (node.kind === ts.SyntaxKind.TrueKeyword) add(node, 'false', 'truth');
    if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, 'true', 'truth');
    // `a ?? 0` for what is always there: the default is for the compiler.
    if (isDefault(node)) return visit(node.left);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const isDefault = (node: ts.Node): node is ts.BinaryExpression =>
  ts.isBinaryExpression(node) &&
  node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken &&
  (ts.isLiteralExpression(node.right) || node.right.kind === ts.SyntaxKind.FalseKeyword);

const conditionOf = (node: ts.IfStatement | ts.ConditionalExpression): ts.Expression =>
  ts.isIfStatement(node) ? node.expression : node.condition;
const isGuard = (condition: ts.Expression, source: ts.SourceFile): boolean => GUARDS.test(condition.getText(source));
