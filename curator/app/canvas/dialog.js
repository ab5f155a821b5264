// A window over the page, which Escape closes and which keeps the keyboard to itself.
import { h } from "./elements.js";

export function open(desk, title, content, { onclose = () => {}, wide = false } = {}) {
  const close = () => dialog.close();
  const dialog = h(
    "dialog",
    { class: wide ? "wide" : "", "aria-label": title },
    h(
      "div",
      { class: "title-row" },
      h("h2", {}, title),
      h("button", { type: "button", class: "icon", "aria-label": "close", onclick: close }, "✕"),
    ),
    ...content,
  );
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    onclose();
    desk.focus();
  });
  desk.dialogs.append(dialog);
  dialog.showModal();
  return dialog;
}
