// What each action of the key map does to the image. ``at`` is where the pointer was when the
// key was pressed, CSS pixels of the stage, or null; ``far`` is true with Shift.
import * as faces from "./faces.js";
import { contains, EDGES, withEdge } from "./geometry.js";

const STEP = 1.25;
// A new face beside no others takes this share of what is visible.
const NEW_SHARE = 0.25;
// How far around the chosen face the pointer still means that one, as a share of its box.
const AROUND = 0.6;

export function run(name, editor, { at = null, far = false } = {}) {
  const command = COMMANDS[name];
  if (!command) return;
  if (!editor.item && !ALWAYS.has(name)) return;
  // A held arrow is one step, which any other key ends.
  if (!name.startsWith("nudge")) editor.settle();
  command(editor, { at, far });
}

// What makes sense without an image.
const ALWAYS = new Set(["undo", "redo", "back"]);

const COMMANDS = {
  accept: (editor) => editor.accept(),
  undo: (editor) => editor.undo(),
  redo: (editor) => editor.redo(),
  skip: (editor) => editor.next(),
  back: (editor) => editor.back(),
  visibility: (editor, { at }) => withPoint(editor, at, faces.toggled),
  absent: (editor, { at }) => withPoint(editor, at, faces.withoutPoint),
  place: (editor, { at }) => placePart(editor, at),
  "part-before": (editor) => stepPart(editor, -1),
  "part-after": (editor) => stepPart(editor, 1),
  "face-before": (editor) => stepFace(editor, -1),
  "face-after": (editor) => stepFace(editor, 1),
  reject,
  agree,
  new: createFace,
  paste,
  fit,
  nearer: (editor, { at }) => editor.view.zoom(at ?? centre(editor), STEP),
  farther: (editor, { at }) => editor.view.zoom(at ?? centre(editor), 1 / STEP),
};

for (let index = 0; index < 5; index += 1) {
  COMMANDS[`point-${index + 1}`] = (editor, { at }) => placePoint(editor, at, index);
}
for (const edge of EDGES) COMMANDS[edge] = (editor, { at }) => placeEdge(editor, at, edge);
for (const { name } of faces.ATTRIBUTES) COMMANDS[name] = (editor) => cycle(editor, name);
const WAYS = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };
for (const [way, [x, y]] of Object.entries(WAYS)) {
  COMMANDS[`nudge-${way}`] = (editor, { far }) => nudge(editor, far ? 10 * x : x, far ? 10 * y : y);
}

const centre = ({ view: { size } }) => [size.width / 2, size.height / 2];

// The face an action is for; says so where there is none.
function chosen(editor) {
  if (!editor.face) editor.desk.tell("there is no face chosen; G makes one");
  return editor.face;
}

// Where the pointer is on the photo; says so where it is not there.
function pointed(editor, at) {
  if (!at) editor.desk.tell("point at the place first");
  return at && editor.view.toPhoto(at);
}

// The face that the pointer means: the chosen one, unless it is far from it and in another.
function meant(editor, place) {
  const { face } = editor;
  const present = editor.faces.filter(({ status }) => status !== "rejected");
  if (face && contains(widened(face.box), place)) return face;
  const other = faces.faceAt(
    present.filter(({ box }) => contains(box, place)),
    place,
  );
  if (!other) return chosen(editor);
  if (other.id !== editor.chosen) editor.choose(other.id);
  return other;
}

function widened([left, top, right, bottom]) {
  const [x, y] = [AROUND * (right - left), AROUND * (bottom - top)];
  return [left - x, top - y, right + x, bottom + y];
}

function placePoint(editor, at, index) {
  const place = pointed(editor, at);
  const face = place && meant(editor, place);
  if (!face) return;
  const scheme = face.scheme ?? editor.item.scheme;
  const names = editor.desk.schemes[scheme]?.names ?? [];
  if (index >= names.length) return;
  editor.part = { point: index };
  editor.commit([faces.placed(face, index, place, scheme, names.length)]);
  editor.redraw();
  editor.desk.tell(`${names[index].replaceAll("_", " ")} placed`);
}

function placeEdge(editor, at, edge) {
  const place = pointed(editor, at);
  const face = place && meant(editor, place);
  if (!face) return;
  const to = place[EDGES.indexOf(edge) % 2];
  editor.part = { edges: [edge] };
  editor.commit([
    faces.edit(face.id, "box", { box: withEdge(face.box, edge, to, editor.item.image) }),
  ]);
  editor.redraw();
  editor.desk.tell(`${edge} edge placed`);
}

function placePart(editor, at) {
  const { part } = editor;
  if (part?.point !== undefined) placePoint(editor, at, part.point);
  else (part?.edges ?? []).forEach((edge) => placeEdge(editor, at, edge));
}

