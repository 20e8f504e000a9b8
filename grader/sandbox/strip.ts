/**
 * TypeScript to JavaScript, on the command line as in the page: types become blanks, so that every line and column stays
 * what it was. A mistake has the same words everywhere.
 *
 * Erasable TypeScript is all the course needs. Enums and parameter properties are written out, since students use them;
 * namespaces and decorators are refused.
 */
import { parse, type ParserOptions } from '@babel/parser';
import type { Loaded } from '../engine/sandbox.ts';
import { afterBlanks, tooMuch } from './first-look.ts';
import { place } from './stack.ts';

type Failed = Extract<Loaded, { kind: 'failed' }>;

/** An import that is left in the code; positions are offsets into it. */
export interface Import {
  from: string;
  /** Where the specifier stands. */
  at: number;
  /** `imported` is "*" for a namespace. */
  names: { imported: string; local: string; at: number }[];
  /** The statement; an empty range for `require` and `import(…)`. */
  start: number;
  end: number;
  /** `import` statements, `export … from`, and what runs later: `import(…)`, `require(…)`. */
  kind: 'import' | 'export' | 'call';
}

export interface Stripped {
  kind: 'stripped';
  /** JavaScript, an ES module, with every line and nearly every column where it was. */
  code: string;
  imports: Import[];
  /** What is exported: the name, and the local expression for it. `from`: the index of an import; "*" is everything. */
  exports: { exported: string; local: string; from?: number }[];
  /** Parts of `code` that belong to exports: blank them, or replace them, to have a plain script. */
  exportMarks: { start: number; end: number; text: string }[];
}

/** A node of the tree, as far as it matters here. */
interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

const options: ParserOptions = {
  sourceType: 'module',
  plugins: ['typescript'],
  createParenthesizedExpressions: true,
  attachComment: false,
};

/** Thrown inside for what the course's TypeScript does not have. */
class Unsupported extends Error {
  readonly pos: number;
  constructor(pos: number, message: string) {
    super(message);
    this.pos = pos;
  }
}

/**
 * Strips one file.
 * @param file the path under the folder of chapters, for messages
 */
export function strip(source: string, file: string): Stripped | Failed {
  try {
    try {
      return new Stripper(source).result();
    } catch (error) {
      const { pos, reasonCode } = error as { pos?: unknown; reasonCode?: string };
      if (typeof pos !== 'number') throw error;
      return explain(source, file, pos, error as Error, reasonCode ?? '');
    }
  } catch (error) {
    // The stack is full.
    if (error instanceof RangeError) return tooMuch(file);
    throw error;
  }
}

class Stripper {
  readonly #source: string;
  readonly #edits: { start: number; end: number; text: string }[] = [];
  /** What ends where something was blanked. */
  readonly #blankEnds = new Set<number>();
  readonly #used = new Set<string>();
  readonly #imports: Import[] = [];
  readonly #exports: Stripped['exports'] = [];
  readonly #marks: Stripped['exportMarks'] = [];
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  result(): Stripped {
    const program = (parse(this.#source, options) as unknown as { program: Node }).program;
    const body = program.body as Node[];
    for (const statement of body) if (statement.type !== 'ImportDeclaration') this.#walk(statement);
    for (const statement of body) if (statement.type === 'ImportDeclaration') this.#import(statement);
    this.#edits.sort((a, b) => a.start - b.start || a.end - b.end);
    let code = '';
    let at = 0;
    // Where something grew, what comes behind has moved.
    const moved: { from: number; by: number }[] = [];
    for (const { start, end, text } of this.#edits) {
      if (start < at) continue;
      code += this.#source.slice(at, start) + text;
      at = end;
      if (text.length !== end - start) moved.push({ from: end, by: text.length - (end - start) });
    }
    code += this.#source.slice(at);
    const now = (offset: number) => moved.reduce((sum, { from, by }) => (offset >= from ? sum + by : sum), offset);
    return {
      kind: 'stripped',
      code,
      imports: this.#imports.map((each) => ({ ...each, at: now(each.at), start: now(each.start), end: now(each.end), names: each.names.map((n) => ({ ...n, at: now(n.at) })) })), // prettier-ignore
      exports: this.#exports,
      exportMarks: this.#marks.map(({ start, end, text }) => ({ start: now(start), end: now(end), text })),
    };
  }

  #blank(start: number, end: number, first = ' '): void {
    if (end <= start) return;
    const text = this.#source.slice(start, end).replace(/[^\n\r\u2028\u2029]/g, ' ');
    this.#edits.push({ start, end, text: /[\n\r\u2028\u2029]/.test(text[0]!) ? text : first + text.slice(1) });
    this.#blankEnds.add(end);
  }

  /** A statement or a member that is only a type: a semicolon keeps its neighbours apart. */
  #blankWhole({ start, end }: Node): void {
    this.#blank(start, end, ';');
  }

