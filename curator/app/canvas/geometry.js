// Where things are: pixels of the photo (floats, its displayed orientation) and CSS pixels of the
// stage. A view is {x, y, scale}: photo pixel p lies at x + p * scale. The ratio of device pixels
// never enters, because pointer events and styles are both in CSS pixels.
export const EDGES = ["left", "top", "right", "bottom"];
export const MAX_SCALE = 40;

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// Two decimals: finer than anyone points, and short to store.
export const round = (value) => Math.round(value * 100) / 100;

export const toPhoto = (view, [x, y]) => [(x - view.x) / view.scale, (y - view.y) / view.scale];

export const toStage = (view, [x, y]) => [view.x + x * view.scale, view.y + y * view.scale];

export const middle = ([left, top, right, bottom]) => [(left + right) / 2, (top + bottom) / 2];

export const area = ([left, top, right, bottom]) =>
  Math.max(right - left, 0) * Math.max(bottom - top, 0);

export const contains = ([left, top, right, bottom], [x, y]) =>
  x >= left && x <= right && y >= top && y <= bottom;

export const distance = ([x0, y0], [x1, y1]) => Math.hypot(x1 - x0, y1 - y0);

// The box around boxes; null around none.
export function around(boxes) {
  if (boxes.length === 0) return null;
  const side = (at, pick) => pick(...boxes.map((box) => box[at]));
  return [side(0, Math.min), side(1, Math.min), side(2, Math.max), side(3, Math.max)];
}

// The view in which a box lies in the middle and fills a share of the stage's tighter side.
export function frame(box, stage, fraction) {
  const [left, top, right, bottom] = box;
  const width = Math.max(right - left, 4);
  const height = Math.max(bottom - top, 4);
  const scale = fraction * Math.min(stage.width / width, stage.height / height);
  return centred(middle(box), stage, clamp(scale, 0.01, 10));
}

export function centred([x, y], stage, scale) {
  return { x: stage.width / 2 - x * scale, y: stage.height / 2 - y * scale, scale };
}

// Zooms so that what lies under a place of the stage stays there.
export function zoomed(view, [x, y], factor, least) {
  const scale = clamp(view.scale * factor, least, MAX_SCALE);
  const by = scale / view.scale;
  return { x: x - (x - view.x) * by, y: y - (y - view.y) * by, scale };
}

// The smallest useful zoom: the whole photo in half of the stage, a small one at half its size.
export const leastScale = (photo, stage) =>
  0.5 * Math.min(1, stage.width / photo.width, stage.height / photo.height);

// One edge of a box put somewhere. The opposite edge gives way rather than that the box turns
// inside out, so that two presses bring any box anywhere, in either order.
export function withEdge(box, edge, to, photo) {
  const at = EDGES.indexOf(edge);
  const limit = at % 2 === 0 ? photo.width : photo.height;
  const next = [...box];
  next[at] = round(clamp(to, 0, limit));
  const other = (at + 2) % 4;
  if (at < 2 && next[other] < next[at] + 1) next[other] = round(next[at] + 1);
  if (at >= 2 && next[other] > next[at] - 1) next[other] = round(next[at] - 1);
  return next;
}

export const moved = (box, dx, dy) => box.map((value, at) => round(value + (at % 2 ? dy : dx)));

export const movedPoint = ([x, y], dx, dy) => [round(x + dx), round(y + dy)];

// A box drawn from one corner to the opposite one, in any direction.
export function drawn([x0, y0], [x1, y1], photo) {
  const inside = (x, y) => [round(clamp(x, 0, photo.width)), round(clamp(y, 0, photo.height))];
  return [
    ...inside(Math.min(x0, x1), Math.min(y0, y1)),
    ...inside(Math.max(x0, x1), Math.max(y0, y1)),
  ];
}

// The part of a face nearest to a place of the stage, or null: a point, a corner, an edge, the
// inside. Points win over corners, corners over edges, whatever is nearest within its kind.
export function hit(face, view, place, reach) {
  return hitPoint(face, view, place, reach) ?? hitFrame(face.box, view, place, reach);
}

function hitPoint(face, view, place, reach) {
  let best = null;
  (face.points ?? []).forEach((point, index) => {
    if (!face.visibility[index]) return;
    const far = distance(toStage(view, point), place);
    if (far <= reach && (best === null || far < best.far)) best = { point: index, far };
  });
  return best && { point: best.point };
}

function hitFrame(box, view, place, reach) {
  const [x, y] = place;
  const [left, top] = toStage(view, box);
  const [right, bottom] = toStage(view, box.slice(2));
  // Of a small face the inside stays reachable.
  const near = Math.min(reach, Math.max((right - left) / 4, 3), Math.max((bottom - top) / 4, 3));
  if (x < left - reach || x > right + reach || y < top - reach || y > bottom + reach) return null;
  const across = side(x, left, right, near, reach, ["left", "right"]);
  const along = side(y, top, bottom, near, reach, ["top", "bottom"]);
  if (across || along) return { edges: [across, along].filter(Boolean) };
  return { inside: true };
}

function side(at, low, high, within, beyond, [first, last]) {
  if (at >= low - beyond && at <= low + within) return first;
  if (at <= high + beyond && at >= high - within) return last;
  return null;
}
