/**
 * Keeps a page whose session has ended: signing in again takes its place for a while, and then it is
 * back as it was, with everything typed, chosen and taken by the camera. Nothing is stored.
 */

import { putToken, renew, sessionOf, SignedOut } from "./session.js";

export const SIGNED_OUT = "signedout";
const NOTICE = "signed-in-again";

/** Sets the page aside while somebody signs in, and brings it back. */
export class Keeping {
  #page;
  #urls;
  #enhance;
  #kept = null;
  #leaving = null;

  /**
   * @param {Document} page
   * @param {(page: Document) => void} enhance brings what is shown meanwhile to life
   */
  constructor(page, enhance) {
    const { sessionUrl, signInUrl } = page.body.dataset;
    this.#page = page;
    this.#urls = { session: sessionUrl, signIn: signInUrl };
    this.#enhance = enhance;
  }

  /** @returns {boolean} whether somebody is signing in again */
  get isAside() {
    return this.#kept !== null;
  }

  /**
   * Make sure that a form will be accepted.
   * @returns {Promise<boolean>} whether it may be sent; else the page to sign in is there
   */
  async mayBeSent() {
    try {
      await renew(this.#page, this.#urls.session);
    } catch (error) {
      if (!(error instanceof SignedOut)) return true; // no answer: sending tells more
      await this.setAside();
      return false;
    }
    return true;
  }

  /** Let somebody sign in; the page waits meanwhile, however many of its requests ask for it. */
  async setAside() {
    if (this.isAside) return;
    this.#leaving ??= this.#leave().finally(() => {
      this.#leaving = null;
    });
    await this.#leaving;
  }

  async #leave() {
    const answer = await fetch(this.#urls.signIn, { credentials: "same-origin" });
    const page = this.#page;
    const { account } = sessionOf(page);
    this.#kept = { account, body: page.body, title: page.title, top: window.scrollY };
    page.dispatchEvent(new Event(SIGNED_OUT));
    await this.#show(answer);
  }

  /**
   * Send a form of signing in, or the one that leads back to it after a wait.
   * @param {HTMLFormElement} form
   */
  async signIn(form) {
    const fields = new FormData(form);
    if (form.method === "get") {
      const address = `${form.action}?${new URLSearchParams(fields)}`;
      return this.#show(await fetch(address, { credentials: "same-origin" }));
    }
    const sent = { method: "POST", body: fields, credentials: "same-origin" };
    return this.#show(await fetch(form.action, sent));
  }

  async #show(answer) {
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const { account, token } = sessionOf(next);
    if (account === this.#kept.account) return this.#bringBack(token);
    if (account) return window.location.assign(answer.url); // somebody else's: nothing is shown
    for (const form of next.forms) {
      if (!form.hasAttribute("action")) form.action = answer.url;
    }
    this.#replace(next.body, next.title);
    putToken(this.#page, token);
    this.#enhance(this.#page);
    this.#page.querySelector("main input:not([type=hidden])")?.focus();
  }

  #bringBack(token) {
    const { body, title, top } = this.#kept;
    this.#kept = null;
    this.#replace(body, title);
    putToken(this.#page, token);
    window.scrollTo(0, top);
    this.#say(body.dataset.signedInAgain);
  }

  #say(text) {
    const page = this.#page;
    page.getElementById(NOTICE)?.remove();
    const notice = page.createElement("p");
    Object.assign(notice, { id: NOTICE, className: "notice notice-caution", tabIndex: -1 });
    notice.setAttribute("role", "status");
    notice.textContent = text;
    page.querySelector("main").prepend(notice);
    notice.focus();
  }

  #replace(body, title) {
    this.#page.body.replaceWith(this.#page.adoptNode(body));
    this.#page.title = title;
  }
}

/**
 * Check before each form is sent that it will be accepted, and keep the page if it will not.
 * @param {Keeping} keeping
 * @param {Document} page
 */
export function watchForms(keeping, page) {
  let checked = null;
  let isChecking = false;
  page.addEventListener(
    "submit",
    async (event) => {
      const { target: form, submitter } = event;
      if (!form.closest("main") || (form.method !== "post" && !keeping.isAside)) return;
      if (submitter?.dataset.claimContinue !== undefined) return; // confirms, and sends nothing
      if (form === checked) {
        checked = null;
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      if (isChecking) return;
      isChecking = true;
      try {
        if (keeping.isAside) {
          await keeping.signIn(form);
        } else if (await keeping.mayBeSent()) {
          checked = form;
          form.requestSubmit(submitter);
        }
      } finally {
        isChecking = false;
      }
    },
    { capture: true },
  );
}
