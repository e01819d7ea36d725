// From strokes to the grid that the model reads. Knows no canvas and no page.
//
// A drawing is treated as the handwritten digits of the example data were (NIST's forms): made
// upright, so that the left ends of its top and its bottom stand above each other; brought to one
// size, as high as the grid and 5/8 as wide; and to one amount of ink. Each value of the grid is
// then the share of black pixels in its block of a fine bitmap. So neither the place, size and
// slant of a drawing matter, nor how thick the pen looks on the screen.

const WIDTH = 0.625; // of a character, as a share of the grid's
const STRETCH = 1.25; // how much wider than drawn a narrow character may become
const SQUEEZE = 2; // how much narrower a wide one
const INK = 0.29; // share of the grid that is black
const THINNEST = 0.15; // of the pen, as a share of the grid's height
const THICKEST = 0.26;
const STEEPEST = 0.7; // slant that is taken out: sideways per down
const EDGE = 0.06; // what counts as top and bottom, as a share of the height
const FINE = 4; // bitmap pixels along each side of a block

/** Reduce strokes, lists of points [x, y], to rows * columns values from 0 to 1; null if there are none. */
export function toGrid(strokes, rows, columns) {
  const drawn = strokes.filter((stroke) => stroke.length > 0);
  if (drawn.length === 0) return null;
  const { pen, segments } = fit(upright(drawn), rows, columns);
  return Array.from({ length: rows * columns }, (_, cell) =>
    coverage(segments, pen / 2, Math.floor(cell / columns), cell % columns),
  );
}

function upright(strokes) {
  const { y, height, width } = boundingBox(strokes);
  if (height < width / 4) return strokes;
  const points = strokes.flatMap(toSegments).flatMap((segment) => between(segment, (height * EDGE) / 2));
  const leftmost = (chosen) => Math.min(...chosen.map(([x]) => x));
  const top = leftmost(points.filter((point) => point[1] <= y - height * (0.5 - EDGE)));
  const bottom = leftmost(points.filter((point) => point[1] >= y + height * (0.5 - EDGE)));
  const slant = clamp((bottom - top) / height, -STEEPEST, STEEPEST);
  return strokes.map((stroke) => stroke.map((point) => [point[0] - slant * (point[1] - y), point[1]]));
}

// Size and pen depend on each other: the pen's own width is part of the size. A few rounds settle it.
function fit(strokes, rows, columns) {
  const box = boundingBox(strokes);
  let pen = THINNEST * rows;
  let segments = [];
  for (let round = 0; round < 4; round += 1) {
    const place = placing(box, pen, rows, columns);
    segments = strokes.flatMap((stroke) => toSegments(stroke.map(place)));
    const length = segments.reduce((sum, [a, b]) => sum + Math.hypot(b[0] - a[0], b[1] - a[1]), 0);
    pen = clamp((INK * rows * columns) / positive(length), THINNEST * rows, THICKEST * rows);
  }
  return { pen, segments };
}

function placing(box, pen, rows, columns) {
  const widest = (WIDTH * columns - pen) / positive(box.width);
  const down = Math.min((rows - pen) / positive(box.height), SQUEEZE * widest);
  const across = Math.min(widest, STRETCH * down);
  return ([x, y]) => [columns / 2 + (x - box.x) * across, rows / 2 + (y - box.y) * down];
}

function coverage(segments, radius, row, column) {
  const reach = radius + 0.75; // no pixel of a block is farther than this from its middle
  const near = segments.filter((segment) => distance(column + 0.5, row + 0.5, segment) < reach);
  let black = 0;
  for (let pixel = 0; pixel < FINE * FINE; pixel += 1) {
    const x = column + ((pixel % FINE) + 0.5) / FINE;
    const y = row + (Math.floor(pixel / FINE) + 0.5) / FINE;
    if (near.some((segment) => distance(x, y, segment) <= radius)) black += 1;
  }
  return black / (FINE * FINE);
}

function distance(x, y, [[ax, ay], [bx, by]]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = clamp(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1), 0, 1);
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

function toSegments(points) {
  return points.length === 1 ? [[points[0], points[0]]] : points.slice(1).map((point, i) => [points[i], point]);
}

function between([[ax, ay], [bx, by]], step) {
  const count = Math.ceil(Math.hypot(bx - ax, by - ay) / positive(step));
  return Array.from({ length: count + 1 }, (_, i) => [
    ax + ((bx - ax) * i) / (count || 1),
    ay + ((by - ay) * i) / (count || 1),
  ]);
}

function boundingBox(strokes) {
  const [left, right] = extent(strokes.flat().map(([x]) => x));
  const [top, bottom] = extent(strokes.flat().map(([, y]) => y));
  return { x: (left + right) / 2, y: (top + bottom) / 2, width: right - left, height: bottom - top };
}

function extent(values) {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

function positive(value) {
  return Math.max(value, 1e-6);
}
