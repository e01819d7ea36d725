// The drawing area: collects strokes and asks for a prediction once the pen rests.
import { toGrid } from "./drawing.js";
import { nest } from "./tensor.js";

const PEN = 0.07; // as a share of the area's width; only for the eye
const REST = 350; // milliseconds: half a character is neither predicted nor logged

/** Show the drawing area for `schema`; `onRow` gets each finished row, `onClear` nothing. */
export function openPad(schema, onRow, onClear) {
  const pad = document.getElementById("pad");
  const seen = document.getElementById("seen");
  const [, rows, columns] = schema.input_shape;
  const strokes = [];
  let rest;

  const redraw = () => paint(pad, strokes);
  const finish = () => {
    const grid = toGrid(strokes, rows, columns);
    if (!grid) return;
    paintGrid(seen, grid, rows, columns);
    onRow(nest(toValues(grid, schema.features), schema.input_shape));
  };

  listen(pad, {
    start: (point) => (clearTimeout(rest), strokes.push([point]), redraw()),
    move: (points) => (strokes.at(-1).push(...points), redraw()),
    end: () => (rest = setTimeout(finish, REST)),
  });
  document.getElementById("clear").addEventListener("click", () => {
    clearTimeout(rest);
    strokes.length = 0;
    redraw();
    paintGrid(seen, new Array(rows * columns).fill(0), rows, columns);
    onClear();
  });
  document.getElementById("drawing").hidden = false;
  paintGrid(seen, new Array(rows * columns).fill(0), rows, columns);
  new ResizeObserver(redraw).observe(pad);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

// Each channel gets the same drawing; 0 is the low end of a feature's range, 1 the high one.
function toValues(grid, features) {
  return features.map(({ low, high }, i) => low + (high - low) * grid[i % grid.length]);
}

function listen(pad, { start, move, end }) {
  let pointer = null;
  const at = (event) => {
    const box = pad.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  pad.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return;
    pointer = event.pointerId;
    pad.setPointerCapture(pointer);
    start(at(event));
  });
  pad.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const steps = event.getCoalescedEvents?.() ?? [];
    move((steps.length > 0 ? steps : [event]).map(at));
  });
  for (const name of ["pointerup", "pointercancel"]) {
    pad.addEventListener(name, (event) => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      end();
    });
  }
}

function paint(pad, strokes) {
  const size = Math.round(pad.clientWidth * devicePixelRatio);
  pad.width = pad.height = size; // also wipes it
  const ink = pad.getContext("2d");
  ink.strokeStyle = getComputedStyle(pad).color;
  ink.lineWidth = PEN * size;
  ink.lineCap = ink.lineJoin = "round";
  for (const stroke of strokes) {
    ink.beginPath();
    const points = stroke.length > 1 ? stroke : [stroke[0], stroke[0]];
    for (const [x, y] of points) ink.lineTo(x * size, y * size);
    ink.stroke();
  }
}

function paintGrid(canvas, grid, rows, columns) {
  [canvas.width, canvas.height] = [columns, rows];
  const ink = canvas.getContext("2d");
  ink.fillStyle = getComputedStyle(canvas).color;
  grid.forEach((value, cell) => {
    ink.globalAlpha = value;
    ink.fillRect(cell % columns, Math.floor(cell / columns), 1, 1);
  });
}
