/** Chosen picture files: shown in the tray, checked at once, and put into the form's input. */

import { poseOf } from "../camera/poses.js";
import { fill } from "../words.js";
import { checkWaiting } from "./checking.js";
import { gatherFiles, putFiles } from "./input.js";
import { takeKept } from "./kept.js";
import { Tray } from "./tray.js";
import { TrayView } from "./tray_view.js";

/**
 * Set up the choice of pictures in a form.
 * @param {HTMLFormElement} form
 * @param {import("../camera/check.js").Checker} checker
 * @param {import("../words.js").Words} words
 * @param {(text: string) => void} notify shows a notice
 * @returns {{tray: Tray, view: TrayView}}
 */
export function setUpPicking(form, checker, words, notify) {
  const main = form.querySelector("[data-pictures]");
  const others = [...form.querySelectorAll("[data-more-pictures]")];
  const tray = new Tray(Number(main.dataset.most));
  const view = new TrayView(
    form.querySelector("[data-tray]"),
    form.querySelector("[data-tray-card]"),
    words,
  );
  const check = (file) => checker.check(file, "picture");
  const button = form.querySelector("[data-needs-photo]");
  const reason = form.querySelector("[data-photo-reason]");
  let checks = Promise.resolve();

  function follow() {
    if (!button) return;
    const missing = whatIsMissing(tray.pictures);
    button.disabled = missing !== null;
    reason.hidden = missing === null;
    reason.textContent = missing ? words[missing] : "";
  }

  tray.onchange = () => {
    putFiles(main, tray.files);
    view.show(tray.pictures);
    follow();
    if (tray.pictures.some((picture) => picture.state === "waiting")) {
      checks = checks.then(() => checkWaiting(tray, check, words));
    }
  };
  view.onremove = (picture) => tray.remove(picture.id);
  gatherFiles(main, others, (files) => {
    const leftOut = files.length - tray.add(files).length;
    notify(leftOut ? fill(words.left_out, { n: leftOut, most: tray.most }) : "");
  });
  for (const { file, doubt } of takeKept(form)) {
    const state = doubt ? "doubtful" : "good";
    tray.add([file], { pose: poseOf(file.name), state, message: doubt });
  }
  follow();
  return { tray, view };
}

/**
 * Return why nothing can be sent yet, as the key of its text; null if something can.
 * @param {import("./tray.js").Picture[]} pictures
 */
export function whatIsMissing(pictures) {
  if (!pictures.length) return "no_photo_yet";
  return pictures.every(({ state }) => state === "poor") ? "no_photo_usable" : null;
}
