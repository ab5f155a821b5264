// Two people were asked about one image and disagree: a reviewer takes over one of the answers, or
// labels the image anew.
import { several, windowOf } from "./crop.js";
import { open } from "./dialog.js";
import { h, plural } from "./elements.js";
import { around } from "./geometry.js";

export function decide(mode) {
  const { editor, desk } = mode;
  const { image, display, answers } = editor.item;
  const boxes = answers.flatMap(({ faces }) => faces.map(({ box }) => box));
  const window = boxes.length ? windowOf(around(boxes)) : [0, 0, image.width, image.height];
  const take = (user) => {
    dialog.close();
    editor.takeAnswer(user);
  };
  const sides = answers.map(({ user, faces }, index) =>
    h(
      "button",
      { type: "button", class: "answer", onclick: () => take(user) },
      several(display, image, faces, desk.schemes, window),
      h("span", {}, `Take ${user}'s`, h("kbd", {}, `${index + 1}`)),
      h("small", {}, plural(faces.length, "face")),
    ),
  );
  const dialog = open(
    desk,
    "People disagree about this image",
    [
      h("div", { class: "pair" }, ...sides),
      h(
        "div",
        { class: "title-row" },
        h("button", { type: "button", onclick: () => dialog.close() }, "Label it anew"),
      ),
    ],
    { wide: true },
  );
  dialog.classList.add("choice");
  dialog.addEventListener("keydown", ({ key }) => answers[key - 1] && take(answers[key - 1].user));
  // The space bar may still be hit from the image before.
  dialog.tabIndex = -1;
  dialog.focus();
}
