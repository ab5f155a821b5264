// Faces as the server gives them, and what edits make of them. Nothing here changes a face in
// place: the same edits over the same faces are the same faces, here and at the server.
import { contains, area, distance, middle, moved, movedPoint, round, toStage } from "./geometry.js";
import { uuid } from "./elements.js";

// The vocabulary of curator/attributes.py that keys set.
export const ATTRIBUTES = [
  { name: "blur", letter: "B", values: ["clear", "normal blur", "heavy blur"] },
  { name: "expression", letter: "N", values: ["typical", "exaggerated"] },
  { name: "illumination", letter: "I", values: ["normal", "extreme"] },
  { name: "occlusion", letter: "O", values: ["none", "partial", "heavy"] },
  { name: "pose", letter: "T", values: ["typical", "atypical"] },
  { name: "make_up", letter: "M", values: ["none", "made up"] },
  { name: "invalid", letter: "0", values: ["valid", "invalid"] },
];

const STATUS = { reject: "rejected", accept: "accepted", restore: "corrected" };
// A face of which only the box is known yet.
export const BARE = {
  points: null,
  visibility: null,
  scheme: null,
  attributes: {},
  identity: null,
  tags: [],
};
const FIELDS = ["box", "points", "visibility", "scheme", "attributes", "identity", "tags"];

export const edit = (face, op, after = {}) => ({ id: uuid(), face, op, after });

// The faces after the edits of one step. Edits of faces that are gone change nothing.
export function applied(faces, { edits, done }) {
  const changed = edits.reduce(applyOne, faces);
  if (!done) return changed;
  return changed.map((face) =>
    face.status === "proposed" ? { ...face, status: "accepted" } : face,
  );
}

function applyOne(faces, { face: id, op, after }) {
  if (op === "create") {
    if (faces.some((face) => face.id === id)) return faces;
    return [...faces, { ...NEW, ...after, id }];
  }
  const changed = (face) => (face.origin === "human" ? face.status : "corrected");
  return faces.map((face) =>
    face.id === id ? { ...face, ...after, status: STATUS[op] ?? changed(face) } : face,
  );
}

const NEW = { score: null, origin: "human", status: "accepted", version: 1 };

export const create = (after) => edit(`new-${uuid()}`, "create", after);

// One point of a face put somewhere; a face without points gets the first one of its scheme.
export function placed(face, index, point, scheme, count) {
  const points = face.points ?? Array.from({ length: count }, () => [0, 0]);
  const seen = face.visibility ?? Array.from({ length: count }, () => 0);
  return edit(face.id, "points", {
    points: points.map((old, at) => (at === index ? point.map(round) : old)),
    visibility: seen.map((old, at) => (at === index && old === 0 ? 2 : old)),
    scheme: face.scheme ?? scheme,
  });
}

export function withoutPoint(face, index) {
  return edit(face.id, "points", {
    points: face.points.map((old, at) => (at === index ? [0, 0] : old)),
    visibility: face.visibility.map((old, at) => (at === index ? 0 : old)),
    scheme: face.scheme,
  });
}

// Visible, hidden, visible.
export function toggled(face, index) {
  const other = { 2: 1, 1: 2, 0: 0 };
  const visibility = face.visibility.map((old, at) => (at === index ? other[old] : old));
  return edit(face.id, "visibility", { visibility });
}

// The whole face moved, with the points that are there.
export function shifted(face, dx, dy) {
  const edits = [edit(face.id, "box", { box: moved(face.box, dx, dy) })];
  if (face.points) {
    const points = face.points.map((point, at) =>
      face.visibility[at] ? movedPoint(point, dx, dy) : point,
    );
    const { visibility, scheme } = face;
    edits.push(edit(face.id, "points", { points, visibility, scheme }));
  }
  return edits;
}

// The next value of an attribute: whoever presses the key means that it is not the usual one.
export function cycled(face, name) {
  const { values } = ATTRIBUTES.find((attribute) => attribute.name === name);
  const now = face.attributes[name];
  return attributed(face, name, now === undefined ? 1 : (now + 1) % values.length);
}

