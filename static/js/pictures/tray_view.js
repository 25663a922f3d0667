/** Shows the tray: a card for each picture, with its verdict and its actions. */

import { fill } from "../words.js";

/** Fills the page's list from its `<template>`. */
export class TrayView {
  #list;
  #template;
  #words;
  #urls = new Map();

  /** @type {(picture: import("./tray.js").Picture) => void} */
  onremove = () => {};
  /** @type {(picture: import("./tray.js").Picture) => void} */
  onretake = () => {};

  /**
   * @param {HTMLElement} list
   * @param {HTMLTemplateElement} template of one card
   * @param {import("../words.js").Words} words
   */
  constructor(list, template, words) {
    this.#list = list;
    this.#template = template;
    this.#words = words;
  }

  /** @param {import("./tray.js").Picture[]} pictures */
  show(pictures) {
    this.#release(pictures);
    for (const [index, picture] of pictures.entries()) {
      const card = this.#card(picture.id) ?? this.#build(picture);
      this.#update(card, picture, index + 1);
      this.#list.append(card);
    }
    this.#list.hidden = pictures.length === 0;
  }

  /** Scroll the pictures into view. */
  reveal() {
    this.#list.scrollIntoView({ block: "nearest" });
  }

  #card(id) {
    return this.#list.querySelector(`[data-picture="${id}"]`);
  }

  #build(picture) {
    const card = this.#template.content.firstElementChild.cloneNode(true);
    const url = URL.createObjectURL(picture.file);
    this.#urls.set(picture.id, url);
    card.dataset.picture = String(picture.id);
    const image = card.querySelector("img");
    image.addEventListener("error", () => this.#leaveUnseen(card, image));
    image.src = url;
    card.querySelector("[data-remove]").addEventListener("click", () => this.onremove(picture));
    const retake = card.querySelector("[data-retake]");
    retake.hidden = picture.pose === null;
    retake.addEventListener("click", () => this.onretake(picture));
    return card;
  }

  /** Show a symbol in place of a picture that the browser cannot display. */
  #leaveUnseen(card, image) {
    image.hidden = true;
    card.querySelector("[data-unseen]").hidden = false;
  }

  #update(card, picture, number) {
    const name = picture.pose
      ? fill(this.#words.camera_picture, { n: number })
      : picture.file.name;
    card.dataset.check = picture.state;
    card.querySelector("[data-name]").textContent = name;
    card.querySelector("[data-verdict]").textContent =
      picture.message || this.#words[`picture_${picture.state}`];
    for (const control of card.querySelectorAll("[data-label]")) {
      control.textContent = fill(control.dataset.label, { n: number });
    }
  }

  #release(pictures) {
    const kept = new Set(pictures.map((picture) => picture.id));
    for (const [id, url] of this.#urls) {
      if (kept.has(id)) continue;
      URL.revokeObjectURL(url);
      this.#urls.delete(id);
      this.#dismiss(this.#card(id));
    }
  }

  /** Move the keyboard focus from a removed card to its neighbour. */
  #dismiss(card) {
    if (!card) return;
    const neighbour = card.nextElementSibling ?? card.previousElementSibling;
    if (card.contains(document.activeElement)) neighbour?.querySelector("[data-ask]").focus();
    card.remove();
  }
}
