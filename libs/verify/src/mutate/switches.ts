/**
 * A file of the model with all its mutants in it: where `a < b` stood there is `(__turned(7)?(a <= b):(a < b))`. So the model is
 * read once for thousands of mutants. Pure: text from text.
 */
import ts from 'typescript';
import type { Mutant } from './mutants.ts';

export interface Numbered {
  readonly number: number;
  readonly mutant: Mutant;
}

export function withSwitches(file: string, text: string, mutants: readonly Numbered[]): string {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const left = new Set(mutants);

  /** The text from `from` to `to`, its parts with their switches. */
  const joined = (parts: readonly ts.Node[], from: number, to: number): string => {
    let result = '';
    let at = from;
    for (const part of parts) {
      result += text.slice(at, part.getStart(source)) + written(part);
      at = part.end;
    }
    return result + text.slice(at, to);
  };
  const written = (node: ts.Node): string => {
    const start = node.getStart(source);
    let result = joined(partsOf(node, source), start, node.end);
    for (const numbered of left) {
      const { mutant, number } = numbered;
      if (!isAt(mutant, node, source)) continue;
      left.delete(numbered);
      const other = text.slice(start, mutant.start) + mutant.replacement + text.slice(mutant.end, node.end);
      result = `(__turned(${number})?(${other}):(${result}))`;
    }
    return result;
  };

  const result = joined(source.statements, 0, text.length);
  const [lost] = left;
  if (lost) throw new Error(`no place for a switch: ${file}:${lost.mutant.line} ${lost.mutant.was}`);
  return result;
}

/** In the order of the text, without what overlaps: `{ a }` is a name and its value at one place. */
function partsOf(node: ts.Node, source: ts.SourceFile): ts.Node[] {
  const parts: ts.Node[] = [];
  ts.forEachChild(node, (part) => {
    parts.push(part);
  });
  let end = node.getStart(source);
  return parts
    .sort((a, b) => a.pos - b.pos)
    .filter((part) => {
      if (part.getStart(source) < end) return false;
      end = part.end;
      return true;
    });
}

/** Of a comparison only the operator is changed: its switch stands around the whole. */
function isAt(mutant: Mutant, node: ts.Node, source: ts.SourceFile): boolean {
  const isFrom = (part: ts.Node): boolean => mutant.start === part.getStart(source) && mutant.end === part.end;
  if (ts.isBinaryExpression(node) && isFrom(node.operatorToken)) return true;
  return ts.isExpression(node) && isFrom(node);
}
