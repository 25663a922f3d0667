/** Connects camera, guidance and view: reacts to each change of the capture machine. */

import { ChallengeRefusal } from "./challenge.js";
import { CameraFailure } from "./failures.js";
import { advance, isComplete, progress } from "./hold.js";
import { CaptureMachine } from "./machine.js";
import { SIGNED_OUT } from "../session/keeping.js";

export const REST_MS = 900;
/** Consecutive checks without a verdict after which the booth stops. */
export const MOST_SILENT_CHECKS = 5;

/**
 * Purpose of a booth: verification or enrolment.
 * @typedef {object} Plan
 * @property {() => void} begin called when guidance starts
 * @property {(verdict: import("./check.js").Verdict) => boolean} accepts a good face
 * @property {(verdict: import("./check.js").Verdict) => string} wish what a good face still lacks
 * @property {(grabber: import("./frame.js").FrameGrabber, show: (picture: Blob) => void,
 *   prompt: (asked: import("./challenge.js").Asked) => void) => Promise<"more" | "enough">} capture
 *   takes pictures; `show` displays one of them, `prompt` displays the prompt meanwhile
 * @property {() => void} [interrupt] called when capturing ends, complete or not
 * @property {() => void} [leave] called when the camera goes off before there are enough pictures
 * @property {() => string} count such as "Picture 2 of 3"
 * @property {() => string} taken text after a picture was taken
 * @property {() => void} finish called after enough pictures were taken
 */

/** A camera preview with guidance and automatic capture. */
export class Booth {
  #machine = new CaptureMachine();
  #hold = null;
  #lastInstruction = null;
  #silentChecks = 0;
  #parts;

  /**
   * @param {object} parts
   * @param {import("./view.js").BoothView} parts.view
   * @param {import("./stream.js").Camera} parts.camera
   * @param {import("./devices.js").CameraMemory} parts.memory
   * @param {import("./frame.js").FrameGrabber} parts.grabber
   * @param {import("./guidance.js").Guidance} parts.guidance
   * @param {import("../announcer.js").Announcer} parts.announcer
   * @param {Plan} parts.plan
   * @param {import("../words.js").Words} parts.words
   * @param {() => boolean} [parts.mayStart] called when the user starts the camera
   */
  constructor(parts) {
    this.#parts = parts;
    this.#machine.onchange = (state, before) => this.#enter(state, before);
    parts.camera.onunplugged = () => this.#fail("unplugged");
    parts.guidance.onverdict = (verdict, now) => this.#judge(verdict, now);
    parts.guidance.onfailure = (failure) => this.#bear(failure);
    parts.view.listen({
      start: () => this.start(),
      capture: () => this.#machine.send("capture"),
      stop: () => this.stop(),
      choose: (id) => this.#choose(id),
    });
  }

  /** Show the booth; its camera stays off until the user starts it. */
  open() {
    this.#parts.view.reveal();
    this.#parts.view.show("idle");
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#machine.send("hide");
    });
    window.addEventListener("pagehide", () => this.stop());
    document.addEventListener(SIGNED_OUT, () => this.stop());
  }

  start() {
    const { mayStart = () => true } = this.#parts;
    if (mayStart()) this.#machine.send("start");
  }

  stop() {
    this.#machine.send("stop");
  }

  #enter(state, before) {
    const { view, plan, guidance, camera } = this.#parts;
    if (before === "capturing") plan.interrupt?.();
    if (["idle", "failed"].includes(state)) plan.leave?.();
    view.show(state);
    view.count(plan.count());
    if (!["guiding", "holding"].includes(state)) guidance.stop();
    if (["captured", "hidden", "failed", "idle"].includes(state)) camera.close();
    this.#actions[state]?.(before);
  }

  #actions = {
    idle: () => this.#advise("", false),
    starting: () => this.#open(),
    guiding: (before) => this.#guide(before),
    capturing: () => this.#capture(),
    resting: () => this.#rest(),
    captured: () => this.#finish(),
    hidden: () => this.#pause(),
  };

  #pause() {
    this.#advise("", false);
    this.#parts.view.fail("hidden", this.#parts.words.hidden);
  }

  async #open() {
    const { view, camera, words } = this.#parts;
    this.#advise(words.starting, false);
    try {
      await camera.open();
    } catch (failure) {
      this.#fail(failure instanceof CameraFailure ? failure.code : "unknown");
      return;
    }
    if (this.#machine.state !== "starting") {
      camera.close();
      return;
    }
    view.focus();
    view.offer(await camera.choices((n) => view.numberedCamera(n)), camera.current);
    this.#machine.send("opened");
  }

  #guide(before) {
    if (before !== "holding") {
      this.#parts.plan.begin();
      this.#advise(this.#parts.words.looking, false);
    }
    this.#silentChecks = 0;
    this.#parts.guidance.start();
  }

  /** Tolerate a check without a verdict, up to MOST_SILENT_CHECKS in a row. */
  #bear(failure) {
    const explanation = this.#parts.words[failure.code];
    this.#silentChecks += failure.code === "offline" ? 0 : 1;
    if (this.#silentChecks < MOST_SILENT_CHECKS) this.#advise(explanation, false);
    else this.#fail("stopped", this.#parts.words.busy_long, failure.retryMs / 1000);
  }

  #judge(verdict, now) {
    this.#silentChecks = 0;
    const good = verdict.ok && this.#parts.plan.accepts(verdict);
    this.#hold = advance(this.#hold, good, verdict.box, now);
    this.#machine.send(good ? "good" : "lost");
    const wish = verdict.ok && !good ? this.#parts.plan.wish(verdict) : verdict.message;
    this.#advise(wish, good);
    this.#parts.view.ring(progress(this.#hold, now));
    if (isComplete(this.#hold)) this.#machine.send("capture");
  }

  async #capture() {
    this.#hold = null;
    const { plan, grabber, view } = this.#parts;
    this.#lastInstruction = null;
    const show = (picture) => view.freeze(picture);
    try {
      this.#machine.send(await plan.capture(grabber, show, (asked) => this.#showPrompt(asked)));
    } catch (error) {
      if (this.#machine.state !== "capturing") return;
      if (error instanceof ChallengeRefusal) this.#fail("stopped", error.message, error.seconds);
      else this.#fail("unknown");
    }
  }

  #showPrompt(asked) {
    if (this.#machine.state !== "capturing") return;
    const { view, plan, announcer } = this.#parts;
    view.ask(asked);
    view.count(plan.count());
    if (asked.instruction === this.#lastInstruction) announcer.settle(asked.message);
    else announcer.urgent(asked.message);
    this.#lastInstruction = asked.instruction;
  }

  #rest() {
    this.#announceNow(this.#parts.plan.taken());
    setTimeout(() => this.#machine.send("rested"), REST_MS);
  }

  #finish() {
    this.#announceNow(this.#parts.plan.taken());
    this.#parts.plan.finish();
  }

  #fail(code, explanation, seconds) {
    this.#machine.send("fail");
    this.#advise("", false);
    this.#parts.view.fail(code, explanation, seconds);
  }

  #choose(id) {
    this.#parts.memory.remember(id);
    this.stop();
    this.start();
  }

  #advise(text, good) {
    this.#parts.view.instruct(text, good);
    this.#parts.announcer.settle(text);
  }

  #announceNow(text) {
    this.#parts.view.instruct(text, true);
    this.#parts.announcer.urgent(text);
  }
}
