/**
 * Wrong versions of a solution, one small change each, made on the syntax tree: what a slip of the pen, a confusion of two
 * operations or a forgotten step would make of it. Only the regions that a student writes are changed.
 */
import ts from 'typescript';
import { parseRegions } from '../../grader/course/regions.ts';

export interface Mutant {
  /** The function that was changed. */
  exercise: string;
  /** The kind of change: "sign", "axis" … */
  operator: string;
  /** Line of the file, counted from 1. */
  line: number;
  /** What stood there, and what stands there now. */
  before: string;
  after: string;
  /** The solution's line, or lines, on which it stood. */
  on: string;
  /** Where in it the change begins and ends. */
  from: number;
  to: number;
  /** The whole file, changed. */
  text: string;
}

/** A change of one place: the text between two positions is replaced. */
interface Change {
  operator: string;
  start: number;
  end: number;
  by: string;
}

/** All mutants of a solution's file. Two changes with the same outcome are one mutant. */
export function mutantsOf(text: string, file: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const lineOf = (at: number) => source.getLineAndCharacterOfPosition(at).line + 1;
  const starts = source.getLineStarts();
  const flat = (from: number, to: number) => text.slice(from, to).replace(/\s+/g, ' ').trimStart();
  const placeOf = (start: number, end: number) => {
    const line = starts[lineOf(start) - 1]!;
    const next = starts[lineOf(end)] ?? text.length;
    return { on: flat(line, next).trimEnd(), from: flat(line, start).length, to: flat(line, end).length };
  };
  const regions = parseRegions(text, file);
  const seen = new Set<string>();
  const mutants: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    // Types are erased and change nothing.
    if (ts.isTypeNode(node)) return;
    for (const { operator, start, end, by } of changes(node, source)) {
      const region = regions.find((r) => r.line < lineOf(start) && lineOf(end) < r.end);
      const changed = text.slice(0, start) + by + text.slice(end);
      if (!region || seen.has(changed) || changed === text) continue;
      seen.add(changed);
      mutants.push({
        exercise: region.name,
        operator,
        line: lineOf(start),
        before: short(text.slice(start, end)),
        after: short(by),
        ...placeOf(start, end),
        text: changed,
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return mutants;
}

const short = (code: string): string => {
  const line = code.replace(/\s+/g, ' ').trim();
  return line.length > 60 ? `${line.slice(0, 59)}…` : line || '(nothing)';
};

const K = ts.SyntaxKind;

/** What an operator may be mistaken for. */
const OPERATORS = new Map<ts.SyntaxKind, [kind: string, ...by: string[]]>([
  [K.PlusToken, ['sign', '-']],
  [K.MinusToken, ['sign', '+']],
  [K.AsteriskToken, ['factor', '/']],
  [K.SlashToken, ['factor', '*']],
  [K.AsteriskAsteriskToken, ['factor', '*']],
  [K.PlusEqualsToken, ['missing sum', '=', '-=']],
  [K.MinusEqualsToken, ['sign', '+=']],
  [K.LessThanToken, ['comparison', '<=', '>']],
  [K.LessThanEqualsToken, ['comparison', '<', '>=']],
  [K.GreaterThanToken, ['comparison', '>=', '<']],
  [K.GreaterThanEqualsToken, ['comparison', '>', '<=']],
  [K.EqualsEqualsEqualsToken, ['comparison', '!==']],
  [K.ExclamationEqualsEqualsToken, ['comparison', '===']],
  [K.AmpersandAmpersandToken, ['logic', '||']],
  [K.BarBarToken, ['logic', '&&']],
]);

/** What a method may be mistaken for. */
const METHODS: Record<string, [kind: string, ...by: string[]]> = {
  add: ['sign', 'sub'],
  sub: ['sign', 'add'],
  mul: ['factor', 'div'],
  div: ['factor', 'mul'],
  sum: ['missing sum', 'mean'],
  mean: ['factor', 'sum'],
  max: ['comparison', 'min'],
  min: ['comparison', 'max'],
  maximum: ['comparison', 'minimum'],
  minimum: ['comparison', 'maximum'],
  argmax: ['comparison', 'argmin'],
  less: ['comparison', 'lessEqual', 'greater'],
  lessEqual: ['comparison', 'less', 'greaterEqual'],
  greater: ['comparison', 'greaterEqual', 'less'],
  greaterEqual: ['comparison', 'greater', 'lessEqual'],
  equal: ['comparison', 'notEqual'],
  floor: ['index', 'ceil'],
  ceil: ['index', 'floor'],
  push: ['order', 'unshift'],
  unshift: ['order', 'push'],
};

/** Methods that can be forgotten: the value stays a value of the same kind. */
const LEFT_OUT = new Set(
  'add sub mul div neg square sqrt exp log abs reciprocal tanh reverse sort transpose clip maximum minimum slice'.split(
    ' ',
  ),
);

/** Functions of one number that can be forgotten. */
const FORGOTTEN = new Set(['exp', 'log', 'sqrt', 'tanh', 'abs', 'floor', 'ceil', 'round']);

function changes(node: ts.Node, source: ts.SourceFile): Change[] {
  const of = (n: ts.Node) => n.getText(source);
  const whole = (operator: string, n: ts.Node, by: string): Change => ({
    operator,
    start: n.getStart(source),
    end: n.getEnd(),
    by,
  });

  if (ts.isBinaryExpression(node)) {
    const { left, operatorToken, right } = node;
    const [kind, ...others] = OPERATORS.get(operatorToken.kind) ?? ['sign'];
    const found = others.map((by) => whole(kind, operatorToken, by));
    const swaps = [K.MinusToken, K.SlashToken, K.AsteriskAsteriskToken];
    if (swaps.includes(operatorToken.kind))
      found.push(whole('swapped operands', node, `${of(right)} ${of(operatorToken)} (${of(left)})`));
    if ([K.PlusToken, K.MinusToken, K.AsteriskToken, K.SlashToken].includes(operatorToken.kind))
      found.push(whole('left out', node, of(left)), whole('left out', node, of(right)));
    return found;
  }
  if (ts.isPrefixUnaryExpression(node)) {
    if (node.operator === K.MinusToken) return [whole('sign', node, of(node.operand))];
    if (node.operator === K.ExclamationToken) return [whole('logic', node, `(${of(node.operand)})`)];
    return [];
  }
  if (ts.isNumericLiteral(node)) return constants(node, of, whole);
  if (node.kind === K.TrueKeyword) return [whole('constant', node, 'false')];
  if (node.kind === K.FalseKeyword) return [whole('constant', node, 'true')];
  if (ts.isPropertyAccessExpression(node) && node.name.text === 'T')
    return [whole('transpose', node, of(node.expression))];
  if (ts.isElementAccessExpression(node)) {
    const at = node.argumentExpression;
    if (ts.isNumericLiteral(at) || ts.isStringLiteral(at)) return [];
    return [whole('off by one', at, `${of(at)} - 1`), whole('off by one', at, `${of(at)} + 1`)];
  }
  if (ts.isCallExpression(node)) return calls(node, of, whole);
  if (ts.isConditionalExpression(node))
    return [
      whole('logic', node, `${of(node.condition)} ? ${of(node.whenFalse)} : ${of(node.whenTrue)}`),
      whole('logic', node, of(node.whenTrue)),
      whole('logic', node, of(node.whenFalse)),
    ];
  if (ts.isIfStatement(node))
    return [whole('logic', node.expression, 'false'), whole('logic', node.expression, 'true')];
  if (ts.isExpressionStatement(node)) return [whole('left out', node, ';')];
  if (ts.isObjectLiteralExpression(node)) return fields(node, of, whole);
  return [];
}

type Of = (n: ts.Node) => string;
type Whole = (operator: string, n: ts.Node, by: string) => Change;

function constants(node: ts.NumericLiteral, of: Of, whole: Whole): Change[] {
  const value = Number(node.text);
  const negative = ts.isPrefixUnaryExpression(node.parent) && node.parent.operator === K.MinusToken;
  const isAxis = ts.isCallExpression(node.parent) && node.parent.arguments.includes(node);
  const kind = isAxis ? 'axis or argument' : 'constant';
  if (negative) return [whole(kind, node.parent, String(-value - 1)), whole(kind, node.parent, String(1 - value))];
  if (!Number.isInteger(value)) return [whole(kind, node, `${of(node)} * 2`), whole(kind, node, '0')];
  return value === 0
    ? [whole(kind, node, '1')]
    : [whole(kind, node, String(value + 1)), whole(kind, node, String(value - 1))];
}

function calls(node: ts.CallExpression, of: Of, whole: Whole): Change[] {
  const found: Change[] = [];
  const { expression, arguments: args } = node;
  if (ts.isPropertyAccessExpression(expression)) {
    const name = expression.name.text;
    const object = expression.expression;
    const isMath = ts.isIdentifier(object) && object.text === 'Math';
    const [kind, ...others] = METHODS[name] ?? ['sign'];
    for (const by of others) found.push(whole(kind, expression.name, by));
    if (isMath && FORGOTTEN.has(name)) found.push(whole('left out', node, `(${of(args[0]!)})`));
    if (!isMath && LEFT_OUT.has(name)) found.push(whole('left out', node, of(object)));
    const swaps = ['sub', 'div', 'matmul', 'pow', 'concat'];
    if (swaps.includes(name) && args.length === 1 && !ts.isNumericLiteral(args[0]!))
      found.push(whole('swapped operands', node, `(${of(args[0]!)}).${name}(${of(object)})`));
    if (args.length > 0 && args.at(-1)!.getText().includes('keepDims'))
      found.push(whole('axis or argument', args.at(-1)!, '{}'));
  }
  for (let i = 0; i + 1 < args.length; i++) {
    const [a, b] = [args[i]!, args[i + 1]!];
    if (ts.isArrowFunction(a) || ts.isArrowFunction(b)) continue;
    found.push({
      operator: 'swapped operands',
      start: a.getStart(),
      end: b.getEnd(),
      by: `${of(b)}, ${of(a)}`,
    });
  }
  return found;
}

/** Two results exchanged: { dx, dw } becomes { dx: dw, dw: dx }. */
function fields(node: ts.ObjectLiteralExpression, of: Of, whole: Whole): Change[] {
  const list = node.properties.flatMap((p) => {
    if (ts.isShorthandPropertyAssignment(p)) return [{ name: p.name.text, value: p.name.text, node: p as ts.Node }];
    return ts.isPropertyAssignment(p) ? [{ name: of(p.name), value: of(p.initializer), node: p as ts.Node }] : [];
  });
  const found: Change[] = [];
  for (let i = 0; i + 1 < list.length; i++) {
    const [a, b] = [list[i]!, list[i + 1]!];
    if (list.length !== node.properties.length) break;
    const rest = list.map((p, k) =>
      k === i ? `${a.name}: ${b.value}` : k === i + 1 ? `${b.name}: ${a.value}` : of(p.node),
    );
    found.push(whole('swapped results', node, `{ ${rest.join(', ')} }`));
  }
  return found;
}