  /** Blanks one sign between two places. */
  #blankSign(sign: string, from: number, to: number): void {
    const text = this.#source.slice(from, to).replace(/\/\*[^]*?\*\/|\/\/.*/g, (c) => c.replace(/./g, ' '));
    const at = text.indexOf(sign);
    if (at >= 0) this.#blank(from + at, from + at + 1);
  }

  /** Blanks modifiers that TypeScript has and JavaScript has not. */
  #blankModifiers(from: number, to: number): void {
    for (const found of this.#source
      .slice(from, to)
      .matchAll(/\b(public|private|protected|readonly|abstract|override|declare)\b/g))
      // prettier-ignore
      this.#blank(from + found.index, from + found.index + found[0].length);
  }

  #children(node: Node): void {
    for (const key in node) {
      if (key === 'loc' || key === 'extra' || key === 'leadingComments' || key === 'trailingComments') continue;
      const value = node[key];
      if (Array.isArray(value)) {
        for (const each of value) if (isNode(each)) this.#walk(each);
      } else if (isNode(value)) this.#walk(value);
    }
  }

  #walk(node: Node): void {
    switch (node.type) {
      case 'Identifier':
        this.#used.add(node.name as string);
        if (node.optional === true)
          this.#blankSign('?', node.start + (node.name as string).length, (node.typeAnnotation as Node | undefined)?.start ?? node.end); // prettier-ignore
        if (isNode(node.typeAnnotation)) this.#walk(node.typeAnnotation);
        return;
      case 'MemberExpression':
      case 'OptionalMemberExpression':
        this.#walk(node.object as Node);
        if (node.computed === true) this.#walk(node.property as Node);
        return;
      case 'ObjectProperty':
        if (node.computed === true) this.#walk(node.key as Node);
        this.#walk(node.value as Node);
        return;
      case 'TSAsExpression':
      case 'TSSatisfiesExpression':
        this.#walk(node.expression as Node);
        return this.#blank((node.expression as Node).end, node.end);
      case 'TSNonNullExpression':
        this.#walk(node.expression as Node);
        return this.#blank(node.end - 1, node.end);
      case 'TSTypeAssertion':
        this.#blank(node.start, (node.expression as Node).start);
        return this.#walk(node.expression as Node);
      case 'TSInstantiationExpression':
        return this.#children(node);
      case 'TSEnumDeclaration':
        return node.declare === true ? this.#blankWhole(node) : this.#enum(node);
      case 'TSModuleDeclaration':
        if (node.declare === true || node.kind === 'global') return this.#blankWhole(node);
        throw new Unsupported(
          node.start,
          'the course’s TypeScript has no namespaces: write the functions into the file itself',
        );
      case 'TSExportAssignment':
      case 'TSImportEqualsDeclaration':
        throw new Unsupported(node.start, 'write `import … from` and `export`, as in the rest of the course');
      case 'TSParameterProperty':
        this.#blankModifiers(node.start, (node.parameter as Node).start);
        return this.#walk(node.parameter as Node);
      case 'TSInterfaceDeclaration':
      case 'TSTypeAliasDeclaration':
      case 'TSDeclareFunction':
      case 'TSDeclareMethod':
      case 'TSIndexSignature':
        return this.#blankWhole(node);
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
      case 'ObjectMethod':
      case 'ClassMethod':
      case 'ClassPrivateMethod':
        return this.#function(node);
      case 'ClassDeclaration':
      case 'ClassExpression':
        return this.#class(node);
      case 'ClassProperty':
      case 'ClassPrivateProperty':
      case 'ClassAccessorProperty':
        return this.#property(node);
      case 'VariableDeclaration':
        if (node.declare === true) return this.#blankWhole(node);
        for (const each of node.declarations as Node[])
          if (each.definite === true) this.#blankSign('!', (each.id as Node).start, ((each.id as Node).typeAnnotation as Node).start); // prettier-ignore
        this.#children(node);
        return this.#endOfStatement(node);
      case 'ExpressionStatement':
      case 'ReturnStatement':
      case 'ThrowStatement':
        this.#children(node);
        return this.#endOfStatement(node);
      case 'AwaitExpression':
        if (this.#depth === 0) throw new Unsupported(node.start, noWaiting);
        return this.#children(node);
      case 'ForOfStatement':
        if (node.await === true && this.#depth === 0) throw new Unsupported(node.start, noWaiting);
        return this.#children(node);
      case 'BinaryExpression':
        this.#comment(node);
        return this.#children(node);
      case 'CallExpression':
        this.#call(node);
        return this.#children(node);
      case 'ImportExpression':
        this.#callOf(node.source as Node);
        return this.#children(node);
      case 'ExportNamedDeclaration':
        return this.#exportNamed(node);
      case 'ExportDefaultDeclaration':
        return this.#exportDefault(node);
      case 'ExportAllDeclaration':
        return this.#exportAll(node);
    }
    if (node.type.startsWith('TS')) return this.#blank(node.start, node.end);
    this.#children(node);
  }

  /** `a <!--b` is a comparison in a module and a comment in a script. */
  #comment(node: Node): void {
    if (node.operator !== '<') return;
    const { end } = node.left as Node;
    const at = this.#source.indexOf('<', end);
    if (this.#source.startsWith('<!--', at)) throw new Unsupported(at, 'Unexpected "<!--": put blanks around the <');
  }

  /** Without a semicolon of its own, a statement must not grow into the next when its last type goes. */
  #endOfStatement({ end }: Node): void {
    if (this.#source[end - 1] === ';' || !this.#blankEnds.has(end)) return;
    const last = this.#edits.findLast((edit) => edit.end === end)!;
    last.text = `${last.text.slice(0, -1)};`;
  }

  #function(node: Node): void {
    const isMember = node.type !== 'FunctionDeclaration' && node.type.includes('Method');
    const key = node.key as Node | undefined;
    if (isMember && node.type !== 'ObjectMethod') {
      if (node.abstract === true) return this.#blankWhole(node);
      this.#blankModifiers(node.start, key!.start);
      if (node.optional === true) this.#blankSign('?', key!.end, node.end);
    }
    if (isNode(key) && node.computed === true) this.#walk(key);
    const params = node.params as Node[];
    const [first] = params;
    if (first?.type === 'Identifier' && first.name === 'this') {
      const next = params[1];
      this.#blank(first.start, next ? next.start : first.end);
      params.shift();
    }
    this.#depth++;
    for (const param of params) this.#walk(param);
    if (isNode(node.id)) this.#walk(node.id);
    if (isNode(node.typeParameters)) this.#blank(node.typeParameters.start, node.typeParameters.end);
    const returns = (node.returnType ?? node.predicate) as Node | undefined;
    if (isNode(returns)) this.#returnType(node, returns);
    if (isNode(node.body)) this.#walk(node.body);
    this.#depth--;
    const assigned = params.flatMap((param) => {
      if (param.type !== 'TSParameterProperty') return [];
      const inner = param.parameter as Node;
      return [((inner.type === 'AssignmentPattern' ? inner.left : inner) as Node).name as string];
    });
    if (assigned.length > 0) this.#assign(node.body as Node, assigned);
  }

  /** An arrow must follow its parenthesis on the same line: where the type between them has several, the parenthesis moves. */
  #returnType(node: Node, type: Node): void {
    const text = this.#source.slice(type.start, type.end);
    if (node.type !== 'ArrowFunctionExpression' || !text.includes('\n')) return this.#blank(type.start, type.end);
    const close = this.#source.lastIndexOf(')', type.start);
    this.#blank(close, close + 1);
    this.#blank(type.start, type.end);
    const last = this.#edits.at(-1)!;
    last.text = `${last.text.slice(0, -1)})`;
  }

  /** Parameter properties, written out behind `super(…)` or at the beginning. */
  #assign(body: Node, names: string[]): void {
    const statements = body.body as Node[];
    const isSuper = (s: Node) => s.type === 'ExpressionStatement' && ((s.expression as Node).callee as Node | undefined)?.type === 'Super'; // prettier-ignore
    const at = statements.find(isSuper)?.end ?? body.start + 1;
    this.#edits.push({ start: at, end: at, text: `;${names.map((name) => `this.${name}=${name};`).join('')}` });
  }

  #class(node: Node): void {
    if (node.declare === true) return this.#blankWhole(node);
    const body = node.body as Node;
    if (node.abstract === true) this.#blankModifiers(node.start, this.#source.indexOf('class', node.start));
    const before = (node.superTypeParameters ?? node.superClass ?? node.typeParameters ?? node.id) as Node | undefined;
    if (((node.implements as Node[] | undefined) ?? []).length > 0)
      this.#blank(before?.end ?? this.#source.indexOf('class', node.start) + 5, body.start);
    if (isNode(node.id)) this.#walk(node.id);
    for (const key of ['typeParameters', 'superTypeParameters'] as const) {
      const type = node[key];
      if (isNode(type)) this.#blank(type.start, type.end);
    }
    if (isNode(node.superClass)) this.#walk(node.superClass);
    this.#walk(body);
  }

  #property(node: Node): void {
    const key = node.key as Node;
    if (node.declare === true || node.abstract === true) return this.#blankWhole(node);
    this.#blankModifiers(node.start, key.start);
    const type = node.typeAnnotation as Node | undefined;
    const until = type?.start ?? (node.value as Node | undefined)?.start ?? node.end;
    if (node.optional === true) this.#blankSign('?', key.end, until);
    if (node.definite === true) this.#blankSign('!', key.end, until);
    if (node.computed === true) this.#walk(key);
    if (type) this.#blank(type.start, type.end);
    this.#depth++;
    if (isNode(node.value)) this.#walk(node.value);
    this.#depth--;
    this.#endOfStatement(node);
  }

  #enum(node: Node): void {
    const { name } = node.id as Node & { name: string };
    this.#used.add(name);
    const members = ((node.body as Node | undefined)?.members ?? node.members) as Node[];
    let previous = '-1';
    const lines = members.map((member) => {
      const id = member.id as Node & { name?: string; value?: string };
      const key = id.name ?? id.value!;
      const given = member.initializer as Node | undefined;
      if (given) this.#walk(given);
      const text = given ? this.#source.slice(given.start, given.end).replace(/\s+/g, ' ') : `${previous}+1`;
      previous = `${name}[${JSON.stringify(key)}]`;
      const isText = given?.type === 'StringLiteral' || given?.type === 'TemplateLiteral';
      const local = id.name === undefined ? '' : `const ${key}=`;
      const set = `${previous}=${text}`;
      return isText ? `${local}${set};` : `${local}${set};${name}[${previous}]=${JSON.stringify(key)};`;
    });
    const rest = this.#source.slice(node.start, node.end).replace(/[^\n]/g, '');
    const text = `var ${name};(function(${name}){${lines.join('')}})(${name}||(${name}={}));${rest}`;
    this.#edits.push({ start: node.start, end: node.end, text });
  }

  #call({ callee, arguments: args }: Node): void {
    const [only] = args as Node[];
    const { type, name } = callee as Node;
    if (only && (type === 'Import' || (type === 'Identifier' && name === 'require'))) this.#callOf(only);
  }

  #callOf(specifier: Node): void {
    const from = specifier.type === 'StringLiteral' ? (specifier.value as string) : undefined;
    if (from === undefined) throw new Unsupported(specifier.start, 'an import takes the name of a file, in quotes');
    const { start } = specifier;
    this.#imports.push({ from, at: start, names: [], start, end: start, kind: 'call' });
  }

  /** An import stays with those of its names that the code speaks of; the others are types. */
  #import(node: Node): void {
    const specifiers = node.specifiers as Node[];
    const kept = specifiers.filter(
      (s) => s.importKind !== 'type' && this.#used.has((s.local as Node & { name: string }).name),
    );
    if (node.importKind === 'type' || (specifiers.length > 0 && kept.length === 0)) return this.#blankWhole(node);
    const name = (id: Node) => (id.name ?? id.value) as string;
    const source = node.source as Node & { value: string };
    this.#imports.push({
      from: source.value,
      at: source.start,
      names: kept.map((s) => ({
        imported:
          s.type === 'ImportNamespaceSpecifier'
            ? '*'
            : s.type === 'ImportDefaultSpecifier'
              ? 'default'
              : name(s.imported as Node),
        local: name(s.local as Node),
        at: s.start,
      })),
      start: node.start,
      end: node.end,
      kind: 'import',
    });
    for (const specifier of specifiers) {
      if (kept.includes(specifier)) continue;
      const comma = /^\s*,/.exec(this.#source.slice(specifier.end));
      this.#blank(specifier.start, specifier.end + (comma?.[0].length ?? 0));
    }
  }

  #exportNamed(node: Node): void {
    const declaration = node.declaration as Node | undefined;
    const isType = node.exportKind === 'type' && !(isNode(declaration) && declaration.type === 'TSEnumDeclaration');
    if (isType || declaration?.type === 'TSDeclareFunction') return this.#blankWhole(node);
    if (isNode(declaration)) {
      if (declaration.declare === true) return this.#blankWhole(node);
      this.#walk(declaration);
      this.#marks.push({ start: node.start, end: declaration.start, text: '' });
      for (const local of declared(declaration)) this.#exports.push({ exported: local, local });
      return;
    }
    const name = (id: Node) => (id.name ?? id.value) as string;
    const specifiers = (node.specifiers as Node[]).filter((s) => s.exportKind !== 'type');
    const source = node.source as (Node & { value: string }) | null;
    if (source) {
      const names = specifiers.map((s) => ({ imported: s.type === 'ExportNamespaceSpecifier' ? '*' : name(s.local as Node), local: '', at: s.start })); // prettier-ignore
      const from =
        this.#imports.push({ from: source.value, at: source.start, names, start: node.start, end: node.end, kind: 'export' }) - 1; // prettier-ignore
      specifiers.forEach((s, i) =>
        this.#exports.push({ exported: name(s.exported as Node), local: names[i]!.imported, from }),
      );
    } else
      for (const s of specifiers) {
        this.#walk(s.local as Node);
        this.#exports.push({ exported: name(s.exported as Node), local: name(s.local as Node) });
      }
    for (const s of node.specifiers as Node[]) {
      if (s.exportKind !== 'type') continue;
      const comma = /^\s*,/.exec(this.#source.slice(s.end));
      this.#blank(s.start, s.end + (comma?.[0].length ?? 0));
    }
    this.#marks.push({ start: node.start, end: node.end, text: '' });
  }

  #exportDefault(node: Node): void {
    const declaration = node.declaration as Node;
    if (declaration.type === 'TSInterfaceDeclaration' || declaration.type === 'TSDeclareFunction')
      return this.#blankWhole(node);
    this.#walk(declaration);
    const id = declaration.id as (Node & { name: string }) | undefined;
    const named = isNode(id) && /Declaration$/.test(declaration.type);
    this.#marks.push({ start: node.start, end: declaration.start, text: named ? '' : 'const default_=' });
    this.#exports.push({ exported: 'default', local: named ? id.name : 'default_' });
  }

  #exportAll(node: Node): void {
    if (node.exportKind === 'type') return this.#blankWhole(node);
    const source = node.source as Node & { value: string };
    const from =
      this.#imports.push({ from: source.value, at: source.start, names: [], start: node.start, end: node.end, kind: 'export' }) - 1; // prettier-ignore
    this.#exports.push({ exported: '*', local: '*', from });
    this.#marks.push({ start: node.start, end: node.end, text: '' });
  }
}

