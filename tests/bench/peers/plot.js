/** Times against a size, as SVG; both axes logarithmic. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** @param points of { x, ms, who } @param labels { x, y } */
export function plotTimes(points, labels) {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const last = new Map(points.map((point) => [point.who, point]));
  const thousands = (n) => n.toLocaleString('en');
  const chart = Plot.plot({
    document,
    width: 760,
    height: 460,
    marginRight: 190,
    marginLeft: 60,
    grid: true,
    style: { background: 'white' },
    x: {
      type: 'log',
      base: 2,
      label: labels.x,
      ticks: [...new Set(points.map(({ x }) => x))],
      tickFormat: thousands,
    },
    y: { type: 'log', label: labels.y, tickFormat: thousands },
    marks: [
      Plot.line(points, { x: 'x', y: 'ms', stroke: 'who', marker: 'circle' }),
      Plot.text([...last.values()], { x: 'x', y: 'ms', text: 'who', textAnchor: 'start', dx: 8 }),
    ],
  });
  chart.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return chart.outerHTML;
}
