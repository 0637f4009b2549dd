/** Time to the first token against the context's length, as SVG; both axes logarithmic. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** @param points of { context, ms, who } */
export function plotFirstToken(points) {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const last = new Map(points.map((point) => [point.who, point]));
  const chart = Plot.plot({
    document,
    width: 760,
    height: 460,
    marginRight: 190,
    marginLeft: 60,
    grid: true,
    style: { background: 'white' },
    x: { type: 'log', base: 2, label: 'tokens of context', tickFormat: (n) => n.toLocaleString('en') },
    y: { type: 'log', label: 'first token, ms', tickFormat: (n) => n.toLocaleString('en') },
    marks: [
      Plot.line(points, { x: 'context', y: 'ms', stroke: 'who', marker: 'circle' }),
      Plot.text([...last.values()], { x: 'context', y: 'ms', text: 'who', textAnchor: 'start', dx: 8 }),
    ],
  });
  chart.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return chart.outerHTML;
}