const noWaiting = 'an exercise cannot wait: `await` outside an async function (top-level await) is not allowed';

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

/** The names that a declaration binds. */
function declared(node: Node): string[] {
  if (node.type !== 'VariableDeclaration') return [(node.id as Node & { name: string }).name];
  const names = (pattern: Node | null): string[] => {
    if (!pattern) return [];
    if (pattern.type === 'Identifier') return [pattern.name as string];
    if (pattern.type === 'ObjectPattern') return (pattern.properties as Node[]).flatMap((p) => names((p.value ?? p.argument) as Node)); // prettier-ignore
    if (pattern.type === 'ArrayPattern') return (pattern.elements as (Node | null)[]).flatMap(names);
    return names((pattern.left ?? pattern.argument) as Node);
  };
  return (node.declarations as Node[]).flatMap((each) => names(each.id as Node));
}

/** The parser's error in the words of the course. */
function explain(source: string, file: string, pos: number, error: Error, reason: string): Failed {
  // A missing semicolon is noticed where the last word ends.
  const found = afterBlanks(source, pos);
  const behind = found >= source.length;
  const token = behind ? 'end of file' : JSON.stringify(tokenAt(source, found));
  const expected = (error as { details?: { expected?: string | null } }).details?.expected;
  let said = error.message.replace(/ \(\d+:\d+\)$/, '').replace(/\.$/, '');
  let at = error instanceof Unsupported ? pos : found;
  if (!(error instanceof Unsupported)) {
    if (reason === 'MissingSemicolon') said = `Expected ";" but found ${token}`;
    else if (reason === 'UnexpectedToken' || /^Unexpected token/.test(said))
      said = expectedSign(expected, source, found, token);
    else if (/may only appear at the top level|may appear only with/.test(said)) said = `Unexpected ${token}`;
    else at = pos;
  }
  const lines = source.split(/\r\n|\n|\r/);
  const head = source.slice(0, at).split(/\r\n|\n|\r/);
  const [line, column] = at >= source.length ? [lines.length + 1, 1] : [head.length, head.at(-1)!.length + 1];
  const message = unclosed(said, { line, column, lines });
  return {
    kind: 'failed',
    why: 'syntax',
    message,
    at: place(file, line, column, new Map([[file, source]])),
  };
}