// An attribute set, or with null said to be unknown.
export function attributed(face, name, value) {
  const { [name]: _, ...rest } = face.attributes;
  return edit(face.id, "attributes", {
    attributes: value === null ? rest : { ...rest, [name]: value },
  });
}

// What measures propose of a face and nobody has stated: {blur: 2}.
export function proposed(item, face) {
  const said = Object.entries(item.proposed?.[face.id] ?? {});
  return Object.fromEntries(said.filter(([name]) => face.attributes[name] === undefined));
}

// All that is proposed, taken over by a person; null where nothing is.
export function agreed(item, face) {
  const more = proposed(item, face);
  if (!Object.keys(more).length) return null;
  return edit(face.id, "attributes", { attributes: { ...face.attributes, ...more } });
}

// What makes one face of another, as edits of the other: for a choice between two versions.
export function difference(from, to) {
  if (!from) return revived(to);
  const edits = [];
  const differs = (field) => JSON.stringify(from[field]) !== JSON.stringify(to[field]);
  const pointed = ["points", "visibility", "scheme"];
  if (differs("box")) edits.push(edit(from.id, "box", { box: to.box }));
  if (pointed.some(differs)) {
    const { points, visibility, scheme } = to;
    edits.push(edit(from.id, "points", { points, visibility, scheme }));
  }
  for (const field of ["attributes", "identity", "tags"]) {
    if (differs(field)) edits.push(edit(from.id, field, { [field]: to[field] }));
  }
  const rejected = (face) => face.status === "rejected";
  if (rejected(to) && !rejected(from)) edits.push(edit(from.id, "reject"));
  if (!rejected(to) && rejected(from)) edits.push(edit(from.id, "restore"));
  return edits;
}

// A face that is not there: because it was rejected, or never made.
function revived(to) {
  if (typeof to.id !== "number") return [{ ...create(only(to)), face: to.id }];
  if (to.status === "rejected") return [];
  return [edit(to.id, "restore"), ...difference({ id: to.id, status: to.status }, to)];
}

export const only = (face) => Object.fromEntries(FIELDS.map((field) => [field, face[field]]));

// Whether two versions of a face say the same; none says what a rejected one says.
export const same = (one, other) => difference(one, other).length === 0;

export function nearestPoint(face, view, place) {
  let best = null;
  (face.points ?? []).forEach((point, index) => {
    if (!face.visibility[index]) return;
    const far = distance(toStage(view, point), place);
    if (best === null || far < best.far) best = { index, far };
  });
  return best?.index ?? null;
}

// The smallest face at a place of the photo, or else the one whose middle is nearest; null
// without faces.
export function faceAt(faces, place) {
  const inside = faces.filter((face) => contains(face.box, place));
  const by = (value) => (best, face) => (value(face) < value(best) ? face : best);
  if (inside.length) return inside.reduce(by((face) => area(face.box)));
  if (!faces.length) return null;
  return faces.reduce(by((face) => distance(middle(face.box), place)));
}

// The attributes that people said something about, as words: "heavy blur · partial occlusion".
export function inWords(attributes) {
  return ATTRIBUTES.filter(({ name }) => attributes[name] > 0)
    .map(({ name, values }) => phrase(name, values[attributes[name]]))
    .join(" · ");
}

function phrase(name, value) {
  const alone = name === "invalid" || name === "make_up" || value.endsWith(name);
  return alone ? value : `${value} ${name}`;
}

// The same as letters, for faces that are not being worked on: "B2 O1".
export function inLetters(attributes) {
  return ATTRIBUTES.filter(({ name }) => attributes[name] > 0)
    .map(({ name, letter }) => (name === "invalid" ? "✕" : `${letter}${attributes[name]}`))
    .join(" ");
}

export function described(face, place, count) {
  const said = [`face ${place} of ${count}`, face.status];
  if (face.score !== null) said.push(`score ${face.score.toFixed(2)}`);
  if (face.identity) said.push(face.identity);
  const words = inWords(face.attributes);
  return words ? `${said.join(", ")}, ${words}` : said.join(", ");
}
