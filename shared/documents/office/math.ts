/** Equations of Office (OMML) as linear text: "F = 1200 N · cos(α)", "(a+b)/c", "x_1^2", "∑_(i=1)^n i". */
import { child, elements, isOn, textContent, type XmlElement } from './xml.ts';

/** The text of m:oMath or m:oMathPara; the equations of the latter are lines. */
export function mathText(element: XmlElement): string {
  const text =
    element.name === 'm:oMathPara' ? elements(element, 'm:oMath').map(content).join('\n') : content(element);
  // Letters of mathematical alphabets are letters: 𝐹 is F.
  return text.replace(/[\u{1d400}-\u{1d7ff}]/gu, (letter) => letter.normalize('NFKC')).trim();
}

/** All that is in an element, one after the other; a blank where what follows would go on in a script or a name. */
function content(element: XmlElement | undefined): string {
  let text = '';
  let isOpen = false;
  for (const part of elements(element)) {
    const next = textOf(part);
    if (next === '') continue;
    const isName = part.name === 'm:func' && /[\p{L}\p{N}]$/u.test(text);
    text += (isOpen && /^[\p{L}\p{N}]/u.test(next)) || isName ? ` ${next}` : next;
    isOpen = part.name.startsWith('m:') && part.name !== 'm:r' && part.name !== 'm:d';
  }
  return text;
}

/** An argument: "num", "e", "sub". */
function argument(element: XmlElement, name: string): string {
  return content(child(element, `m:${name}`));
}

/** A property's value: `<m:dPr><m:begChr m:val="["/></m:dPr>`. */
function property(element: XmlElement, name: string): string | undefined {
  const properties = child(element, `m:${element.name.slice(2)}Pr`);
  return child(properties, `m:${name}`)?.attributes['m:val'];
}

function textOf(element: XmlElement): string {
  switch (element.name) {
    case 'm:r':
      return elements(element)
        .filter(({ name }) => name === 'm:t' || name === 'w:t')
        .map(textContent)
        .join('');
    case 'm:f':
      return fraction(element);
    case 'm:sSup':
      return base(element) + raised(element);
    case 'm:sSub':
      return base(element) + lowered(element);
    case 'm:sSubSup':
      return base(element) + lowered(element) + raised(element);
    case 'm:sPre':
      return lowered(element) + raised(element) + group(argument(element, 'e'));
    case 'm:rad':
      return root(element);
    case 'm:nary':
      return nary(element);
    case 'm:d':
      return delimited(element);
    case 'm:func':
      return called(argument(element, 'fName'), argument(element, 'e'));
    case 'm:limLow':
      return `${argument(element, 'e')}_${group(argument(element, 'lim'))}`;
    case 'm:limUpp':
      return `${argument(element, 'e')}^${group(argument(element, 'lim'))}`;
    case 'm:acc':
      return single(argument(element, 'e')) + (property(element, 'chr') ?? '\u0302');
    case 'm:bar':
      return single(argument(element, 'e')) + (property(element, 'pos') === 'top' ? '\u0305' : '\u0332');
    case 'm:eqArr':
      return elements(element, 'm:e').map(aligned).join('; ');
    case 'm:m':
      return `[${matrix(element)}]`;
    case 'm:phant':
      return isOn(child(element, 'm:phantPr'), 'm:show') === false ? '' : argument(element, 'e');
    case 'w:del':
    case 'w:moveFrom':
      return '';
    default:
      return element.name.endsWith('Pr') ? '' : content(element);
  }
}

function fraction(element: XmlElement): string {
  const above = argument(element, 'num');
  const below = argument(element, 'den');
  const isStacked = property(element, 'type') === 'noBar';
  return isStacked ? `${group(above)} over ${group(below)}` : `${group(above)}/${group(below)}`;
}

/** What a script stands at: a fraction in parentheses. */
function base(element: XmlElement): string {
  const text = argument(element, 'e');
  return elements(child(element, 'm:e')).some(({ name }) => name === 'm:f') ? group(text) : text;
}

function raised(element: XmlElement): string {
  const text = argument(element, 'sup');
  return text === '' ? '' : `^${group(text)}`;
}

function lowered(element: XmlElement): string {
  const text = argument(element, 'sub');
  return text === '' ? '' : `_${group(text)}`;
}

function root(element: XmlElement): string {
  const degree = argument(element, 'deg');
  const sign = { '': '√', '3': '∛', '4': '∜' }[degree] ?? `√[${degree}]`;
  return sign + group(argument(element, 'e'));
}

function nary(element: XmlElement): string {
  const sign = property(element, 'chr') ?? '∫';
  return `${sign}${lowered(element)}${raised(element)} ${argument(element, 'e')}`;
}

function delimited(element: XmlElement): string {
  const begin = property(element, 'begChr') ?? '(';
  const end = property(element, 'endChr') ?? ')';
  const parts = elements(element, 'm:e').map((part) => {
    const inside = elements(part).filter(({ name }) => !name.endsWith('Pr'));
    return inside.length === 1 && inside[0]!.name === 'm:m' ? matrix(inside[0]!) : content(part);
  });
  return begin + parts.join(property(element, 'sepChr') ?? '|') + end;
}

/** "a, b; c, d". */
function matrix(element: XmlElement): string {
  return elements(element, 'm:mr')
    .map((row) => elements(row, 'm:e').map(content).join(', '))
    .join('; ');
}

/** An ampersand marks where rows are aligned. */
function aligned(row: XmlElement): string {
  return content(row).replaceAll('&', '');
}

/** "cos(α)", "sin x". */
function called(name: string, text: string): string {
  return /^[([{|]/.test(text) ? name + text : `${name} ${text}`;
}

/** In parentheses unless it is one number, name or bracketed group. */
function group(argument: string): string {
  const text = argument.trim();
  const isOne = /^(?:[\p{L}\p{M}]+|[\p{N}.,]+|[^\s\p{L}\p{N}])$/u.test(text);
  return isOne || isBracketed(text) ? text : `(${text})`;
}

function isBracketed(text: string): boolean {
  if (!text.startsWith('(') || !text.endsWith(')')) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    if (depth === 0) return i === text.length - 1;
  }
  return false;
}

/** What a combining mark can be put on. */
function single(text: string): string {
  return [...text].length <= 1 ? text : `(${text})`;
}
