import { element } from "./dom.js";

/**
 * Asks before something that cannot be undone.
 * @param {string} text what is lost
 * @param {string} yes written on the button that goes on
 * @returns {Promise<boolean>}
 */
export async function ask(text, yes) {
  const dialog = element("question", HTMLDialogElement);
  element("question-text", HTMLElement).textContent = text;
  element("question-yes", HTMLElement).textContent = yes;
  // Escape leaves the value as it is.
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  return dialog.returnValue === "yes";
}
