/** What of a page is no part of what it says: navigation, banners, scripts, hidden elements. */
import { type Survey, textStyle } from './survey.ts';
import { attr, type HtmlElement, rawText } from './tree.ts';

const NEVER = new Set(
  (
    'head script style title meta link base noscript template nav search canvas datalist param source track ' +
    'rp col colgroup del s strike noframes ac:task-id'
  ).split(' '),
);
const NAVIGATION_ROLES = new Set(['navigation', 'search', 'menubar', 'doc-backlink']);
/** Inline elements that carry icons. */
const ICONS = new Set('a abbr b em i img nobr small span strong sub sup svg u'.split(' '));
/** Names of the marks that generators put beside headings and into code. */
const MARKS = new Set(
  (
    'headerlink heading-anchor header-anchor anchor-link anchorjs-link mw-editsection mw-jump-link skip-link ' +
    'skip-to-content skip-nav skiplink breadcrumb breadcrumbs copybtn viewcode-link interlanguage-link'
  ).split(' '),
);
const COOKIES =
  /(?:cookie|consent|gdpr|ccpa)-?_?(?:banner|notice|bar|popup|modal|overlay|dialog|message|alert|container|wrapper|prompt|box|layer|law|info|hint)|cookieconsent|onetrust|cybotcookiebot|usercentrics|didomi|cc-window|cc-banner|cmplz|truste|borlabs|klaro|osano|iubenda-cs/i;
const COOKIE_NAMES = new Set(['cookie', 'cookies', 'consent', 'gdpr']);
/** Parts of a page that hold links to other pages. */
const MENU_NAME =
  /^(?:.*[-_])?(?:menu|nav|navbar|navigation|sidebar|share|sharing|social|toolbar|topbar|sitemap|footer-links|related-links)(?:[-_].*)?$/i;
const PAGER_NAME = /^(?:.*[-_])?(?:pager|pagination)(?:[-_].*)?$/i;
const MENU_TAGS = new Set(['aside', 'footer', 'header']);
/** With this share of its text in links, a part named like a menu is one. */
const MENU_LINK_SHARE = 0.9;
const TOC_NAME = /^(?:toc|table-of-contents|toctree|contents)$/i;
const MAX_BANNER = 3000;
const MAX_NAMES = 1000;

/** Whether an element and what is below it are left out. Everything that a reader of the page can see stays. */
export function isLeftOut(element: HtmlElement, tag: string, { facts, revealed, styles }: Survey): boolean {
  if (NEVER.has(tag)) return true;
  if (element.attrs.length === 0 && !MENU_TAGS.has(tag)) return false;
  const role = attr(element, 'role') ?? '';
  if (NAVIGATION_ROLES.has(role)) return true;
  // Of what Confluence's macros are told, a reader sees the title only.
  if (tag === 'ac:parameter') return attr(element, 'ac:name') !== 'title';
  if (isWikiFormula(element)) return tag === 'img' && hasFormulaBeside(element);
  if (isHidden(element) && role !== 'tabpanel' && !revealed.has(attr(element, 'id') ?? '')) return true;
  if (attr(element, 'aria-hidden') === 'true' && ICONS.has(tag)) return true;
  const style = attr(element, 'style');
  if (style !== undefined && textStyle(style.slice(0, MAX_NAMES)) === 'struck') return true;
  if (tag === 'a') return isMarkLink(element);
  const names = namesOf(element);
  if (names.some((name) => MARKS.has(name) || styles.get(name) === 'struck')) return true;
  const own = facts.get(element);
  if (own === undefined || tag === 'body' || tag === 'html' || tag === 'main' || tag === 'article')
    return false;
  if (own.text < MAX_BANNER && isCookieBanner(element, names, role)) return true;
  if (own.text === 0 || own.linked < own.text * MENU_LINK_SHARE) return false;
  if (names.some((name) => TOC_NAME.test(name))) return linksStayOnPage(element);
  if (names.some((name) => PAGER_NAME.test(name))) return true;
  const isMenu = names.some((name) => MENU_NAME.test(name)) || (MENU_TAGS.has(tag) && !own.anyHeading);
  // An address, opening hours or a price may be a link as well; they hold digits.
  return isMenu && own.text < MAX_BANNER && !/\d/.test(rawText(element));
}

/** Words of an element's class and id. */
export function namesOf(element: HtmlElement): string[] {
  const names = `${attr(element, 'class') ?? ''} ${attr(element, 'id') ?? ''}`;
  return names.slice(0, MAX_NAMES).toLowerCase().split(/\s+/).filter(Boolean);
}

function isHidden(element: HtmlElement): boolean {
  const hidden = attr(element, 'hidden');
  if (hidden !== undefined) return hidden !== 'until-found';
  const style = attr(element, 'style');
  return (
    style !== undefined &&
    /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)/i.test(style.slice(0, MAX_NAMES))
  );
}

/** MediaWiki hides the formula that it has in letters, and shows the picture of it beside it. */
export function isWikiFormula(element: HtmlElement): boolean {
  return /\bmwe-math-(?:mathml|fallback-image)-/.test((attr(element, 'class') ?? '').slice(0, MAX_NAMES));
}

function hasFormulaBeside({ parentNode }: HtmlElement): boolean {
  const before = parentNode?.childNodes.slice(0, 10) ?? [];
  return before.some(
    (node) => 'tagName' in node && /\bmwe-math-mathml-/.test((attr(node, 'class') ?? '').slice(0, MAX_NAMES)),
  );
}

/** "Skip to content", and the "¶" beside a heading or the "↩" of a footnote. */
function isMarkLink(link: HtmlElement): boolean {
  if (!attr(link, 'href')?.startsWith('#')) return false;
  if (namesOf(link).some((name) => MARKS.has(name))) return true;
  const text = rawText(link).trim();
  if (text.length > 40) return false;
  return /^(?:skip|jump) (?:to|over|past)\b/i.test(text) || /^(?:[¶#§🔗↩↵⏎^↑⤴\s]\p{M}?)+$/u.test(text);
}

function isCookieBanner(element: HtmlElement, names: readonly string[], role: string): boolean {
  if (names.some((name) => COOKIE_NAMES.has(name) || COOKIES.test(name))) return true;
  return (
    (role === 'dialog' || role === 'alertdialog' || role === 'region') &&
    /\bcookies?\b/i.test(`${attr(element, 'aria-label') ?? ''} ${rawText(element).slice(0, MAX_BANNER)}`)
  );
}

function linksStayOnPage(element: HtmlElement): boolean {
  const open = [element];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (one.tagName === 'a' && !attr(one, 'href')?.startsWith('#')) return false;
    for (const child of one.childNodes) if ('tagName' in child) open.push(child);
  }
  return true;
}