/** Where a list could go on, it could also end: that is what is nearly always missing. */
function expectedSign(expected: string | null | undefined, source: string, at: number, token: string) {
  const sign = expected === ',' ? openedAt(source, at) : expected;
  return sign === undefined || sign === null ? `Unexpected ${token}` : `Expected "${sign}" but found ${token}`;
}

/** The bracket that would close what is open at a place. */
function openedAt(source: string, at: number): string | undefined {
  const open: string[] = [];
  const text = source.slice(0, at).replace(/\/\*[^]*?\*\/|\/\/.*|'(?:[^'\n\\]|\\.)*'|"(?:[^"\n\\]|\\.)*"/g, '');
  for (const sign of text) {
    const close = { '(': ')', '[': ']', '{': '}' }[sign];
    if (close !== undefined) open.push(close);
    else if (sign === open.at(-1)) open.pop();
  }
  return open.at(-1);
}

/** The word or sign at a place. */
function tokenAt(source: string, at: number): string {
  const rest = source.slice(at, at + 200);
  return /^(?:[\p{L}_$][\p{L}\p{N}_$]*|\d[\w.]*|'[^'\n]*'|"[^"\n]*"|=>|\.\.\.|===|!==|\*\*|&&|\|\||\?\?|[=!<>+\-*/%]=|<!--|[^])/u.exec(rest)?.[0] ?? rest[0]!; // prettier-ignore
}

