/** Assembles a booth from the page's camera, server and clock. */

import { Announcer } from "../announcer.js";
import { Booth } from "../camera/booth.js";
import { ChallengeClient } from "../camera/challenge.js";
import { Checker } from "../camera/check.js";
import { CameraMemory } from "../camera/devices.js";
import { FrameGrabber } from "../camera/frame.js";
import { Guidance } from "../camera/guidance.js";
import { Camera } from "../camera/stream.js";
import { BoothView } from "../camera/view.js";
import { setUpPicking } from "../pictures/picking.js";
import { sendWithToken } from "../session/sending.js";
import { readWords } from "../words.js";

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const clock = { now: () => performance.now(), wait };

/**
 * @param {(parts: {form: HTMLFormElement, tray?: import("../pictures/tray.js").Tray,
 *   client?: ChallengeClient, words: import("../words.js").Words, wait: typeof wait,
 *   now: () => number}) => import("../camera/booth.js").Plan} makePlan
 * @param {() => boolean} [mayStart] called when the user starts the camera
 */
export function setUpBooth(makePlan, mayStart) {
  const root = document.querySelector("[data-booth]");
  if (!root) return null;
  const form = root.closest("form");
  const words = readWords(document, "booth-words");
  const token = document.querySelector("meta[name=csrf-token]").content;
  const checker = new Checker(root.dataset.checkUrl, token, sendWithToken);
  const picking = form.querySelector("[data-pictures]") && pickingIn(form, checker, words);
  const client = root.dataset.challengeUrl && challengesOf(root, token, words);
  const plan = makePlan({ form, tray: picking?.tray, client, words, wait, now: clock.now });

  const view = new BoothView(root, words);
  const memory = new CameraMemory(() => localStorage);
  const camera = new Camera(view.video, memory);
  const grabber = new FrameGrabber(view.video);
  const guidance = new Guidance(
    (side, quality) => grabber.small(side, quality),
    (frame, signal) => checker.check(frame, "guide", signal),
    clock,
  );
  const announcer = new Announcer((text) => view.announce(text));
  const parts = { view, camera, memory, grabber, guidance, announcer, plan, words, mayStart };
  const booth = new Booth(parts);
  booth.open();
  return { booth, plan, view, picking, words };
}

function pickingIn(form, checker, words) {
  const notice = form.querySelector("[data-picking-notice]");
  return setUpPicking(form, checker, words, (text) => {
    notice.textContent = text;
  });
}

function challengesOf(root, token, words) {
  const { challengeUrl: begin, framesUrl: frames, judgeUrl: judge } = root.dataset;
  return new ChallengeClient({ begin, frames, judge }, token, words, sendWithToken);
}
