// What can be done, by which key, and how a key is called. People may remap keys in their
// settings; nothing in the data of an image can.
export const GROUPS = ["Go on", "Put right", "Faces", "What it is like", "Look"];

// [name, key, what it does, group]; "repeats" stands for those that a held key may do again.
const TABLE = [
  ["accept", "Space", "accept all faces, save, next image", "Go on"],
  ["undo", "z", "undo, also on earlier images", "Go on"],
  ["redo", "Shift+z", "redo", "Go on"],
  ["skip", "PageDown", "next image, decide later", "Go on"],
  ["back", "PageUp", "the image before", "Go on"],
  ["point-1", "1", "landmark 1 to the pointer", "Put right"],
  ["point-2", "2", "landmark 2 to the pointer", "Put right"],
  ["point-3", "3", "landmark 3 to the pointer", "Put right"],
  ["point-4", "4", "landmark 4 to the pointer", "Put right"],
  ["point-5", "5", "landmark 5 to the pointer", "Put right"],
  ["top", "w", "top edge to the pointer", "Put right"],
  ["left", "a", "left edge to the pointer", "Put right"],
  ["bottom", "s", "bottom edge to the pointer", "Put right"],
  ["right", "d", "right edge to the pointer", "Put right"],
  ["nudge-left", "ArrowLeft", "nudge by one pixel, with Shift by ten", "Put right", "repeats"],
  ["nudge-right", "ArrowRight", "nudge right", "Put right", "repeats"],
  ["nudge-up", "ArrowUp", "nudge up", "Put right", "repeats"],
  ["nudge-down", "ArrowDown", "nudge down", "Put right", "repeats"],
  ["part-before", "[", "select the point or edge before", "Put right", "repeats"],
  ["part-after", "]", "select the next point or edge", "Put right", "repeats"],
  ["place", "r", "selected point or edge to the pointer", "Put right"],
  ["visibility", "v", "point visible or hidden", "Put right"],
  ["absent", "Shift+v", "point not there", "Put right"],
  ["face-before", "q", "face before", "Faces", "repeats"],
  ["face-after", "e", "next face", "Faces", "repeats"],
  ["reject", "x", "reject the face, or take that back", "Faces"],
  ["new", "g", "new face at the pointer", "Faces"],
  ["paste", "p", "paste the face of the image before", "Faces"],
  ["identity", "Enter", "who it is", "Faces"],
  ["tags", "k", "tags", "Faces"],
  ["blur", "b", "blur: 1, 2, 0", "What it is like"],
  ["expression", "n", "expression", "What it is like"],
  ["illumination", "i", "illumination", "What it is like"],
  ["occlusion", "o", "occlusion: 1, 2, 0", "What it is like"],
  ["pose", "t", "pose", "What it is like"],
  ["make_up", "m", "make-up", "What it is like"],
  ["invalid", "0", "invalid", "What it is like"],
  ["agree", "y", "take over what measures propose", "What it is like"],
  ["fit", "f", "whole image, or the face again", "Look"],
  ["nearer", "+", "zoom in, or the wheel", "Look", "repeats"],
  ["farther", "-", "zoom out; drag with the middle button or Alt to move", "Look", "repeats"],
  ["bare", "h", "hide what is drawn, show it again", "Look"],
  ["help", "?", "all keys", "Look"],
  ["leave", "Escape", "let go of the point, then leave the image", "Look"],
];

export const ACTIONS = TABLE.map(([name, key, says, group, more]) => ({
  name,
  key,
  says,
  group,
  repeats: more === "repeats",
}));

// The same for a page of crops, where few keys are needed.
export const GRID_KEYS = [
  ["Enter", "accept all faces that are not flagged, next page"],
  ["1 … 24", "flag the face of this number, or take that back"],
  ["Arrows", "go to a face"],
  ["Space or X", "flag it, or take that back"],
  ["Z / Shift+Z", "undo / redo"],
  ["?", "all keys"],
  ["Escape", "leave"],
];

// What a key is called: "a", "Shift+z", "Space", "ArrowLeft", "?". Digits go by their place on
// the keyboard, because on some a digit needs Shift; all else by what is printed on the key.
export function keyName(event) {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
  if (digit && !event.ctrlKey) return digit[1];
  if (event.key === " ") return "Space";
  const { key } = event;
  const letter = key.length === 1;
  const named = letter ? key.toLowerCase() : key;
  // Of "?" and its like Shift is a part already; arrows go ten times as far with it.
  const shifted = event.shiftKey && letter && key.toLowerCase() !== key.toUpperCase();
  return shifted ? `Shift+${named}` : named;
}

// Keys of chords belong to the browser and to the system.
export const isChord = (event) => event.ctrlKey || event.metaKey || event.altKey;

// key -> action, after what the person changed: {"accept": "Enter"}. A key that was given to
// another action is taken from the one that has it by default.
export function keyMap(changed = {}) {
  const known = ACTIONS.filter(({ name }) => typeof changed[name] === "string");
  const map = new Map(ACTIONS.map((action) => [action.key, action]));
  for (const { key } of known) map.delete(key);
  for (const action of known) map.set(changed[action.name], action);
  return map;
}

const NAMES = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };

// As it is printed on a key.
export const keyLabel = (key) => NAMES[key] ?? key.replace(/(^|\+)([a-z])$/, upper);

const upper = (_, before, letter) => before + letter.toUpperCase();

// action -> key, to be shown; an action without a key is missing.
export const keysByAction = (map) =>
  new Map([...map].map(([key, { name }]) => [name, keyLabel(key)]));