/**
 * A brace that is never closed shows only where the next function begins, or at the end of the file: says so, and where
 * it may be missing.
 */
function unclosed(said: string, { line, column, lines }: { line: number; column: number; lines: string[] }): string {
  const behind = line > lines.length;
  const lineText = lines[line - 1] ?? '';
  const expected = /^Expected "([)\]}])" but found /.exec(said);
  const first = lineText.slice(0, column - 1).trim() === '';
  const atNext =
    /^export\b/.test(lineText) &&
    /^(Unexpected|Expected "." but found) "(export|function|class|const|interface|type)"|^Unexpected "{"/.test(said);
  if (!atNext && !/end of file$/.test(said) && !(first && expected)) return said;
  const [open, close] = { ')': ['(', ')'], ']': ['[', ']'] }[expected?.[1] ?? ''] ?? ['{', '}'];
  const culprit = unclosedIn(lines.slice(0, behind ? lines.length : line - 1), open!, close!);
  const where = behind ? (culprit ? ` in ${culprit}` : '') : ` above this line${culprit ? `, in ${culprit}` : ''}`;
  return `${said}: is a ${close} missing${where}?`;
}

/** The function in which a bracket stays open: of those after the last export, the first with one too many. */
function unclosedIn(lines: readonly string[], open: string, close: string): string | undefined {
  const declaredAt =
    /^(export\s+)?(?:default\s+)?(?:async\s+)?(?:function\b\s*\*?|class|interface|enum|const|let|var)\s+([\w$]+)/;
  const found = lines.flatMap((text, at) => {
    const [, exported, name] = declaredAt.exec(text) ?? [];
    return name === undefined ? [] : [{ name, at, exported: exported !== undefined }];
  });
  const last = found.findLastIndex(({ exported }) => exported);
  const near = found.slice(Math.max(0, last));
  // Each look takes the square of the length at worst, and the text may be hostile.
  if (lines.slice(near[0]?.at).join('\n').length > 20_000) return near.at(-1)?.name;
  const extra = ({ at }: { at: number }, i: number) => {
    const code = lines
      .slice(at, near[i + 1]?.at)
      .join('\n')
      .replace(/\/\*[^]*?\*\/|\/\/.*|'[^'\n]*'|"[^"\n]*"/g, '');
    return code.split(open).length > code.split(close).length;
  };
  return (near.find(extra) ?? near.at(-1))?.name;
}