function withPoint(editor, at, change) {
  const face = chosen(editor);
  if (!face?.points) return editor.desk.tell("this face has no points");
  const near = () => at && faces.nearestPoint(face, editor.view.now, at);
  const index = editor.part?.point ?? near();
  if (index === null || index === undefined || !face.visibility[index]) {
    return editor.desk.tell("choose a point first");
  }
  const made = change(face, index);
  editor.part = { point: index };
  editor.commit([made]);
  editor.redraw();
  const words = ["not there", "hidden", "visible"];
  return editor.desk.tell(`point ${index + 1} ${words[made.after.visibility[index]]}`);
}

// Points in their order, then the four edges, then none.
function stepPart(editor, by) {
  const face = chosen(editor);
  if (!face) return;
  const points = (face.points ?? []).flatMap((_, index) =>
    face.visibility[index] ? [{ point: index }] : [],
  );
  const parts = [null, ...points, ...EDGES.map((edge) => ({ edges: [edge] }))];
  const said = JSON.stringify(editor.part);
  const now = Math.max(
    parts.findIndex((part) => JSON.stringify(part) === said),
    0,
  );
  editor.part = parts[(now + by + parts.length) % parts.length];
  editor.redraw();
  const names = editor.desk.schemes[face.scheme]?.names ?? [];
  const { part } = editor;
  const name = part?.point !== undefined ? names[part.point]?.replaceAll("_", " ") : null;
  editor.desk.tell(part ? (name ?? `${part.edges[0]} edge`) : "whole face");
}

function stepFace(editor, by) {
  const all = editor.faces;
  if (!all.length) return;
  const now = all.findIndex(({ id }) => id === editor.chosen);
  const next = now < 0 ? 0 : (now + by + all.length) % all.length;
  editor.choose(all[next].id, null, { framed: true });
}

function nudge(editor, dx, dy) {
  const face = editor.settled.find(({ id }) => id === editor.chosen);
  if (!face) return;
  const before = editor.draft?.nudged ?? [0, 0];
  const nudged = [before[0] + dx, before[1] + dy];
  editor.try(editor.shift(face, editor.part, ...nudged), { nudged });
}

function reject(editor) {
  const face = chosen(editor);
  if (!face) return;
  const back = face.status === "rejected";
  editor.commit([faces.edit(face.id, back ? "restore" : "reject")]);
  editor.redraw();
  editor.desk.tell(back ? "taken back" : "rejected");
}

function createFace(editor, { at }) {
  const place = pointed(editor, at);
  if (!place) return;
  const [width, height] = usualSize(editor);
  const [x, y] = place;
  const box = [x - width / 2, y - height / 2, x + width / 2, y + height / 2].map(
    (value) => Math.round(value * 100) / 100,
  );
  add(editor, { ...faces.BARE, box });
  editor.desk.tell("new face; put its edges right with W A S D");
}

// As large as the faces around usually are.
function usualSize(editor) {
  const sizes = editor.faces.map(({ box }) => [box[2] - box[0], box[3] - box[1]]);
  if (!sizes.length) {
    const { size, now } = editor.view;
    const side = (NEW_SHARE * Math.min(size.width, size.height)) / now.scale;
    return [side * 0.8, side];
  }
  sizes.sort((one, other) => one[1] - other[1]);
  return sizes[Math.floor(sizes.length / 2)];
}

// For frames of a video: what was chosen there is put here, at the same place.
function paste(editor) {
  const { carried } = editor;
  if (!carried) return editor.desk.tell("there is no face of an image before");
  return add(editor, carried);
}

function add(editor, after) {
  const made = faces.create(after);
  editor.commit([made]);
  editor.chosen = made.face;
  editor.part = null;
  editor.redraw();
}

function cycle(editor, name) {
  const face = chosen(editor);
  if (!face) return;
  const made = faces.cycled(face, name);
  editor.commit([made]);
  editor.redraw();
  const { values } = faces.ATTRIBUTES.find((attribute) => attribute.name === name);
  editor.desk.tell(`${name.replace("_", "-")}: ${values[made.after.attributes[name]]}`);
}

function agree(editor) {
  const face = chosen(editor);
  if (!face) return;
  const made = faces.agreed(editor.item, face);
  if (!made) {
    editor.desk.tell("nothing is proposed for this face");
    return;
  }
  editor.commit([made]);
  editor.redraw();
  editor.desk.tell("taken over from the measures");
}

function fit(editor) {
  const { face, view } = editor;
  if (view.framed || !face) view.whole();
  else view.frame(face.box, editor.desk.settings.frame);
}
