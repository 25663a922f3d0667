/** Plan of an enrolment: a picture for each pose, until there are ENOUGH; each can be retaken. */

import { ENOUGH, hasPose, missingPose, nameWithPose } from "../camera/poses.js";
import { fill } from "../words.js";

/** @implements {import("../camera/booth.js").Plan} */
export class Enrolling {
  #tray;
  #words;
  #now;
  #began = 0;
  #number = 0;
  #retaken = null;

  /** Called after the last picture. */
  onfinish = () => {};

  /**
   * @param {object} parts
   * @param {import("../pictures/tray.js").Tray} parts.tray
   * @param {import("../words.js").Words} parts.words
   * @param {() => number} parts.now ms
   */
  constructor({ tray, words, now }) {
    this.#tray = tray;
    this.#words = words;
    this.#now = now;
  }

  /** @returns {import("../camera/poses.js").Pose} the pose to take next */
  get pose() {
    return this.#retaken?.pose ?? missingPose(this.#poses) ?? "straight";
  }

  /**
   * Retake a picture; the old one stays until the new one replaces it.
   * @param {import("../pictures/tray.js").Picture} picture
   */
  retake(picture) {
    this.#retaken = picture;
  }

  begin() {
    this.#began = this.#now();
  }

  accepts(verdict) {
    return hasPose(this.pose, verdict, this.#now() - this.#began);
  }

  wish() {
    return this.#words[`pose_${this.pose}`];
  }

  /** Keep the old picture if the camera is turned off before a retake. */
  leave() {
    this.#retaken = null;
  }

  count() {
    const done = this.#poses.length;
    if (this.#retaken || done >= ENOUGH) return "";
    return fill(this.#words.picture_of, { n: done + 1, all: ENOUGH });
  }

  taken() {
    const n = this.#poses.length;
    return n >= ENOUGH ? this.#words.enough_taken : fill(this.#words.one_taken, { n, all: ENOUGH });
  }

  async capture(grabber, show) {
    const pose = this.pose;
    this.#number += 1;
    const name = fill(this.#words.file_name, { n: this.#number });
    const picture = await grabber.full(nameWithPose(name, pose));
    show(picture);
    this.#store(picture, pose);
    return this.#poses.length < ENOUGH && this.#tray.room > 0 ? "more" : "enough";
  }

  finish() {
    this.onfinish();
  }

  #store(picture, pose) {
    if (this.#retaken) this.#tray.replace(this.#retaken.id, picture);
    else this.#tray.add([picture], { pose });
    this.#retaken = null;
  }

  get #poses() {
    return this.#tray.pictures.map((picture) => picture.pose).filter(Boolean);
  }
}
